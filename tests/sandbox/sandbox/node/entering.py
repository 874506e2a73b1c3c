"""Commands inside a running container, for exec probes, hooks and `kubectl exec`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_LIMIT = 10 * 1024


@dataclass(frozen=True)
class Entrance:
    """How to get into a container: its first process and what that one runs with."""

    pid: int
    env: dict[str, str]
    uid: int
    gid: int
    cwd: str

    def command(self) -> list[str]:
        """`nsenter` with its options; the command to run in the container follows."""
        pid = str(self.pid)
        words = ["nsenter", "--target", pid, "--mount", "--uts", "--ipc", "--net", "--pid", f"--root=/proc/{pid}/root"]
        words.append(f"--wd=/proc/{pid}/root{self.cwd}")
        if self.uid or self.gid:
            words += ["--setgid", str(self.gid), "--setuid", str(self.uid)]
        return [*words, "--"]

    async def execute(self, command: list[str]) -> tuple[int, str]:
        """Runs a command to its end.

        Returns:
            Its exit code and its output, both streams together.
        """
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self.command(), *command, stdout=pipe, stderr=asyncio.subprocess.STDOUT, env=self.env
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            _kill_inside(process.pid)
            raise
        return process.returncode or 0, output[:_LIMIT].decode(errors="replace")


def _kill_inside(pid: int) -> None:
    """Kills the command that an `nsenter` waits for: it ends then too, and leaves no orphan to be reaped."""
    with contextlib.suppress(OSError):  # it has just ended
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children or [str(pid)]:
            os.kill(int(child), signal.SIGKILL)
