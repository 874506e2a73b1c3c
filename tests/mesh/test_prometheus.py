"""What the proxies counted, read from a real Prometheus: to the request, whatever happens to proxies and series."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator

import pytest
from mesh.world.cluster import Cluster
from mesh.world.exposition import Answers, Exposition, exposed
from mesh.world.settings import Settings

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._prometheus import Prometheus, PrometheusError
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counters, Counts, counts
from ansible_collections.tfserving.istio.plugins.module_utils._spec.prometheus import PROMETHEUS

V1, V2 = "mnist-v1.kubeflow.svc.cluster.local", "mnist-v2.kubeflow.svc.cluster.local"
PAGES = {
    "left": [
        [Answers(V1, 1000, slow=100), Answers(V1, 50, code="500")],
        # Golden requests have gone to the candidate, unseen by the last scrape before the shift.
        [Answers(V1, 1000, slow=100), Answers(V1, 50, code="500"), Answers(V2, 8, slow=8)],
        [
            Answers(V1, 1100, slow=100),
            Answers(V1, 51, code="500"),
            Answers(V2, 108, slow=18),
            Answers(V2, 3, code="503", flags="UH"),
            Answers(V2, 2, code="0", flags="DC"),
            Answers(V2, 4, slow=4, status="14"),
            Answers(V2, 6, status="5"),
            Answers(V2, 1, flags="UC"),
            Answers(V2, 5, code="404"),
            Answers(V2, 9, slow=9, code="429", flags="RL"),
        ],
        # It was restarted: of what it counts, nothing was there before.
        [Answers(V1, 7), Answers(V2, 5, slow=1), Answers(V2, 2, code="503", flags="UH")],
    ],
    "right": [
        [Answers(V1, 500)],
        [Answers(V1, 500), Answers(V2, 8)],
        [Answers(V1, 520), Answers(V2, 28)],
        [Answers(V1, 520), Answers(V2, 30)],
    ],
}
PATIENCE = 20.0


@pytest.fixture(scope="module")
def shown(cluster: Cluster, settings: Settings) -> Iterator[Exposition]:
    """The proxies, at their first page."""
    with exposed(cluster, settings, f"exposition-{int(time.time())}", PAGES) as proxies:
        yield proxies


@pytest.fixture(scope="module")
def prometheus(shown: Exposition, client: Client) -> Prometheus:
    """Through the API server, with all proxies scraped at their first page."""
    prometheus = Prometheus(PROMETHEUS(shown.service), client)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if prometheus.value("sum(istio_requests_total)") == 1550:
                return prometheus
        except PrometheusError:  # its Service may lack endpoints for a moment
            pass
        time.sleep(0.2)
    raise AssertionError(f"not scraped: {prometheus.value('sum(istio_requests_total)')}")


def follow(prometheus: Prometheus, counters: Counters, v1: Counts, v2: Counts) -> Counters:
    """Look, each time from what was kept of the look before, until the counts are as awaited; they stay so for two more scrapes."""
    until, settled = time.monotonic() + PATIENCE, None
    while True:
        counters = prometheus.look(Counters(**json.loads(json.dumps(dataclasses.asdict(counters)))))
        found = counts(counters, V1), counts(counters, V2)
        if found != (v1, v2):
            assert settled is None and time.monotonic() < until, f"counted {found}"
        elif settled is None:
            settled = counters.seen
        elif counters.seen >= settled + 2:
            return counters
        time.sleep(0.3)


def test_requests_failures_and_slow_answers_since_the_shift(shown: Exposition, prometheus: Prometheus):
    shown.turn(1)
    counters = Counters(prometheus.time(), {host: {"destination_service": host} for host in (V1, V2)}, [250.0])
    until = time.monotonic() + PATIENCE
    while len(counters.begun) < 4:  # a counter and a histogram of each proxy
        counters = prometheus.look(counters)
        assert time.monotonic() < until, counters
        time.sleep(0.3)
    nothing = Counts(0, 0, 0, {"250": 0})
    assert (counts(counters, V1), counts(counters, V2)) == (nothing, nothing), "golden requests do not count"

    shown.turn(2)
    counters = follow(prometheus, counters, Counts(121, 1, 121, {"250": 0}), Counts(141, 10, 141, {"250": 14}))
    shown.turn(3)
    follow(prometheus, counters, Counts(128, 1, 128, {"250": 0}), Counts(150, 12, 150, {"250": 15}))


def refusal(prometheus: Prometheus, query: str) -> str:
    with pytest.raises(PrometheusError) as error:
        prometheus.value(query)
    return str(error.value)


def test_what_prometheus_refuses(shown: Exposition, prometheus: Prometheus):
    assert "rejects the query sum(: " in refusal(prometheus, "sum(")
    assert "parse error" in refusal(prometheus, "sum(")
    assert "gives NaN, which is no evidence" in refusal(prometheus, "vector(0) / 0")
    assert "series and not one number" in refusal(prometheus, "istio_requests_total")
    assert "gives a matrix and not one number" in refusal(prometheus, "istio_requests_total[1m]")
    assert prometheus.value("there_is_no_such_metric") is None
    with pytest.raises(PrometheusError, match="a selector of series is needed"):
        prometheus.samples("1")


def test_a_boundary_that_is_no_bucket(prometheus: Prometheus):
    prometheus.check_boundaries([0.5, 250.0, 1800000.0])
    with pytest.raises(
        PrometheusError, match=r"^300 ms is no bucket .*; take one of 0\.5, 1, 5, .*, 250, 500, .*3600000 as"
    ):
        prometheus.check_boundaries([300.0])


def test_a_service_that_is_not_there(shown: Exposition, prometheus: Prometheus, client: Client):
    def said(service: str) -> str:
        return refusal(Prometheus(PROMETHEUS(f"{shown.namespace}/{service}"), client), "up")

    assert 'services "promotheus" not found' in said("promotheus:9090")
    assert "no service port 9091 found" in said("prometheus:9091")
    assert "check that its Pods are ready and the port is right" in said("https:prometheus:9090")
    assert "has no /api/v1/query (404); does its address have a path?" in said("prometheus:9090/prometheus")


def test_by_its_address(shown: Exposition, prometheus: Prometheus, cluster: Cluster, settings: Settings):
    if not settings.sandbox:
        pytest.skip("addresses of Services are reached from here on the sandbox only")
    address = cluster.core.read_namespaced_service("prometheus", shown.namespace).spec.cluster_ip
    assert Prometheus(PROMETHEUS(f"http://{address}:9090")).value("count(up)") == 2
    assert "has no /api/v1/query" in refusal(Prometheus(PROMETHEUS(f"http://{address}:9090/elsewhere")), "up")
