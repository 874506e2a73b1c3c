"""Prometheus, as the sandbox has it; another cluster brings its own."""

from __future__ import annotations

import os
from typing import Any

from .cluster import Cluster
from .settings import PREFIX, ROOT


def evidence(cluster: Cluster) -> dict[str, Any]:
    """Where Prometheus is, for the option ``prometheus``; applied first where it is the sandbox's and not there yet."""
    given = os.environ.get(PREFIX + "PROMETHEUS")
    if given:
        return {"url": given}
    cluster.kubectl("apply", "-f", str(ROOT / "tests" / "sandbox" / "prometheus.yml"))
    cluster.kubectl("-n", "istio-system", "rollout", "status", "deployment/prometheus", "--timeout=60s")
    return {"service": "istio-system/prometheus:9090"}
