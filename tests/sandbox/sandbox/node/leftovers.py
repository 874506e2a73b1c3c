"""Ends what an earlier agent on this machine left behind when it was killed."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from sandbox.node import network


async def clean(scratch: Path) -> None:
    """Kills the processes of earlier Pods and removes their namespaces, interfaces and files."""
    files = sorted(network.NAMESPACES.glob("pod-*"))
    _kill_members({path.stat().st_ino for path in files})
    network.release_namespaces([str(path) for path in files])
    network.release_namespaces([str(path) for path in scratch.glob("pods/*/namespaces/*")])
    for name in network.pod_interfaces():
        try:
            await network.ip("link", "delete", name)
        except network.NetworkError:
            continue  # went with its namespace
    shutil.rmtree(scratch, ignore_errors=True)


def _kill_members(namespaces: set[int]) -> None:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.stat(f"/proc/{entry}/ns/net").st_ino in namespaces:
                    os.kill(int(entry), signal.SIGKILL)
            except OSError:
                continue  # it has just ended
