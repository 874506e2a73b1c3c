# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Questions to Prometheus: the one file that talks to it."""

from __future__ import annotations

from collections.abc import Iterable

from ._cluster.client import Client
from ._rollout.counters import Counters, Series
from ._spec.prometheus import PrometheusOptions


class PrometheusError(Exception):
    """No evidence: says where it was asked for, what happened and what to do. Holds nothing secret."""


class Prometheus:
    """One Prometheus (or what speaks its HTTP API). ``client``: needed where the options name a Service."""

    def __init__(self, options: PrometheusOptions, client: Client | None = None) -> None:
        self._options, self._client = options, client

    def samples(self, query: str, at: float | None = None) -> list[Series]:
        """The series that an instant query of a range or instant selector gives. Raises PrometheusError."""
        raise NotImplementedError

    def value(self, query: str, at: float | None = None) -> float | None:
        """The one number that a query gives, or None where it gives none. Raises PrometheusError (several series, NaN, infinite)."""
        raise NotImplementedError

    def time(self) -> float:
        """Prometheus' own clock: the time that a shift is noted with. Raises PrometheusError."""
        raise NotImplementedError

    def look(self, counters: Counters) -> Counters:
        """One round for both versions and all rate gates: one request. Raises PrometheusError, also for a boundary that is no bucket."""
        raise NotImplementedError

    def check_boundaries(self, boundaries: Iterable[float]) -> None:
        """Raise PrometheusError, with the buckets that there are, where a boundary is none of them. No histogram yet: nothing to say."""
        raise NotImplementedError
