"""Gateways that are more than one, that restart, and that stand still."""

from __future__ import annotations

import itertools
import time

import pytest
import requests
from mesh.load import Rest, predict
from mesh.world.ansible import ChangeFailed
from mesh.world.caller import callers, good
from mesh.world.traffic import Traffic

AT_ONCE = 60
"""Seconds that the collection may take longer because of a gateway that does not answer, when it must not wait for it: far below the 300 of wait_timeout."""


def test_proof_covers_every_gateway_pod(operator, gateway, model, traffic):
    both = model("v1", "v2", traffic="v1:100")
    with gateway.replicas(2):
        operator.model(both)
        with traffic(both) as load:
            load.gather(10)
            moved = operator.traffic(both, "v2:100")
            proved = time.monotonic()
            load.gather(60)
        load.assert_flawless()
        assert set(moved["proof"]["gateway_pods"]) == gateway.names()
        assert load.versions(since=proved) == {"v2"}


def test_gateway_that_restarts_during_a_shift(operator, gateway, model, traffic):
    """Shifts follow each other until the gateway's Pod is another one: it was replaced during the last of them."""
    both = model("v1", "v2", traffic="v1:100")
    operator.model(both)
    before, rules = gateway.names(), itertools.cycle(["v2:100", "v1:100"])
    with traffic(both) as load:
        load.gather(10)
        gateway.begin_restart()
        until = time.monotonic() + 300
        while before & gateway.names():
            assert time.monotonic() < until, f"{before} is not replaced"
            moved = operator.traffic(both, next(rules))
            assert moved["proof"]["gateway_pods"] or not before & gateway.names(), "the only one ended meanwhile"
        gateway.restarted()
        last = next(rules)
        again = operator.traffic(both, last)
        proved = time.monotonic()
        load.gather(40)
    load.assert_flawless()
    assert set(again["proof"]["gateway_pods"]) == gateway.names()
    assert load.versions(since=proved) == {last.partition(":")[0]}


def test_gateway_that_stands_still_holds_up_no_undo(operator, gateway, model, cluster, settings, namespace):
    """A shift waits for it and says so; the undo does not. The load asks the other gateway Pod, which answers all the time."""
    both = model("v1", "v2", traffic="v1:90:v2:10")
    operator.model(both)
    with gateway.replicas(2):
        sound, wedged = gateway.pods()
        url = f"http://{sound.status.pod_ip}/v1/models/{both['name']}:predict"
        with callers(cluster, settings, namespace, {"post": url}) as asking:
            with gateway.stopped(wedged.metadata.name):
                with pytest.raises(ChangeFailed, match=wedged.metadata.name):
                    operator.traffic(both, "v1:10:v2:90", wait_timeout=3)
                begun = time.monotonic()
                undone = operator.undo(both)
                took = time.monotonic() - begun
            begun = time.monotonic()
            assert not operator.traffic(both, "v1:90:v2:10")["changed"]
            usual = time.monotonic() - begun  # what a run costs by itself
            counts = good(asking["post"].answers())
    assert undone["rule"] == {"before": "v1:10:v2:90", "after": "v1:90:v2:10"} and undone["proof"] is None
    assert took < usual + AT_ONCE
    assert set(counts) == {"v1", "v2"}


def test_node_ports(operator, cluster, model, namespace):
    """The gateway's, as Kubeflow has it, and one of a model's own, which reaches the leading version only."""
    both = model("v1", "v2", traffic="v1:100", service_type="NodePort")
    operator.model(both)
    if cluster.core.read_namespaced_service("istio-ingressgateway", "istio-system").spec.type != "NodePort":
        pytest.skip("the gateway of this cluster has no node port")
    node = cluster.node_address()
    ports = {
        port.name: port.node_port for port in cluster.core.read_namespaced_service(both["name"], namespace).spec.ports
    }
    url = f"http://{node}:{ports['http-tf-serving']}/v1/models/{both['name']}"
    _wait_for_port(url)
    with Traffic({"own": Rest(f"{url}:predict", predict(1.0))}) as load:
        load.gather(40)
    load.assert_flawless()
    assert load.versions() == {"v1"}
    http = cluster.core.read_namespaced_service("istio-ingressgateway", "istio-system").spec.ports
    port = next(entry.node_port for entry in http if entry.port == 80)
    answer = requests.get(f"http://{node}:{port}/v1/models/{both['name']}", timeout=10)
    assert answer.status_code == 200


def _wait_for_port(url: str, seconds: float = 30) -> None:
    """Wait until the nodes know a port that is new: nobody can have been served by it before."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
