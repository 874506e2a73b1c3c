"""Prometheus, as the sandbox has it; another cluster brings its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .cluster import Cluster
from .settings import PREFIX, ROOT, Settings


def evidence(cluster: Cluster, settings: Settings) -> dict[str, Any]:
    """Where Prometheus is, for the option ``prometheus``; applied first where it is the sandbox's and not there yet.

    Raises KeyError, named, where another cluster's is not named: this one would take the names of Istio's own.
    """
    given = os.environ.get(PREFIX + "PROMETHEUS")
    if given or not settings.sandbox:
        return {"url": given or os.environ[PREFIX + "PROMETHEUS"]}
    cluster.kubectl("apply", "-f", str(ROOT / "tests" / "sandbox" / "prometheus.yml"))
    _serving(cluster)
    return {"service": "istio-system/prometheus:9090"}


@contextmanager
def away(cluster: Cluster) -> Iterator[None]:
    """The sandbox's is gone for the block, and serves again after it."""
    scale = ("-n", "istio-system", "scale", "deployment/prometheus")
    cluster.kubectl(*scale, "--replicas=0")
    try:
        yield
    finally:
        cluster.kubectl(*scale, "--replicas=1")
        _serving(cluster)


def _serving(cluster: Cluster) -> None:
    words = ("-n", "istio-system", "rollout", "status", "deployment/prometheus", "--timeout=300s")
    cluster.kubectl(*words, timeout=320)
