"""Where things are in the repository."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# What a run leaves; TEST_OUTPUT keeps two runs in one clone apart.
OUTPUT = Path(os.environ.get("TEST_OUTPUT") or ROOT / "tests" / "output").absolute()
JUNIT = OUTPUT / "junit"
LOGS = OUTPUT / "logs"
WORK = OUTPUT / "work"

# Shared by all clones of the repository: what takes long to make and depends on versions alone.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfserving-istio"


def environment() -> dict[str, str]:
    """Return the environment in which every tool runs: the programs of .venv first, and nothing of the user's Ansible settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes read the same sources
    env["ANSIBLE_PIPELINING"] = "true"  # half of the processes that a task takes
    env["PATH"] = os.pathsep.join([str(VENV / "bin"), env.get("PATH", os.defpath)])
    env["VIRTUAL_ENV"] = str(VENV)
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "tests" / "sandbox")])
    # The link in .venv and the collections beside it, so that an installed copy of this collection is never what is tested.
    env["ANSIBLE_COLLECTIONS_PATH"] = sysconfig.get_path("purelib", vars={"base": str(VENV)})
    if env.get("KUBECONFIG"):  # the tools run in folders of their own
        env["KUBECONFIG"] = os.pathsep.join(os.path.abspath(path) for path in env["KUBECONFIG"].split(os.pathsep))
    return env
