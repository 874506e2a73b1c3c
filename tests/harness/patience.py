"""Waiting in tests: for what comes however long a busy machine takes, and how much longer than promised to users something may take."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until ``condition`` holds; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.05)


def busy() -> float:
    """Return how many times longer than on an idle machine something may take: the processes that want to run for each core, 1 to 4."""
    return min(4.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
