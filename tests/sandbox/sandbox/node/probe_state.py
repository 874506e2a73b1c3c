"""What a series of probe results means (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Timing:
    """A probe's numbers, in seconds and counts, with the API's defaults."""

    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    success_threshold: int = 1
    failure_threshold: int = 3

    @classmethod
    def from_spec(cls, probe: dict[str, Any]) -> Timing:
        """Reads the numbers of a probe in a Pod's spec."""
        return cls(
            probe.get("initialDelaySeconds") or 0,
            probe.get("periodSeconds") or 10,
            probe.get("timeoutSeconds") or 1,
            probe.get("successThreshold") or 1,
            probe.get("failureThreshold") or 3,
        )


@dataclass
class ProbeState:
    """Counts results in a row; `value` changes only at a threshold.

    Attributes:
        value: What is held to be true now: False at first for startup and readiness, True for liveness.
    """

    timing: Timing
    value: bool
    _last: bool | None = field(default=None)
    _run: int = field(default=0)

    def record(self, passed: bool) -> bool:
        """Takes a result.

        Returns:
            Whether this result reached its threshold (again): the moment to act on it.
        """
        self._run = self._run + 1 if passed == self._last else 1
        self._last = passed
        threshold = self.timing.success_threshold if passed else self.timing.failure_threshold
        if self._run < threshold:
            return False
        self.value = passed
        return True
