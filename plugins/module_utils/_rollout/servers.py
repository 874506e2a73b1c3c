# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Requests, errors and slow answers by TensorFlow Serving's own counters: what is known of copies of requests. Pure.

Nobody waits for the answer to a copy, and the proxy that sends it does not report it: Envoy's shadow requests pass none of the caller's HTTP
filters, Istio's stats filter among them (istio/istio issues 11093, 23496). A sidecar of the server would report it (reporter="destination"), where
there is one. The server itself counts every request on any mesh, the baseline's and the candidate's in the same way, whether Prometheus
scrapes it or not: so its page of metrics is read from every Pod of both, at the beginning of the step and at each look.

Counts are differences of what each Pod shows, from its first page on, which for those that are there is that at the beginning: golden requests
are over by then. A value below the one before is a restarted server: it counts from zero. Requests for a status or for metadata, which probes
send, have no API in ``request_latency`` and are not counted; what failed is in ``request_count`` alone, by its gRPC status.

Durations are the server's own, in microseconds, in buckets of its own (10 times powers of 1.8). A boundary between two of them is taken at the
upper one: so no candidate fails for the rounding, and one that passes for it still has the steps with weights before it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .counters import Counts, shown

PREFIX = ":tensorflow:serving:request_"
LINE = re.compile(rf"^{PREFIX}(count|latency_count|latency_bucket)\{{(.*)\}}\s+(\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

DIGITS = 1e-5
"""Buckets are written with six digits."""

FAILED = frozenset("UNKNOWN DEADLINE_EXCEEDED RESOURCE_EXHAUSTED UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS".split())
"""Statuses that are the server's failure: those of ``counters.FAILED_STATUS``, by name."""


@dataclass(frozen=True)
class Servers:
    """What is known of a window; ``dataclasses.asdict`` is plain JSON and ``Servers(**that)`` goes on from it.

    ``boundaries``: ms. ``pods``: Pod -> what its last page showed. ``totals``: version -> what was counted. ``rounded``: boundary -> the bucket
    in ms that is taken for it, where it is another. ``restarts``: Pod -> how often its server had been restarted at the last look.
    """

    boundaries: list[float] = field(default_factory=list)
    pods: dict[str, dict[str, float]] = field(default_factory=dict)
    totals: dict[str, dict[str, float]] = field(default_factory=dict)
    rounded: dict[str, float] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One Pod at one look: its metrics in Prometheus' text format (None where they could not be read), and how often its server was restarted."""

    pod: str
    version: str
    text: str | None
    restarts: int = 0


def advance(servers: Servers, pages: Iterable[Page]) -> Servers:
    """The counters with what a look found; a Pod's first page is what the next ones are counted from."""
    pods, restarts, rounded = dict(servers.pods), dict(servers.restarts), dict(servers.rounded)
    totals = {version: dict(total) for version, total in servers.totals.items()}
    for page in pages:
        anew = page.restarts > restarts.get(page.pod, page.restarts)
        restarts[page.pod] = page.restarts
        if page.text is None:
            continue
        now = _read(page.text, servers.boundaries, rounded)
        last = {} if anew else pods.get(page.pod, now)
        total = totals.setdefault(page.version, {})
        for kind, value in now.items():
            before = last.get(kind, 0.0)
            total[kind] = total.get(kind, 0.0) + (value - before if value >= before else value)
        pods[page.pod] = now
    return replace(servers, pods=pods, totals=totals, rounded=rounded, restarts=restarts)


def counts(servers: Servers, version: str) -> Counts:
    """What one version answered."""
    total = servers.totals.get(version, {})
    timed, errors = round(total.get("timed", 0)), round(total.get("errors", 0))
    slow = {text: timed - round(total[text]) for text in map(shown, servers.boundaries) if text in total}
    requests = timed + errors + round(total.get("refused", 0))
    return Counts(
        requests, errors, timed, slow, {text: servers.rounded[text] for text in slow if text in servers.rounded}
    )


def _read(text: str, boundaries: Iterable[float], rounded: dict[str, float]) -> dict[str, float]:
    """What a page counts: ``timed`` requests that succeeded, ``errors``, ``refused`` ones, and the fast ones by their boundary."""
    found = {"timed": 0.0, "errors": 0.0, "refused": 0.0}
    buckets: dict[float, float] = {}
    for name, labels, value in _lines(text):
        if name == "count":
            status = labels.get("status", "OK")
            if status != "OK":
                found["errors" if status in FAILED else "refused"] += value
        elif labels.get("API"):
            if name == "latency_count":
                found["timed"] += value
            else:
                bucket = float(labels["le"]) / 1000
                buckets[bucket] = buckets.get(bucket, 0.0) + value
    for boundary in boundaries:
        above = [bucket for bucket in buckets if bucket >= boundary * (1 - DIGITS)]
        taken = min(above, default=math.inf)
        found[shown(boundary)] = buckets.get(taken, 0.0)
        if taken > boundary * (1 + DIGITS) and taken < math.inf:
            rounded[shown(boundary)] = taken
    return found


def _lines(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    for name, labels, value in LINE.findall(text):
        yield name, dict(LABEL.findall(labels)), float(value)
