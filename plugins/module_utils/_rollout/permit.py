# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Leave to write, which an action loses when the rollout goes another way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Stopped(Exception):
    """The rollout goes another way since: what was about to be written is not wanted any more."""


class Permit:
    """One action's leave, held for the length of a write. After ``stop`` has returned no write begins, and none is under way.

    ``fence`` is called between reading and writing, and raises where another driver has taken the rollout over: what that one has written by then is
    not what was read.
    """

    def __init__(self) -> None:
        self._lock, self._stopped = threading.Lock(), False
        self.fence: Callable[[], None] = lambda: None

    def stop(self) -> None:
        with self._lock:
            self._stopped = True

    def __enter__(self) -> None:
        """Raises Stopped."""
        self._lock.acquire()
        if self._stopped:
            self._lock.release()
            raise Stopped

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
