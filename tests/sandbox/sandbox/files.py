"""The machine's own view of the file system: the user's files, with a few places replaced."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sandbox import namespaces
from sandbox.layout import CLUSTER_DOMAIN, DNS_SERVICE_IP, NODE_IP, NODE_NAME

_OWN_FILES = Path("/run/sandbox")

_HOSTS = f"127.0.0.1 localhost\n::1 localhost\n{NODE_IP} {NODE_NAME}\n"
_RESOLVER = (
    f"search default.svc.{CLUSTER_DOMAIN} svc.{CLUSTER_DOMAIN} {CLUSTER_DOMAIN}\n"
    f"nameserver {DNS_SERVICE_IP}\noptions ndots:5 timeout:2\n"
)


def mount_private_system() -> None:
    """Own /proc and /sys for the new namespaces, and an empty /run; raises OSError."""
    namespaces.mount("none", "/", flags=namespaces.MS_REC | namespaces.MS_PRIVATE)
    plain = namespaces.MS_NOSUID | namespaces.MS_NODEV | namespaces.MS_NOEXEC
    namespaces.mount("proc", "/proc", "proc", plain)
    with contextlib.suppress(OSError):  # only tools that look at /sys/class/net miss it, where a container forbids it
        namespaces.mount("sysfs", "/sys", "sysfs", plain)
    namespaces.mount("tmpfs", "/run", "tmpfs", namespaces.MS_NOSUID | namespaces.MS_NODEV, "mode=755")
    Path("/run/netns").mkdir()
    Path("/run/lock").mkdir()
    _OWN_FILES.mkdir()


def show_programs(programs: dict[str, Path], folder: Path) -> None:
    """Bind each program into `folder` under its name, so that any user id can run it wherever it is stored."""
    folder.mkdir(parents=True)
    for name, path in programs.items():
        place = folder / name
        place.mkdir() if path.is_dir() else place.touch()
        namespaces.bind(path.resolve(), place)


def replace_resolver() -> None:
    """Have Service names resolve, and no name outside the cluster."""
    for target, content in ((Path("/etc/hosts"), _HOSTS), (Path("/etc/resolv.conf"), _RESOLVER)):
        own = _OWN_FILES / target.name
        own.write_text(content)
        real = target.resolve()
        if real.is_relative_to("/run"):  # systemd-resolved keeps it there, and /run is new
            real.parent.mkdir(parents=True, exist_ok=True)
            real.touch()
        namespaces.bind(own, real)


def detach_output(log: Path) -> None:
    """From now on this process writes to a log: whoever started it may go away."""
    null = os.open(os.devnull, os.O_RDONLY)
    own = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(null, 0)
    os.dup2(own, 1)
    os.dup2(own, 2)
    os.close(null)
    os.close(own)
