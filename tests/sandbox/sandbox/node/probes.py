"""The probes of one running container."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from sandbox.node.handlers import ActionFailed, Target, act
from sandbox.node.probe_state import ProbeState, Timing

Object = dict[str, Any]

RELIST = 1.0
"""Seconds after which a kubelet has found that a container runs, and asks out of turn whether it is ready."""


class Probes:
    """Runs startup, then readiness and liveness probes, each at its own period, until cancelled.

    Args:
        changed: Called after `started` or `ready` has changed.
        unhealthy: Called with the text of every failure ("Liveness probe failed: ...").
    """

    def __init__(
        self, container: Object, target: Target, changed: Callable[[], None], unhealthy: Callable[[str], None]
    ) -> None:
        self._container = container
        self._target = target
        self._changed = changed
        self._unhealthy = unhealthy
        self.started = "startupProbe" not in container
        self.ready = False

    async def run(self) -> str:
        """Returns the kind of the probe that failed for good ("Startup", "Liveness"): the container must be killed."""
        if "startupProbe" in self._container and not await self._until_started():
            return "Startup"
        tasks = [asyncio.create_task(self._readiness())]
        if "livenessProbe" in self._container:
            tasks.append(asyncio.create_task(self._liveness()))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
        return "Liveness"

    async def _until_started(self) -> bool:
        async for passed in self._series("startup", initial=False):
            if passed:
                self.started = True
                self._changed()
            return passed
        raise AssertionError("a series does not end")

    async def _readiness(self) -> None:
        if "readinessProbe" not in self._container:
            self._set_ready(True)
            await asyncio.Event().wait()
        async for passed in self._series("readiness", initial=False):
            self._set_ready(passed)

    def _set_ready(self, ready: bool) -> None:
        if ready != self.ready:
            self.ready = ready
            self._changed()

    async def _liveness(self) -> None:
        """Returns when the container is held to be dead."""
        async for passed in self._series("liveness", initial=True):
            if not passed:
                return

    async def _series(self, kind: str, initial: bool) -> AsyncIterator[bool]:
        """Yields a result each time that it has reached its threshold."""
        probe = self._container[f"{kind}Probe"]
        timing = Timing.from_spec(probe)
        state = ProbeState(timing, initial)
        await asyncio.sleep(timing.initial_delay)
        loop = asyncio.get_running_loop()
        due = loop.time()
        pause = min(timing.period, RELIST) if kind == "readiness" else timing.period
        while True:
            passed = await self._once(kind, probe, timing.timeout)
            if state.record(passed):
                yield state.value
            due = max(due + pause, loop.time())
            pause = timing.period
            await asyncio.sleep(due - loop.time())

    async def _once(self, kind: str, probe: Object, timeout: float) -> bool:
        try:
            await act(probe, self._target, timeout)
        except ActionFailed as failure:
            self._unhealthy(f"{kind.capitalize()} probe failed: {failure}")
            return False
        return True
