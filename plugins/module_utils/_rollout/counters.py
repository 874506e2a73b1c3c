# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Requests, errors and slow answers since a shift, from the raw counters of the proxies.

Counts are differences between scrapes, of each series of each proxy by itself; rate() and increase() would lose the first value of a new
series and what a reset hides, and guess at both ends of a window.

The first scrape of a proxy at or after the shift is its offset: what that scrape shows is not counted. So nothing from before the shift is,
neither golden requests and previews that the last scrape before it has missed, nor the traffic of an earlier step; what is lost is
part of one scrape interval. A series that is new in a later scrape of that proxy starts from zero. A value below the one before it is a
restarted proxy: it counts from zero. Envoy merges its histograms every 5 s (stats_flush_interval), so that theirs begins so much later.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

REQUESTS, DURATION = "istio_requests_total", "istio_request_duration_milliseconds"
FLUSH = 5.0
"""Seconds by which a histogram of Envoy may lag behind its counters."""

MOST = 30_000
"""Series that the ConfigMap of a rollout has room for beside its record: packed, each of them takes up to 20 bytes of its 1 MiB."""

LATE = 60.0
"""Seconds that a sample may take to be found, and by which clocks may differ: a look reaches back so much before the last one."""

FAILED_FLAGS = frozenset("UH UF UO NR NC URX UC UT UR LR UPE UMSDR SI DT OM DF".split())
"""Envoy's response flags of requests that got no whole answer from the version, whatever the code says: no healthy host, no connection,
overflow, no route or cluster, retries used up, upstream closed or reset, time-outs, protocol errors, overload, DNS. Not among them: what the
caller did (DC, DR, DPE, IH; its code is 0 where it did not wait for an answer), and injected delays (DI) and aborts (FI, by their code)."""

REFUSED_FLAGS = frozenset(("RL", "UAEX"))
"""Flags of requests that the mesh itself refused, by a rate limit or an authorization service: no word about the version; not counted at all."""

FAILED_STATUS = frozenset(("2", "4", "8", "12", "13", "14", "15"))
"""gRPC statuses that are the server's failure: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (TensorFlow's out of memory), UNIMPLEMENTED,
INTERNAL, UNAVAILABLE, DATA_LOSS. The others are the caller's, as HTTP's 4xx: they count as requests, not as failures."""

OF_THE_MESH = ("source_", "destination_", "response_", "request_", "connection_", "grpc_", "__", "le", "reporter")


