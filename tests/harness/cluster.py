"""The cluster that the tests run on: the user's, by KUBECONFIG, or the sandbox, started once for all parts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from .paths import PYTHON, ROOT, WORK, environment

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
    return without_sandbox()


def without_sandbox() -> str:
    """Return why there is no sandbox to be had, whatever cluster the user gave, or an empty text."""
    if not SANDBOX.is_dir():
        return "there is no sandbox in the tree"
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
    values = WORK / "mesh-values.yml"
    values.parent.mkdir(parents=True, exist_ok=True)
    values.write_text(yaml.safe_dump(yaml.safe_load((SANDBOX.parent / "istio-values.yml").read_text())["mesh_values"]))
    return {**environment(), "TFSERVING_TEST_CHARTS": CHARTS, "TFSERVING_TEST_MESH_VALUES": str(values)}


def prefix(api_only: bool = False) -> list[str | Path]:
    """Return what to put before a command so that it reaches the cluster: the sandbox's ``run``.

    ``api_only``: of a sandbox that is not up yet only the API server is started.
    """
    return [] if given() else [PYTHON, "-m", "sandbox", "run", *(["--api-only"] if api_only else [])]


def start() -> list[str | Path]:
    """Return the command that has a cluster running when it ends: quickly where one does already."""
    return ["true"] if given() else [PYTHON, "-m", "sandbox", "up"]


def beside(number: int) -> dict[str, str]:
    """Return the environment of parts in lane ``number``: each but lane 0 has a sandbox of its own."""
    if not number or given() or not SANDBOX.is_dir():
        return environment()
    return {**environment(), **apart(f"lane-{number}")}


def apart(name: str) -> dict[str, str]:
    """Return the variables that make the sandbox one of its own, beside the usual one."""
    from sandbox.layout import Layout  # not there in a tree without a sandbox

    return {"SANDBOX_STATE": str(Layout.from_environment().state / name)}


def running(env: dict[str, str] | None = None) -> bool:
    """Whether a sandbox runs already."""
    return SANDBOX.is_dir() and _sandbox("status", env) == 0


def stop(env: dict[str, str] | None = None) -> None:
    """Stop the sandbox, if one runs."""
    if not given() and running(env):
        _sandbox("down", env)


def _sandbox(command: str, env: dict[str, str] | None) -> int:
    return subprocess.run(
        [PYTHON, "-m", "sandbox", command],
        env=env or environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for this process, which ends it
        check=False,
    ).returncode
