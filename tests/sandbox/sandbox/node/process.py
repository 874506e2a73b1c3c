"""A container's first process as the agent sees it: adopted from the launcher, waited for by a pidfd."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Exit:
    """How a process ended: `code` as a container runtime counts it (128 + signal), `signal` 0 for a normal end."""

    code: int
    signal: int = 0


class Process:
    """Owns the pidfd of one child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)
        loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[Exit] = loop.create_future()
        loop.add_reader(self._descriptor, self._ended)

    def _ended(self) -> None:
        try:
            result = os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED)
        except OSError as error:
            if error.errno != errno.ECHILD:
                raise
            return  # its launcher is just about to end, and it becomes our child then: this is called again
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        assert result is not None
        if result.si_code == os.CLD_EXITED:
            self._exit.set_result(Exit(result.si_status))
        else:
            self._exit.set_result(Exit(128 + result.si_status, result.si_status))

    async def wait(self) -> Exit:
        """How it ended, once it has."""
        return await asyncio.shield(self._exit)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal; a process that is gone already is fine."""
        if not self._exit.done():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)
