"""The collection where Ansible's tools look for it.

Two layouts: a link in .venv, beside the collections that the `ansible` package brings, for everything that follows links; and a
real copy for ansible-test, which asks for its real working directory. The copy holds what the built collection holds.
"""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sysconfig
from pathlib import Path

import yaml

from .paths import CACHE, ROOT, WORK

GET_PIP = """\
import ensurepip
ensurepip.bootstrap(default_pip=True)
"""


def link() -> Path:
    """Make the link in the running environment's site-packages and return it."""
    path = Path(sysconfig.get_path("purelib")) / "ansible_collections" / "tfserving" / "istio"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.symlink_to(ROOT, target_is_directory=True)
    return path


def copy(purpose: str) -> Path:
    """Copy what the collection ships into a folder of its own, so that two parts may run at once, and return the collection's folder there."""
    base = WORK / purpose / "ansible_collections"
    target = base / "tfserving" / "istio"
    shutil.rmtree(target, ignore_errors=True)
    for name in shipped():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    # ansible-test asks git for the files, and would find the repository around this copy.
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=True)
    # Environments that ansible-test makes see no collection in site-packages: put the one that ours depends on beside it.
    beside = base / "kubernetes" / "core"
    beside.parent.mkdir(parents=True, exist_ok=True)
    beside.unlink(missing_ok=True)
    beside.symlink_to(Path(sysconfig.get_path("purelib")) / "ansible_collections" / "kubernetes" / "core")
    return target


def shipped() -> list[str]:
    """Return the files that the built collection holds: known to git or new, not ignored, not in galaxy.yml's build_ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    patterns = yaml.safe_load((ROOT / "galaxy.yml").read_text())["build_ignore"]
    return sorted({name for name in listed if name and (ROOT / name).is_file() and not _ignored(name, patterns)})


def _ignored(name: str, patterns: list[str]) -> bool:
    """Whether a path, or a folder above it, matches, as ansible-galaxy does it: whole paths, where a star matches slashes too."""
    parts = Path(name).parts
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return any(fnmatch.fnmatch(path, pattern) for path in paths for pattern in patterns)


def home() -> Path:
    """Return a home folder for ansible-test, which keeps its environments there, with pip at hand so that none is downloaded."""
    path = CACHE / "ansible-test-home"
    cache = path / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "get_pip_24_2.py").write_text(GET_PIP)
    # The user's settings of pip (a mirror, a certificate) hold there too.
    for name in (".config/pip", ".pip", ".pip.conf", ".cache/pip"):
        mine, users = path / name, Path.home() / name
        if users.exists() and not mine.exists():
            mine.parent.mkdir(parents=True, exist_ok=True)
            mine.symlink_to(users)
    return path


if __name__ == "__main__":
    print(link())
