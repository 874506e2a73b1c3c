"""The few kinds of mount that make up a container's root, applied inside that root only."""

from __future__ import annotations

import os
import stat
from typing import Any

from sandbox.node import linux

Mount = dict[str, Any]
"""JSON: `kind` (bind, overlay, tmpfs, proc, sysfs, devpts, symlink, directory), `target`, and what that kind needs."""

_MAX_LINKS = 40


def inside(root: str, path: str) -> str:
    """The real place of *path* in *root*, following symbolic links as a process whose root it is would.

    Raises:
        OSError: Too many symbolic links.
    """
    parts, resolved, links = [p for p in path.split("/") if p], root, 0
    while parts:
        part = parts.pop(0)
        if part == ".":
            continue
        if part == "..":
            resolved = resolved if resolved == root else os.path.dirname(resolved)
            continue
        candidate = os.path.join(resolved, part)
        if os.path.islink(candidate):
            links += 1
            if links > _MAX_LINKS:
                raise OSError(f"too many symbolic links in {path}")
            target = os.readlink(candidate)
            resolved = root if target.startswith("/") else resolved
            parts = [p for p in target.split("/") if p] + parts
            continue
        resolved = candidate
    return resolved


def apply_mount(root: str, entry: Mount) -> None:
    """Carries out one entry below *root*.

    Raises:
        OSError: The kernel refused it; the message names source and target.
    """
    kind, target = entry["kind"], inside(root, entry["target"])
    if kind == "symlink":
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(entry["source"], target)
    elif kind == "directory":
        os.makedirs(target, exist_ok=True)
        os.chmod(target, entry.get("mode", 0o755))
    elif kind == "bind":
        _bind(entry["source"], target, bool(entry.get("read_only")))
    else:
        os.makedirs(target, exist_ok=True)
        linux.mount(kind, target, kind, entry.get("flags", 0), entry.get("data", ""))


def _bind(source: str, target: str, read_only: bool) -> None:
    if stat.S_ISDIR(os.stat(source).st_mode):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="ascii"):
            pass
    linux.mount(source, target, flags=linux.MS_BIND | linux.MS_REC)
    if read_only:
        linux.mount("none", target, flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | _locked_flags(target))


def _locked_flags(path: str) -> int:
    """Flags that a user namespace may not take off a mount again: a remount must repeat them."""
    present = os.statvfs(path).f_flag
    pairs = (
        (os.ST_NOSUID, linux.MS_NOSUID),
        (os.ST_NODEV, linux.MS_NODEV),
        (os.ST_NOEXEC, linux.MS_NOEXEC),
        (os.ST_NOATIME, linux.MS_NOATIME),
        (os.ST_RELATIME, linux.MS_RELATIME),
    )
    return sum(flag for seen, flag in pairs if present & seen)
