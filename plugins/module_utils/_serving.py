# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What TensorFlow Serving itself says: which integers it serves, and how many requests it has had."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ._cluster.client import Client
from ._cluster.errors import ClusterError
from ._cluster.reach import ask
from ._render.meta import REST_PORT
from ._render.server_config import METRICS_PATH

QUIET_LIMIT = 600.0
"""Seconds after which a version that still gets requests is an error."""

ANSWERED = re.compile(
    r'^:tensorflow:serving:request_latency_count\{(?=[^}]*API="[^"]+")[^}]*\}\s+([0-9.eE+]+)', re.MULTILINE
)
REFUSED = re.compile(
    r'^:tensorflow:serving:request_count\{(?=[^}]*status="(?!OK")[^"]*")[^}]*\}\s+([0-9.eE+]+)', re.MULTILINE
)
"""Predictions that were answered, and requests that failed. ``request_count`` alone would count probes: each GET of a status or of metadata is an OK
there, and has an empty API in ``request_latency``."""

Pod = Mapping[str, Any]


def served(client: Client, pods: Iterable[Pod], model_name: str, port: int = REST_PORT) -> list[int]:
    """The integers that are AVAILABLE in every one of the Pods. Raises ClusterError where one of them says otherwise."""
    found = []
    for pod in pods:
        namespace, name = _key(pod)
        answer = ask(client, (namespace, name), port, f"/v1/models/{model_name}")
        states = available(answer.json())
        if not states:
            said = answer.body[:200].decode(errors="replace")
            raise ClusterError(
                f"Pod {namespace}/{name}: TensorFlow Serving has no AVAILABLE version of {model_name}; it says: {said}"
            )
        found.append(set(states))
    return sorted(set.intersection(*found)) if found else []


def available(status: Any) -> list[int]:
    """Integers in state AVAILABLE of a model status; the HTTP status says nothing about it."""
    entries = status.get("model_version_status") if isinstance(status, dict) else None
    states = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    numbers = [str(entry.get("version", "")) for entry in states if entry.get("state") == "AVAILABLE"]
    return sorted(int(number) for number in numbers if number.isdecimal())


def requests(client: Client, pod: Pod) -> float | None:
    """Requests since the Pod's server started, probes aside, or None where it has no metrics."""
    page = metrics(client, pod)
    return None if page is None else count_requests(page)


def metrics(client: Client, pod: Pod) -> str | None:
    """The metrics of a Pod's server in Prometheus' text format, or None where they cannot be had."""
    try:
        answer = ask(client, _key(pod), REST_PORT, METRICS_PATH)
    except ClusterError:
        return None
    return answer.body.decode(errors="replace") if answer.status == 200 else None


def count_requests(metrics: str) -> float:
    """Requests of clients, from a server's metrics in Prometheus' text format."""
    return sum(float(value) for pattern in (ANSWERED, REFUSED) for value in pattern.findall(metrics))


def wait_quiet(client: Client, pods: Callable[[], list[Pod]], quiet: float) -> str:
    """Return when nobody has asked the Pods for ``quiet`` seconds; the words say how that is known. Raises ClusterError.

    Callers' sidecars cannot be seen; what they send can. Where a Pod shows no counter, the time alone has to do.
    """
    start = since = time.monotonic()
    before = _counts(client, pods())
    if not before:
        return "it has no Pods"
    while True:
        now = time.monotonic()
        if now - since >= quiet:
            blind = [name for name, count in before.items() if count is None]
            return (
                f"no request for {quiet:g} s"
                if not blind
                else f"{quiet:g} s of time; {', '.join(blind)} shows no request counter"
            )
        if now - start > QUIET_LIMIT:
            raise ClusterError(
                f"still gets requests after {QUIET_LIMIT:g} s without a share; somebody calls its Service or Pods past the rule. Nothing is deleted"
            )
        time.sleep(max(0.05, min(1.0, quiet - (now - since))))
        after = _counts(client, pods())
        if any(count != before.get(name) for name, count in after.items()):
            since = time.monotonic()
        before = after


def _counts(client: Client, pods: Iterable[Pod]) -> dict[str, float | None]:
    return {pod["metadata"]["name"]: requests(client, pod) for pod in pods}


def _key(pod: Pod) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]
