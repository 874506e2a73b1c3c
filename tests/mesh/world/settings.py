"""What differs from cluster to cluster. The sandbox needs no setting; README.md says what another cluster needs."""

from __future__ import annotations

import json
import os
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "TFSERVING_TEST_"


@dataclass(frozen=True)
class Settings:
    """``gateway`` is HOST:PORT; ``models`` a volume source, None on the sandbox, where the tests write the models themselves.
    ``caller_packages`` is a folder of Python packages on the node that callers may use.
    """

    kubeconfig: Path
    gateway: str
    sandbox: bool
    models: dict[str, Any] | None
    image: str | None
    caller_image: str
    caller_packages: str | None
    install: dict[str, Any]


def settings() -> Settings:
    """Read the environment. Raises KeyError, named, where another cluster than the sandbox lacks a variable."""
    sandbox = "SANDBOX_RUN" in os.environ
    models = _get("MODELS")
    return Settings(
        kubeconfig=Path(os.environ["KUBECONFIG"].split(os.pathsep)[0]),
        gateway=_get("GATEWAY") or (_node_port() if sandbox else os.environ[PREFIX + "GATEWAY"]),
        sandbox=sandbox,
        models=json.loads(models) if models else None if sandbox else json.loads(os.environ[PREFIX + "MODELS"]),
        image=_get("IMAGE"),
        caller_image=_get("CALLER_IMAGE") or "python:3.11",
        caller_packages=sysconfig.get_path("purelib") if sandbox else None,
        install=_install(sandbox),
    )


def _get(name: str) -> str | None:
    return os.environ.get(PREFIX + name) or None


def _node_port() -> str:
    from sandbox.layout import NODE_IP  # not there in a tree without a sandbox

    return f"{NODE_IP}:31380"


def _install(sandbox: bool) -> dict[str, Any]:
    """Variables of the playbook install."""
    variables: dict[str, Any] = {"namespace_namespaces": [{"name": "kubeflow"}]}
    if sandbox:
        variables |= yaml.safe_load((ROOT / "tests" / "sandbox" / "istio-values.yml").read_text())
    if charts := _get("CHARTS"):
        variables["mesh_charts"] = charts
    if values := _get("MESH_VALUES"):
        variables["mesh_values"] = yaml.safe_load(Path(values).read_text())
    return variables
