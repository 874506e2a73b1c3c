"""How the machine starts its node agent."""

from __future__ import annotations

import sys

from sandbox.controlplane import Service
from sandbox.health import answers_https
from sandbox.layout import DNS_SERVICE_IP, MACHINE_BIN, NODE_NAME, Layout


def service(layout: Layout) -> Service:
    """Ready when the Node has registered."""
    return Service(
        "node",
        (
            sys.executable,
            "-m",
            "sandbox.node",
            "--kubeconfig",
            str(layout.kubeconfig("kubelet")),
            "--node-name",
            NODE_NAME,
            "--state",
            str(layout.run),
            "--bin",
            str(MACHINE_BIN),
            "--dns",
            DNS_SERVICE_IP,
        ),
        ready=lambda: answers_https(layout, "127.0.0.1", 6443, f"/api/v1/nodes/{NODE_NAME}"),
    )
