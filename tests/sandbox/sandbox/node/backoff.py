"""How long a container that keeps exiting waits for its next start."""

from __future__ import annotations

from dataclasses import dataclass

BASE = 10.0
LIMIT = 300.0


@dataclass
class Backoff:
    """The kubelet's delays, in seconds: none before the first restart, then 10 doubling to 300.

    A container that ran for twice the limit starts over.
    """

    base: float = BASE
    limit: float = LIMIT
    _delay: float = 0.0

    def next(self, ran: float) -> float:
        """The delay from the end of a run that took *ran* seconds to the next start."""
        if ran >= 2 * self.limit:
            self._delay = 0.0
        delay = self._delay
        self._delay = min(self.limit, delay * 2) if delay else self.base
        return delay

    def reset(self) -> None:
        """The next restart is at once again."""
        self._delay = 0.0
