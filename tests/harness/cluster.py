"""The cluster that the tests run on: the user's, by KUBECONFIG, or the sandbox, started once for all parts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from .paths import PYTHON, ROOT, environment

SANDBOX = ROOT / "tests" / "sandbox" / "sandbox"
CHARTS = "/run/sandbox/bin/charts"  # inside it


def given() -> bool:
    """Whether the user gave a cluster."""
    return bool(os.environ.get("KUBECONFIG"))


def unavailable() -> str:
    """Return why there is no cluster to be had, or an empty text."""
    if given():
        path = Path(os.environ["KUBECONFIG"].split(os.pathsep)[0])
        return "" if path.is_file() else f"KUBECONFIG names {path}, which does not exist"
    if not SANDBOX.is_dir():
        return "there is no sandbox in the tree, and KUBECONFIG is not set"
    from sandbox import host  # not there in a tree without a sandbox
    from sandbox.errors import SandboxError

    try:
        host.check()
    except SandboxError as error:
        return str(error)
    return ""


def variables() -> dict[str, str]:
    """Return the environment of a command on the cluster; on the sandbox it names Istio's charts, and the values they need there."""
    if given():
        return environment()
    values = ROOT / ".cache" / "mesh-values.yml"
    values.parent.mkdir(exist_ok=True)
    values.write_text(yaml.safe_dump(yaml.safe_load((SANDBOX.parent / "istio-values.yml").read_text())["mesh_values"]))
    return {**environment(), "TFSERVING_TEST_CHARTS": CHARTS, "TFSERVING_TEST_MESH_VALUES": str(values)}


def prefix() -> list[str | Path]:
    """Return what to put before a command so that it reaches the cluster: the sandbox's ``run``."""
    return [] if given() else [PYTHON, "-m", "sandbox", "run"]


def start() -> list[str | Path]:
    """Return the command that has a cluster running when it ends: quickly where one does already."""
    return ["true"] if given() else [PYTHON, "-m", "sandbox", "up"]


def running() -> bool:
    """Whether a sandbox runs already."""
    return SANDBOX.is_dir() and _sandbox("status") == 0


def stop() -> None:
    """Stop the sandbox."""
    _sandbox("down")


def _sandbox(command: str) -> int:
    return subprocess.run(
        [PYTHON, "-m", "sandbox", command],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode
