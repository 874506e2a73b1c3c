"""Istio's resource types: there on a cluster with Istio; on a bare API server they are taken from the chart that the sandbox has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .fleet import kubectl
from .measure import Failed

FILE = "base/files/crd-all.gen.yaml"


def ensure() -> None:
    """Raise Failed where there are none and no chart is at hand."""
    probe = ["kubectl", "get", "crd", "virtualservices.networking.istio.io"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return
    charts = os.environ.get("TFSERVING_TEST_CHARTS", "")
    file = Path(charts) / FILE
    if not charts or not file.is_file():
        raise Failed(
            "This cluster has no Istio. Install it (tfserving.istio.install), or name its charts in TFSERVING_TEST_CHARTS"
        )
    kubectl("apply", "--server-side", "-f", str(file))
    kubectl(
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        "crd",
        "virtualservices.networking.istio.io",
        "destinationrules.networking.istio.io",
    )
