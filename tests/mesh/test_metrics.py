"""What Prometheus has of each request: the gateway's count, that of the model server's sidecar, and the model server's own."""

from __future__ import annotations

import time

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._prometheus import Prometheus
from ansible_collections.tfserving.istio.plugins.module_utils._spec.prometheus import PROMETHEUS

PATIENCE = 90.0
"""Seconds; other clusters' Prometheus looks every 15 or 30."""


def counted(prometheus: Prometheus, series: str) -> float:
    """The sum of a counter's series, once Prometheus has looked at all of them after this call."""
    now, until = prometheus.time(), time.monotonic() + PATIENCE
    while (prometheus.value(f"min(timestamp({series}))") or 0) <= now:
        assert time.monotonic() < until, f"{series} is not scraped"
        time.sleep(0.5)
    return prometheus.value(f"sum({series})") or 0


def test_each_request_is_counted_where_it_passes(operator, client: Client, model, traffic, prometheus, sidecars):
    declared = model("v1", inject_istio=True)
    operator.model(declared)
    workload = f"{declared['name']}-v1"
    # Series: the kinds of request that it counts.
    places = {
        f'istio_requests_total{{reporter="source",source_workload="istio-ingressgateway",destination_service_name="{workload}"}}': "POST GET gRPC",
        f'istio_requests_total{{reporter="destination",destination_workload="{workload}"}}': "POST GET gRPC",
        # Its request_count has the status requests of probes in it.
        f'{{__name__=":tensorflow:serving:request_latency_count",app="{declared["name"]}",API=~"(?i)predict"}}': "POST gRPC",
    }
    asked = Prometheus(PROMETHEUS(prometheus), client)
    with traffic(declared) as load:  # before it there may be no series
        load.gather(10)
    before = {series: counted(asked, series) for series in places}
    with traffic(declared) as load:
        load.gather(60)
    load.assert_flawless()
    for series, kinds in places.items():
        sent = sum(load.loads[kind].sent for kind in kinds.split())
        assert counted(asked, series) - before[series] == sent, series
