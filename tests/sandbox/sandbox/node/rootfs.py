"""A container's root: the host's programs, the image's files, the Pod's volumes, each at its real path.

The root is an overlay over a skeleton that all containers share, and /usr an overlay over the host's, so that a
container may write anywhere without a trace on the host. The host's / itself cannot be a lower layer: mounts below it
are locked in a user namespace.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sandbox.node import linux
from sandbox.node.images import Image
from sandbox.node.mounts import Mount

_COPIED = (
    "alternatives ssl ca-certificates.conf ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf protocols services "
    "ethertypes localtime mime.types pki crypto-policies bash.bashrc profile"
).split()
"""What programs of the host look for in /etc. Accounts and the network are the Pod's own."""

_ACCOUNTS = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
istio-proxy:x:1337:1337:Istio:/var/lib/istio:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUP = "root:x:0:\ndaemon:x:1:\nistio-proxy:x:1337:\nnogroup:x:65534:\n"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DIRECTORIES = {
    "etc": 0o755,
    "dev": 0o755,
    "proc": 0o555,
    "sys": 0o555,
    "usr": 0o755,
    "run": 0o755,
    "root": 0o711,  # the host's Python, which some images have, may be below it
    "home": 0o755,
    "opt": 0o755,
    "mnt": 0o755,
    "srv": 0o755,
    "tmp": 0o1777,
    "var/lib": 0o755,
    "var/log": 0o755,
    "var/cache": 0o755,
    "var/tmp": 0o1777,
}


def build_skeleton(target: Path) -> None:
    """Makes the tree that every container's root starts from."""
    for name, mode in _DIRECTORIES.items():
        (target / name).mkdir(parents=True, exist_ok=True)
        (target / name).chmod(mode)
    (target / "var/run").symlink_to("../run")
    for name in _system_links():
        (target / name).symlink_to(os.readlink(f"/{name}"))
    for name in _COPIED:
        _copy(Path("/etc") / name, target / "etc" / name)
    (target / "etc/passwd").write_text(_ACCOUNTS)
    (target / "etc/group").write_text(_GROUP)


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink() or source.is_file():
        shutil.copy2(source, target, follow_symlinks=source.name == "localtime")
    elif source.is_dir():
        unreadable = shutil.ignore_patterns("private", "java")
        shutil.copytree(source, target, symlinks=True, ignore=unreadable)


def _system_links() -> list[str]:
    return [name for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32") if os.path.islink(f"/{name}")]


def _system_directories() -> list[str]:
    names = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
    return [name for name in names if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}")]


def container_mounts(
    image: Image, *, skeleton: Path, scratch: Path, programs: Path, pod_files: Path, volumes: list[Mount]
) -> list[Mount]:
    """All mounts of a container in order.

    Args:
        scratch: A folder of this container alone, on a file system that overlays can write to.
        pod_files: Folder with the Pod's `hosts`, `hostname` and `resolv.conf`.
        volumes: Bind mounts of the container's volume mounts.
    """
    mounts: list[Mount] = [_overlay("/", skeleton, scratch / "root"), _overlay("/usr", Path("/usr"), scratch / "usr")]
    _own_folders(scratch / "usr" / "upper", [*image.files, *image.links, *(volume["target"] for volume in volumes)])
    mounts += [_bind(f"/{name}", f"/{name}", read_only=True) for name in _system_directories()]
    mounts += [
        {"kind": "proc", "target": "/proc", "flags": linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC},
        {"kind": "sysfs", "target": "/sys", "flags": linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC},
        *_devices(),
        *(_bind(f"/etc/{name}", str(pod_files / name)) for name in ("hosts", "hostname", "resolv.conf")),
    ]
    for target, source in image.files.items():
        mounts.append(_bind(target, os.path.realpath(programs / source), read_only=True))
    mounts += [{"kind": "symlink", "target": target, "source": source} for target, source in image.links.items()]
    return mounts + sorted(volumes, key=lambda mount: mount["target"])


def _own_folders(upper: Path, targets: list[str]) -> None:
    """Makes the folders of *targets* below /usr in the container's own layer.

    The host's are root's, and where an ordinary user runs the sandbox, host root is not among its ids: then they cannot be
    added to, not even in an overlay.
    """
    for target in targets:
        top, _, rest = target.strip("/").partition("/")
        real = Path("/", os.readlink(f"/{top}") if os.path.islink(f"/{top}") else top, rest)
        if real.is_relative_to("/usr"):
            (upper / real.relative_to("/usr")).parent.mkdir(parents=True, exist_ok=True)


def _bind(target: str, source: str, read_only: bool = False) -> Mount:
    return {"kind": "bind", "target": target, "source": source, "read_only": read_only}


def _overlay(target: str, lower: Path, scratch: Path) -> Mount:
    for name in ("upper", "work"):
        (scratch / name).mkdir(parents=True, exist_ok=True)
    data = f"userxattr,lowerdir={lower},upperdir={scratch}/upper,workdir={scratch}/work"
    return {"kind": "overlay", "target": target, "data": data}


def _devices() -> list[Mount]:
    nosuid = linux.MS_NOSUID
    links = {
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
    }
    return [
        {"kind": "tmpfs", "target": "/dev", "flags": nosuid, "data": "mode=755,size=64k"},
        *(_bind(f"/dev/{name}", f"/dev/{name}") for name in _DEVICES),
        {"kind": "tmpfs", "target": "/dev/shm", "flags": nosuid, "data": "mode=1777,size=64m"},  # noqa: S108 - the container's own
        {"kind": "devpts", "target": "/dev/pts", "flags": nosuid, "data": "newinstance,ptmxmode=0666,mode=620"},
        {"kind": "symlink", "target": "/dev/ptmx", "source": "pts/ptmx"},
        *({"kind": "symlink", "target": f"/dev/{name}", "source": source} for name, source in links.items()),
    ]