@dataclass(frozen=True)
class Series:
    """A series of Prometheus: its labels, with __name__, and its samples (seconds, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Counts:
    """What a version answered in a window. ``timed`` of its requests are in the histogram, which begins a little later than the
    counter; ``slow`` are those above a boundary, by the boundary as text ("250"); one that is no bucket is not in it, or is in ``rounded`` with the
    bucket (ms) that was taken for it."""

    requests: int = 0
    errors: int = 0
    timed: int = 0
    slow: dict[str, int] = field(default_factory=dict)
    rounded: dict[str, float] = field(default_factory=dict)

    def boundary(self, text: str) -> str:
        """The boundary that the slow ones of ``text`` are really above."""
        return format(self.rounded[text], ".4g") if text in self.rounded else text


@dataclass(frozen=True)
class Counters:
    """What is known of a window; ``dataclasses.asdict`` is plain JSON and ``Counters(**that)`` goes on from it.

    ``since``: the shift, by Prometheus' clock (Prometheus.time()). ``versions``: by name, the labels that its series have: its
    destination_service, a full host name, and more where another version shares that. ``boundaries``: ms. ``seen``: time of the newest
    sample. ``begun``: proxy -> its first scrape. ``series``: series -> value and time of its last sample, each series by a digest of its
    labels, as a ConfigMap has to hold them. ``totals``: version -> what was counted.
    """

    since: float
    versions: dict[str, dict[str, str]]
    boundaries: list[float] = field(default_factory=list)
    seen: float = 0.0
    begun: dict[str, float] = field(default_factory=dict)
    series: dict[str, list[float]] = field(default_factory=dict)
    totals: dict[str, dict[str, float]] = field(default_factory=dict)


def query(counters: Counters, now: float, labels: Mapping[str, str] | None = None) -> str:
    """The one PromQL query of a round: all series of both versions that any rate gate needs. now: seconds since the epoch."""
    reach = math.ceil(max(LATE, now - (counters.seen or counters.since) + LATE))
    services = _either(dict.fromkeys(labels["destination_service"] for labels in counters.versions.values()))
    matchers = [f'__name__="{REQUESTS}"']
    if counters.boundaries:
        buckets = ["", *(text for boundary in counters.boundaries for text in _texts(boundary))]
        matchers = [f'__name__=~"{REQUESTS}|{DURATION}_(count|bucket)"', f'le=~"{_either(buckets)}"']
    matchers += ['reporter="source"', f'destination_service=~"{services}"', *matching(labels or {})]
    return f"{{{','.join(matchers)}}}[{reach}s]"


def matching(labels: Mapping[str, str]) -> list[str]:
    """Matchers for labels."""
    return [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]


def advance(counters: Counters, found: Iterable[Series]) -> Counters:
    """The counters with what a look found. Samples that were seen before change nothing."""
    begun, series = dict(counters.begun), dict(counters.series)
    totals = {version: dict(counters.totals.get(version, {})) for version in counters.versions}
    fresh = [(entry, _after(counters, entry), version_of(counters, entry.labels)) for entry in found]
    fresh = [entry for entry in fresh if entry[2]]
    first: dict[str, float] = {}
    for entry, points, _version in fresh:
        if points:
            proxy = _proxy(entry.labels)
            first[proxy] = min(first.get(proxy, points[0][0]), points[0][0])
    begun = {**first, **begun}
    for entry, points, version in fresh:
        total = totals[version]
        kinds = _kinds(entry.labels)
        for kind in kinds:
            total.setdefault(kind, 0.0)
        name, start = _digest(entry.labels), begun.get(_proxy(entry.labels), 0.0)
        for moment, value in points:
            before, known = series.get(name, (0.0, 0.0))
            if moment <= known:
                continue
            grown = 0.0 if moment == start else value - before if value >= before else value
            series[name] = [value, moment]
            for kind in kinds:
                total[kind] += grown
    newest = max((points[-1][0] for _entry, points, _version in fresh if points), default=0.0)
    return replace(counters, seen=max(counters.seen, newest), begun=begun, series=series, totals=totals)


def version_of(counters: Counters, labels: Mapping[str, str]) -> str:
    """The version that a series is of; empty where it is of none.

    Versions that share a Service are told apart by the labels that the series knows: without a sidecar at its destination, Istio's
    stats filter may know the workload and have "unknown" for its version. One that knows neither is nobody's.
    """
    for version, own in counters.versions.items():
        if labels.get("destination_service") != own["destination_service"]:
            continue
        more = {name: value for name, value in own.items() if name != "destination_service"}
        known = {name: labels[name] for name in more if labels.get(name, "unknown") not in ("", "unknown")}
        if all(more[name] == value for name, value in known.items()) and bool(known) == bool(more):
            return version
    return ""


def counts(counters: Counters, version: str) -> Counts:
    """What one version answered."""
    total = counters.totals.get(version, {})
    timed = round(total.get("timed", 0))
    slow = {
        shown(boundary): timed - round(total[shown(boundary)])
        for boundary in counters.boundaries
        if shown(boundary) in total
    }
    return Counts(round(total.get("requests", 0)), round(total.get("errors", 0)), timed, slow)


def shown(boundary: float) -> str:
    """A boundary as text: 250, 0.5, 1800000."""
    return format(boundary, ".15g")


def _kinds(labels: Mapping[str, str]) -> tuple[str, ...]:
    """What a series counts: nothing, or one or two of requests, errors, timed and a boundary."""
    flags = frozenset(labels.get("response_flags", "").split(","))
    if flags & REFUSED_FLAGS:
        return ()
    if labels["__name__"] == f"{DURATION}_count":
        return ("timed",)
    if labels["__name__"] == f"{DURATION}_bucket":
        return (shown(float(labels["le"])),)
    code, status = labels.get("response_code", ""), labels.get("grpc_response_status", "")
    failed = code == "0" or code.startswith("5") or status in FAILED_STATUS or flags & FAILED_FLAGS
    return ("requests", "errors") if failed else ("requests",)


def _after(counters: Counters, entry: Series) -> tuple[tuple[float, float], ...]:
    start = counters.since + (0.0 if entry.labels["__name__"] == REQUESTS else FLUSH)
    return tuple(point for point in entry.points if point[0] >= start)


def _proxy(labels: Mapping[str, str]) -> str:
    """The proxy, and which of its two clocks: series with one of these are scraped at the same moments."""
    names = ("job", "instance") if "instance" in labels else [n for n in labels if not n.startswith(OF_THE_MESH)]
    clock = {"clock": "counter" if labels["__name__"] == REQUESTS else "histogram"}
    return _digest({**{name: labels[name] for name in names if name in labels}, **clock})


def _digest(labels: Mapping[str, str]) -> str:
    return hashlib.blake2b(json.dumps(labels, sort_keys=True).encode(), digest_size=8).hexdigest()


def _texts(boundary: float) -> list[str]:
    """How proxies and releases of Prometheus write a boundary: 1800000, 1800000.0, 1.8e+06."""
    return list(dict.fromkeys((shown(boundary), f"{shown(boundary)}.0", format(boundary, "g"))))


def _either(texts: Iterable[str]) -> str:
    """A regular expression for one of the texts, without a backslash, which would need another one in PromQL."""
    return "|".join(text.replace(".", "[.]").replace("+", "[+]") for text in texts)
