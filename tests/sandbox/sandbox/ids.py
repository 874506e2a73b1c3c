"""Which user ids the private machine can have, and giving them to it."""

from __future__ import annotations

import getpass
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.host import find_program

ALL_IDS = 65536
_SUBORDINATE_FILES = (Path("/etc/subuid"), Path("/etc/subgid"))


@dataclass(frozen=True)
class IdMap:
    """How many user and group ids of the machine are real.

    size: all, or 1: the user who starts the machine.
    why_small: why it is 1, and sidecars cannot run; None where they can.
    """

    size: int
    why_small: str | None = None

    @property
    def sidecars(self) -> bool:
        """Whether processes can run as the sidecar's own user, which its redirect rules need."""
        return self.why_small is None


def available() -> IdMap:
    """How many ids this user can map into a user namespace."""
    if os.geteuid() == 0:
        return _judged(mapped_from_zero(), "this root user has fewer user ids itself")
    user = getpass.getuser()
    ranges = [_subordinate(path, user) for path in _SUBORDINATE_FILES]
    size = 1 + min((count for _, count in ranges), default=0)
    return _judged(
        size,
        f"/etc/subuid and /etc/subgid give {user} too few ids; `sudo usermod "
        f"--add-subuids 100000-165535 --add-subgids 100000-165535 {user}` adds them",
    )


def _judged(size: int, complaint: str) -> IdMap:
    """All ids or one: with some, images whose user is none of them could not start, and as one all of them run as the same user."""
    return IdMap(ALL_IDS) if size >= ALL_IDS else IdMap(1, complaint)


def mapped_from_zero() -> int:
    """How many user and group ids, from 0 up without a gap, the user namespace of this process has."""
    return min(_reach(Path(f"/proc/self/{kind}_map").read_text()) for kind in ("uid", "gid"))


def _reach(id_map: str) -> int:
    reach = 0
    for first, _, count in sorted(tuple(map(int, line.split())) for line in id_map.splitlines()):
        if first <= reach:
            reach = max(reach, first + count)
    return reach


def _subordinate(path: Path, user: str) -> tuple[int, int]:
    """First id and count of the user's largest range in /etc/subuid or /etc/subgid; a count of 0 where there is none."""
    ranges = [(0, 0)]
    for line in path.read_text().splitlines() if path.exists() else []:
        fields = line.split(":")
        if len(fields) == 3 and fields[0] in (user, str(os.getuid())):
            ranges.append((int(fields[1]), int(fields[2])))
    return max(ranges, key=lambda item: item[1])


def write(pid: int, ids: IdMap) -> None:
    """Map the ids of the user namespace that process `pid` has made; raises SandboxError."""
    if ids.size == 1:
        _write(pid, "setgroups", "deny")  # the kernel's condition for mapping a group without privilege
        _write(pid, "uid_map", f"0 {os.geteuid()} 1")
        _write(pid, "gid_map", f"0 {os.getegid()} 1")
    elif os.geteuid() == 0:
        same = f"0 0 1\n1 1 {ids.size - 1}"  # as two ranges, because a root inside a user namespace has them so
        _write(pid, "uid_map", same)
        _write(pid, "gid_map", same)
    else:
        _map_by_helper("newuidmap", pid, os.geteuid(), ids.size, _SUBORDINATE_FILES[0])
        _map_by_helper("newgidmap", pid, os.getegid(), ids.size, _SUBORDINATE_FILES[1])


def _map_by_helper(program: str, pid: int, own: int, size: int, path: Path) -> None:
    first, _ = _subordinate(path, getpass.getuser())
    command = [find_program(program) or program, *map(str, (pid, 0, own, 1, 1, first, size - 1))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SandboxError(f"`{' '.join(command)}` failed: {result.stderr.strip()}. Check {path}.")


def _write(pid: int, name: str, text: str) -> None:
    path = Path(f"/proc/{pid}/{name}")
    try:
        path.write_text(text)
    except OSError as error:
        raise SandboxError(
            f"The user ids of the private machine could not be mapped: {path}: {error.strerror}."
        ) from error
