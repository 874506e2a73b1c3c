"""Commands inside a running container, for exec probes, hooks and `kubectl exec`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

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
            process.kill()
            raise
        return process.returncode or 0, output[:_LIMIT].decode(errors="replace")
