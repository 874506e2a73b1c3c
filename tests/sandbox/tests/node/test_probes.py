"""When probes ask."""

from __future__ import annotations

import asyncio

from sandbox.node import probes
from sandbox.node.handlers import ActionFailed


def test_a_container_that_is_ready_a_moment_after_its_start_does_not_wait_for_its_period(monkeypatch):
    """As Istio's gateway, which is asked every 15 s and has its routes within one."""
    asked: list[float] = []

    async def act(probe, target, timeout):
        asked.append(asyncio.get_running_loop().time())
        if len(asked) == 1:
            raise ActionFailed("connection refused")

    monkeypatch.setattr(probes, "act", act)

    async def ready_after() -> float:
        began, ready = asyncio.get_running_loop().time(), asyncio.Event()
        container = {"readinessProbe": {"httpGet": {"port": 15021}, "periodSeconds": 15}}
        task = asyncio.create_task(probes.Probes(container, None, ready.set, lambda _text: None).run())
        await asyncio.wait_for(ready.wait(), 14)
        task.cancel()
        return asyncio.get_running_loop().time() - began

    assert 0.9 < asyncio.run(ready_after()) < 12
    assert len(asked) == 2
