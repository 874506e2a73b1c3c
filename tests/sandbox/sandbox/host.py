"""What the sandbox needs of the computer it runs on, checked first and all at once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from sandbox.errors import SandboxError

# Administrators' programs are often missing in an ordinary user's PATH.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])

# program -> the package that has it in Debian, Ubuntu and (but for uidmap) Fedora
_NEEDED = {"nft": "nftables", "iptables": "iptables", "ip": "iproute2"}
_NEEDED_BY_USERS = {"newuidmap": "uidmap"}
_FEDORA = {"iproute2": "iproute", "iptables": "iptables-nft", "uidmap": "shadow-utils"}

_MODULES = ("aiohttp", "cryptography", "kubernetes")

_OTHER_WAY = "The other way is a cluster of your own: set KUBECONFIG."

# setting, the value that forbids namespaces, the command that allows them
_SETTINGS = (
    *(
        (f"/proc/sys/user/max_{kind}_namespaces", "0", f"sudo sysctl user.max_{kind}_namespaces=10000")
        for kind in ("user", "net", "mnt", "pid", "uts", "ipc")
    ),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


def find_program(name: str) -> str | None:
    """Full path of a system program, also where only root's PATH has it."""
    return shutil.which(name, path=SEARCH_PATH)


def check() -> None:
    """Raise SandboxError unless a private machine can be made here; names everything that is in the way."""
    problems = _system_problems([])
    if modules := missing_modules():
        command = f"{sys.executable} -m pip install {' '.join(modules)}"
        problems.append(f"Python packages are missing: {', '.join(modules)}. Install them with:\n  {command}")
    _raise(problems)


def check_system(packages: Iterable[str]) -> None:
    """Raise SandboxError for what the system lacks, where Python packages are still to be installed.

    packages: what the caller misses, to be named with the rest.
    """
    _raise(_system_problems(packages))


def _raise(problems: list[str]) -> None:
    if problems:
        raise SandboxError("\n".join([*problems, _OTHER_WAY]))


def _system_problems(more_packages: Iterable[str]) -> list[str]:
    if sys.platform != "linux":
        return [f"The sandbox needs Linux; this is {sys.platform}."]
    problems = []
    if packages := sorted({*missing_packages(), *more_packages}):
        problems.append(
            f"Packages of the system are missing: {', '.join(packages)}. Install them with:\n  {install_command(packages)}"
        )
    problems += [
        f"This computer forbids namespaces: {name}. Allow them with:\n  {command}"
        for name, command in restricting_settings()
    ]
    return problems


def missing_modules() -> list[str]:
    """Python packages that the machine's own programs need and that are not there."""
    return [name for name in _MODULES if importlib.util.find_spec(name) is None]


def missing_packages() -> list[str]:
    """Packages whose programs are not there, in alphabetical order."""
    needed = _NEEDED if os.geteuid() == 0 else _NEEDED | _NEEDED_BY_USERS
    return sorted({package for program, package in needed.items() if not find_program(program)})


def install_command(packages: list[str]) -> str:
    """The command that installs Debian packages `packages` on this distribution."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    if not find_program("apt-get") and find_program("dnf"):
        return f"{sudo}dnf install {' '.join(_FEDORA.get(name, name) for name in packages)}"
    return f"{sudo}apt-get install {' '.join(packages)}"


def restricting_settings() -> list[tuple[str, str]]:
    """The kernel's settings that forbid namespaces here, each with the command that changes it."""
    found = []
    for path, forbidding, command in _SETTINGS:
        if os.geteuid() == 0 and "/user/max_" not in path:
            continue  # the others bind ordinary users only
        file = Path(path)
        if file.exists() and file.read_text().strip() == forbidding:
            name = path.removeprefix("/proc/sys/").replace("/", ".")
            found.append((f"{name} is {forbidding}", command))
    return found


def explain_refusal(error: str) -> SandboxError:
    """The error for a kernel that refuses namespaces though no known setting says so (a container, for one)."""
    return SandboxError(
        f"The kernel refused a private machine: {error}. Inside a container it must be started with "
        f"user namespaces allowed (Docker: --security-opt seccomp=unconfined). {_OTHER_WAY}"
    )
