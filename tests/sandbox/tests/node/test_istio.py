"""Istio on the machine: how long its official charts take until the gateway routes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import yaml
from harness.patience import busy

from sandbox.layout import NODE_IP, PACKAGE

from .conftest import START_WITHIN, Cluster

# Seconds, with every program in the cache, on a computer that is not busy.
GATEWAY_WITHIN = 20.0
GIVEN = yaml.safe_load((PACKAGE.parent / "istio-values.yml").read_text())
CHARTS = GIVEN["mesh_charts"]
NODE_PORT = 31380
PORTS = [{"name": "http2", "port": 80, "targetPort": 80, "protocol": "TCP", "nodePort": NODE_PORT}]

ROUTE = [
    {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "all"},
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
        },
    },
    {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "hello"},
        "spec": {
            "hosts": ["*"],
            "gateways": ["all"],
            "http": [{"directResponse": {"status": 200, "body": {"string": "routed"}}}],
        },
    },
]

# Asks until it is answered: the address is the machine's own.
ASK = f"""
import time, urllib.request
while True:
    try:
        print(urllib.request.urlopen("http://{NODE_IP}:{NODE_PORT}/", timeout=2).read().decode())
        break
    except OSError:
        time.sleep(0.1)
"""


def test_the_gateway_routes_in_time(unstarted: Cluster, tmp_path: Path) -> None:
    def install(name: str, chart: str, *words: str) -> None:
        place = ["--namespace", "istio-system", "--create-namespace"]
        unstarted.succeed("run", "helm", "install", name, f"{CHARTS}/{chart}", *place, *words)

    istiod, gateway = tmp_path / "istiod.yml", tmp_path / "gateway.yml"
    istiod.write_text(yaml.safe_dump(GIVEN["mesh_values"]["istiod"]))
    gateway.write_text(yaml.safe_dump({"service": {"type": "NodePort", "ports": PORTS}}))
    unstarted.succeed("up", timeout=START_WITHIN)
    begun = time.monotonic()
    install("istio-base", "base")
    install("istiod", "istio-control/istio-discovery", "-f", str(istiod), "--wait")
    install("istio-ingressgateway", "gateway", "-f", str(gateway))
    unstarted.apply(*ROUTE)
    assert unstarted.succeed("run", sys.executable, "-c", ASK) == "routed\n"
    took = time.monotonic() - begun
    print(f"the gateway routes {took:.1f} s after the machine is ready")
    assert took < GATEWAY_WITHIN * busy()
