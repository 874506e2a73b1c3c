# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The time axis that all charts of a page share. A night in which a rollout waited for a person is cut out, and said so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from .wording import duration, elapsed

LONGEST = 300.0
"""Seconds without any news that are never cut."""

CUT = 0.06
"""Width of a time that was cut, as a part of what is left."""

SPACINGS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
"""Seconds between two marks."""


@dataclass(frozen=True)
class Axis:
    """Places on the page, in percent from the left, of times in seconds since the epoch."""

    begun: float
    end: float
    cuts: tuple[tuple[float, float], ...] = ()

    def place(self, at: float) -> float:
        """Percent from the left."""
        at = min(max(at, self.begun), self.end)
        return round(100 * self._until(at) / (self._until(self.end) or 1.0), 3)

    def marks(self, most: int = 10) -> list[tuple[float, str]]:
        """Places and texts of the marks: the time since the beginning."""
        shown = self._shown()
        spacing = next((step for step in SPACINGS if shown / step <= most), max(SPACINGS[-1], shown / most))
        numbers = range(int((self.end - self.begun) // spacing) + 1)
        times = [self.begun + spacing * number for number in numbers] if len(numbers) < 10_000 else [self.begun]
        found: list[tuple[float, str]] = []
        for at in times:
            inside = any(start < at < stop for start, stop in self.cuts)
            if not inside and (not found or self.place(at) - found[-1][0] >= 60 / most):
                found.append((self.place(at), elapsed(at - self.begun)))
        return found

    def gaps(self) -> list[tuple[float, float, str]]:
        """Begin and end, in percent, of what was cut, and how long it was."""
        return [(self.place(start), self.place(stop), duration(stop - start)) for start, stop in self.cuts]

    def _shown(self) -> float:
        return self.end - self.begun - sum(stop - start for start, stop in self.cuts)

    def _until(self, at: float) -> float:
        past = [(start, min(stop, at), stop) for start, stop in self.cuts if start < at]
        width = CUT * (self._shown() or 1.0)
        return (
            at
            - self.begun
            - sum(stop - start for start, stop, _whole in past)
            + sum(width * (stop - start) / (whole - start) for start, stop, whole in past)
        )


def axis(begun: float, end: float, moments: Iterable[float]) -> Axis:
    """The axis from ``begun`` to ``end``. The longest times without news go, as long as one is longer than half of all that stays."""
    times = sorted({begun, end, *(at for at in moments if begun < at < end)})
    gaps = sorted(pairwise(times), key=lambda gap: gap[0] - gap[1])
    left, cuts = end - begun, list[tuple[float, float]]()
    for start, stop in gaps:
        length = stop - start
        if length <= LONGEST or length <= (left - length) / 2:
            break
        cuts.append((start, stop))
        left -= length
    return Axis(begun, end, tuple(sorted(cuts)))
