"""The kernel's side of the private machine: namespaces and mounts, by system call."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from pathlib import Path

KINDS = {  # name in /proc/PID/ns -> CLONE_NEW* flag; the user namespace is entered first
    "user": 0x10000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "net": 0x40000000,
    "mnt": 0x00020000,
    "pid": 0x20000000,
}
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare() -> None:
    """Put this process into new namespaces of every kind; raises OSError."""
    _check(_libc.unshare(sum(KINDS.values())), "unshare")


def enter(pid: int) -> None:
    """Move this single-threaded process into the namespaces of process `pid`; raises OSError."""
    # All are opened first: after the first setns /proc/PID may no longer be readable.
    handles = [(name, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)) for name in KINDS]
    for name, handle in handles:
        _check(_libc.setns(handle, KINDS[name]), f"setns {name}")
        os.close(handle)


def identity(pid: int | str) -> int:
    """A number that two processes share exactly when they share a network namespace; raises OSError."""
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def become_root() -> None:
    """Take user and group id 0 of the user namespace; raises OSError."""
    with contextlib.suppress(PermissionError):  # denied where only one group id is mapped
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def die_with_parent(number: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent ends; raises OSError."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0), "prctl")


def mount(source: str | Path, target: str | Path, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    """mount(2); raises OSError."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode(),
    )
    _check(result, f"mount {kind or source} on {target}")


def bind(source: str | Path, target: str | Path) -> None:
    """Show a file or folder at a second place; raises OSError."""
    mount(source, target, flags=MS_BIND | MS_REC)
