"""Gateway Pods are asked through an API server's Pod proxy; what only a real one can show is tested on it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils import _proof
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.reach import ask
from ansible_collections.tfserving.istio.plugins.module_utils._gateways import Entrance
from ansible_collections.tfserving.istio.tests.unit.support import fixtures
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer

PODS = "/api/v1/namespaces/istio-system/pods"
PATH = "/v1/models/mnist"
AVAILABLE = {"model_version_status": [{"version": "1", "state": "AVAILABLE"}]}
LOADING = {"model_version_status": [{"version": "1", "state": "LOADING"}]}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, server: ApiServer) -> None:
    monkeypatch.setattr(_proof, "SETTLE", 0.01)
    monkeypatch.setattr(_proof, "INTERVAL", 0.01)
    server.answer(404, fixtures.refused("missing_object"))


def gateway(name: str) -> Entrance:
    return Entrance("istio-system", name, 8080, False, "", PATH)


def proxy(name: str) -> str:
    return f"{PODS}/{name}:8080/proxy{PATH}"


def pod(name: str, ready: str = "True") -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "istio-system"},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def test_every_gateway_pod_has_to_show_the_new_routes(client: Client, server: ApiServer):
    server.at("GET", proxy("a"), (200, b"new"))
    server.at("GET", proxy("b"), (200, b"old"), (404, b""), (200, b"new"))
    proof = _proof.prove_rule(client, [gateway("a"), gateway("b")], "new", 10)
    assert (proof.transport, proof.pods) == ("pod proxy", ("istio-system/a", "istio-system/b"))
    assert len([path for path in server.sent("GET") if path == proxy("b")]) == 3
    assert server.requests[0]["headers"]["x-tfserving-rule"] == "digest"


def test_a_gateway_pod_that_keeps_other_routes_is_named(client: Client, server: ApiServer):
    server.at("GET", proxy("a"), (200, b"new"))
    server.at("GET", proxy("b"), (200, b"old"))
    with pytest.raises(ClusterError, match=r"^gateway Pod istio-system/b: it still has other routes, 0\.2 s after"):
        _proof.prove_rule(client, [gateway("a"), gateway("b")], "new", 0.2)


def test_a_wedged_gateway_pod_that_still_gets_requests_holds_the_proof_up(client: Client, server: ApiServer):
    server.at("GET", proxy("a"), (200, b"new"))
    server.at("GET", proxy("b"), (503, {"kind": "Status", "message": "no route to host"}))
    server.at("GET", f"{PODS}/b", (200, pod("b")))
    with pytest.raises(ClusterError, match="gateway Pod istio-system/b: cannot reach port 8080"):
        _proof.prove_rule(client, [gateway("a"), gateway("b")], "new", 0.5)


@pytest.mark.parametrize("answer", [(404, fixtures.refused("missing_object")), (200, pod("b", "False"))])
def test_a_gateway_pod_that_is_gone_or_gets_no_requests_need_not_answer(
    client: Client, server: ApiServer, answer: tuple[int, Any]
):
    server.at("GET", proxy("a"), (200, b"new"))
    server.at("GET", proxy("b"), (503, {"kind": "Status", "message": "no route to host"}))
    server.at("GET", f"{PODS}/b", answer)
    assert _proof.prove_rule(client, [gateway("a"), gateway("b")], "new", 10).pods == ("istio-system/a",)


def test_no_gateway_pod_means_time_and_says_so(client: Client):
    proof = _proof.prove_rule(client, [], "new", 10)
    assert proof.transport == "settle time of 0.01 s"
    assert proof.notes == ("there is no gateway Pod to ask",)


def test_a_preview_has_to_say_that_its_model_is_available(client: Client, server: ApiServer):
    server.at("GET", proxy("a"), (503, b"no healthy upstream"), (200, LOADING), (200, AVAILABLE))
    assert _proof.prove_answer(client, [gateway("a")], "secret-v2", 10).pods == ("istio-system/a",)
    assert server.requests[0]["headers"]["x-tfserving-preview"] == "secret-v2"
    assert len(server.sent("GET")) == 3


def test_a_preview_that_never_serves_says_what_it_answers(client: Client, server: ApiServer):
    server.at("GET", proxy("a"), (503, b"no healthy upstream"))
    with pytest.raises(ClusterError, match="the preview answers 503: no healthy upstream"):
        _proof.prove_answer(client, [gateway("a")], "secret-v2", 0.1)


def test_an_error_of_the_pod_itself_is_its_answer(client: Client, server: ApiServer):
    server.at("GET", proxy("a"), (404, {"error": "Servable not found"}))
    answer = ask(client, ("istio-system", "a"), 8080, PATH)
    assert (answer.status, answer.json()) == (404, {"error": "Servable not found"})


def test_neither_way_leads_to_a_pod(client: Client, server: ApiServer):
    server.answer(500, {"kind": "Status", "message": "dial tcp: connection refused"})
    with pytest.raises(ClusterError, match="Pod istio-system/a, neither by Pod proxy nor by port-forward"):
        ask(client, ("istio-system", "a"), 8080, PATH)


def test_a_host_or_tls_cannot_go_by_the_proxy(client: Client, server: ApiServer):
    for how in ({"host": "a.com"}, {"tls": True}):
        with pytest.raises(ClusterError):
            ask(client, ("istio-system", "a"), 8080, PATH, **how)
    assert not any("/proxy/" in path for path in server.sent("GET"))


def test_who_may_not_ask_any_gateway_pod_waits_and_is_told_what_to_grant(client: Client, server: ApiServer):
    server.answer(403, fixtures.refused("forbidden"))
    proof = _proof.prove_rule(client, [gateway("a"), gateway("b")], "new", 10)
    assert proof.transport == "settle time of 0.01 s"
    assert "grant create on pods/portforward or get on pods/proxy" in proof.notes[0]
