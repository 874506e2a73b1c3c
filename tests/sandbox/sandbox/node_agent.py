"""How the machine starts its node agent."""

from __future__ import annotations

import json
import sys

from sandbox.controlplane import Service
from sandbox.health import get_https
from sandbox.layout import API_PORT, DNS_SERVICE_IP, MACHINE_BIN, NODE_IP, NODE_NAME, Layout


def service(layout: Layout) -> Service:
    """Works once its Node is ready."""
    options = {
        "kubeconfig": str(layout.kubeconfig("kubelet")),
        "node-name": NODE_NAME,
        "state": str(layout.run),
        "bin": str(MACHINE_BIN),
        "dns": DNS_SERVICE_IP,
    }
    command = (sys.executable, "-m", "sandbox.node", *(f"--{name}={value}" for name, value in options.items()))
    return Service("node", command, ready=lambda: _node_is_ready(layout))


def _node_is_ready(layout: Layout) -> bool:
    answer = get_https(layout, NODE_IP, API_PORT, f"/api/v1/nodes/{NODE_NAME}")
    conditions = json.loads(answer).get("status", {}).get("conditions", []) if answer else []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
