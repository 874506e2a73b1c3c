"""Keeping programs running, from inside the machine's first process."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass

from sandbox.controlplane import Service
from sandbox.layout import Layout

_POLL = 0.05  # seconds between two questions whether a starting program works
_STEADY = 60.0  # seconds after which a program's earlier crashes are forgotten
_LONGEST_PAUSE = 10.0  # seconds


class StartFailed(Exception):
    """A program ended, or did not work in time, while the machine was starting."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program} {reason}")
        self.program = program


@dataclass
class _Running:
    service: Service
    pid: int
    since: float
    crashes: int = 0


class Supervisor:
    """Starts, restarts and stops programs, and reaps every orphan as a first process must."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._running: dict[int, _Running] = {}
        self._exits: dict[int, asyncio.Future[int]] = {}
        self._starting = True
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    async def start(self, service: Service, within: float) -> None:
        """Start a program and return when it works; raises StartFailed, also after `within` seconds."""
        running = self._spawn(service)
        deadline = time.monotonic() + within
        while not await asyncio.to_thread(service.ready):
            if running.pid not in self._running:
                raise StartFailed(service.name, "ended while it was starting")
            if time.monotonic() > deadline:
                raise StartFailed(service.name, f"did not work within {within:.0f} s")
            await asyncio.sleep(_POLL)

    async def run_once(self, name: str, command: tuple[str, ...]) -> None:
        """Run a command to its end; raises StartFailed unless it succeeds."""
        pid = self._launch(name, command, {})
        self._exits[pid] = asyncio.get_running_loop().create_future()
        status = await self._exits[pid]
        if status != 0:
            raise StartFailed(name, f"failed with exit code {status}")

    def keep_running(self) -> None:
        """From now on a program that ends is started again."""
        self._starting = False

    def _spawn(self, service: Service, crashes: int = 0) -> _Running:
        pid = self._launch(service.name, service.command, service.environment)
        (self._layout.pids / service.name).write_text(f"{pid}\n")
        running = self._running[pid] = _Running(service, pid, time.monotonic(), crashes)
        return running

    def _launch(self, name: str, command: tuple[str, ...], extra: dict[str, str]) -> int:
        log = str(self._layout.log(name))
        return os.posix_spawnp(
            command[0],
            command,
            os.environ | extra,
            setsid=True,
            setsigmask=[],
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            if pid in self._exits:
                self._exits.pop(pid).set_result(code)
            if pid in self._running:
                self._ended(self._running.pop(pid), code)

    def _ended(self, running: _Running, code: int) -> None:
        if self._starting:
            return  # start() sees it
        lived = time.monotonic() - running.since
        crashes = 1 if lived > _STEADY else running.crashes + 1
        pause = min(2.0 ** (crashes - 1), _LONGEST_PAUSE)
        print(
            f"{running.service.name} ended with exit code {code} after {lived:.0f} s; next start in {pause:.0f} s",
            flush=True,
        )
        asyncio.get_running_loop().call_later(pause, self._spawn, running.service, crashes)
