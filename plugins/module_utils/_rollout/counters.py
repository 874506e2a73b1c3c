# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Requests, errors and slow answers since a shift, from the raw counters of the proxies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Series:
    """A series of Prometheus: its labels, with __name__, and its samples (seconds, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Counts:
    """What a version answered in a window. ``timed`` of its requests are in the histogram, which begins a little later than the
    counter; ``slow`` are those above a boundary, by the boundary as text ("250"); one that is no bucket is not in it."""

    requests: int = 0
    errors: int = 0
    timed: int = 0
    slow: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Counters:
    """What is known of a window; ``dataclasses.asdict`` is plain JSON and ``Counters(**that)`` goes on from it.

    ``since``: the shift, by Prometheus' clock (Prometheus.time()). ``services``: full host names. ``boundaries``: ms.
    ``own``: service -> [requests that the collection itself sent it before the shift, time of the last of them].
    """

    since: float
    services: list[str]
    boundaries: list[float] = field(default_factory=list)
    own: dict[str, list[float]] = field(default_factory=dict)
    seen: float = 0.0
    begun: dict[str, float] = field(default_factory=dict)
    series: dict[str, list[float]] = field(default_factory=dict)
    totals: dict[str, dict[str, float]] = field(default_factory=dict)


def query(counters: Counters, now: float, labels: Mapping[str, str] | None = None) -> str:
    """The one PromQL query of a round: all series of both versions that any rate gate needs. now: by Prometheus' clock."""
    raise NotImplementedError


def advance(counters: Counters, found: Iterable[Series]) -> Counters:
    """The counters with what a look found. Samples that were seen before change nothing."""
    raise NotImplementedError


def counts(counters: Counters, service: str) -> Counts:
    """What one version answered."""
    raise NotImplementedError
