"""Ending a process in a kubelet's order: hook, turn, SIGTERM, SIGKILL."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable
from typing import Any

from sandbox.node.process import Process

_SHORTEST_GRACE = 2.0
"""What is left for SIGTERM, in seconds, when hook and turn have used up the grace period."""


async def end(process: Process, grace: float, *steps: Awaitable[None] | None) -> None:
    """Returns when the process is gone.

    Args:
        grace: Seconds for everything before SIGKILL.
        steps: Awaited one after the other before SIGTERM, each not past the process' end or the grace period.
    """
    deadline = asyncio.get_running_loop().time() + grace
    exited = asyncio.ensure_future(process.wait())
    for step in steps:
        if step is not None:
            await _until(exited, step, deadline)
    process.send(signal.SIGTERM)
    left = max(deadline - asyncio.get_running_loop().time(), min(_SHORTEST_GRACE, grace + 1))
    done, _ = await asyncio.wait({exited}, timeout=left)
    if not done:
        process.send(signal.SIGKILL)
    await exited


async def _until(exited: asyncio.Future[Any], step: Awaitable[None], deadline: float) -> None:
    task = asyncio.ensure_future(step)
    left = deadline - asyncio.get_running_loop().time()
    await asyncio.wait({exited, task}, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
