"""What an Envoy routes by, from dumps of a real gateway Pod (Istio 1.31, Envoy 1.40)."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils import _config_dump, _proof
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.reach import Answer
from ansible_collections.tfserving.istio.plugins.module_utils._config_dump import Admin, prove_weights, rules
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.fixtures import FOLDER

SERVICE: dict[str, Any] = {
    "kind": "VirtualService",
    "metadata": {"name": "mnist-routes", "namespace": "kubeflow"},
    "spec": {"gateways": ["kubeflow-gateway"]},
}
VERSIONS = {("mnist", "kubeflow", "v1"): "v1", ("mnist", "kubeflow", "v2"): "v2"}


def dump(name: str) -> Any:
    return json.loads((FOLDER / "envoy" / f"{name}.json").read_text())


def said(found: Any, route: str | None = "predictions", service: Any = None) -> list[str]:
    return [str(rule) for rule in rules(found, service or SERVICE, route, VERSIONS)]


def test_weights_are_read_of_every_match_of_the_route():
    assert said(dump("shared")) == ["v1:80:v2:20", "v1:80:v2:20"]


def test_a_destination_without_a_share_is_not_there():
    assert said(dump("one")) == ["v1:100", "v1:100"]


def test_a_single_cluster_has_everything():
    found = dump("one")
    for config in found["configs"]:
        for host in config["route_config"]["virtual_hosts"]:
            for route in host["routes"]:
                clusters = route.get("route", {}).pop("weighted_clusters", None)
                if clusters:
                    route["route"]["cluster"] = clusters["clusters"][0]["name"]
    assert said(found) == ["v1:100", "v1:100"]


def test_routes_of_others_do_not_count():
    other = copy.deepcopy(SERVICE)
    other["metadata"]["name"] = "routes"
    assert (
        said(dump("shared"), service=other)
        == said(dump("shared"), "prediction")
        == said(dump("shared"), "health")
        == []
    )
    assert said(dump("shared"), None) == ["v1:80:v2:20", "v1:80:v2:20"], "a route that answers by itself has no weights"


def test_an_unknown_destination_is_no_rule():
    assert rules(dump("shared"), SERVICE, "predictions", {("mnist", "kubeflow", "v1"): "v1"}) == [None, None]


@pytest.mark.parametrize("nothing", [None, [], {}, {"configs": None}, {"configs": [{"route_config": {}}, {}]}])
def test_what_is_no_dump_has_no_routes(nothing: Any):
    assert said(nothing) == []


@pytest.fixture
def pods(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What each gateway Pod answers, one after the other; the port-forward itself is tried in tests/mesh."""
    answers: dict[str, list[Any]] = {}
    monkeypatch.setattr(_proof, "SETTLE", 0.01)
    monkeypatch.setattr(_proof, "INTERVAL", 0.01)
    monkeypatch.setattr(_config_dump, "gateway_pods", lambda *_: [("istio-system", name) for name in answers])

    def get(self: Admin, *_args: Any, **_more: Any) -> Answer:
        left = answers[self.pod]
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return Answer(200, json.dumps(dump(found)).encode(), "config dump by port-forward")

    monkeypatch.setattr(Admin, "get", get)
    monkeypatch.setattr(Admin, "still_there", lambda self, _client: self.pod != "gone")
    return answers


def prove(client: Client, timeout: float = 5.0) -> Any:
    return prove_weights(client, SERVICE, "predictions", VERSIONS, read_rule("v1:80:v2:20"), timeout)


def test_every_gateway_pod_has_to_have_the_weights(client: Client, pods: dict[str, list[Any]]):
    pods |= {"a": ["shared"], "b": ["one", "one", "shared"], "gone": [ClusterError("no such Pod")]}
    proof = prove(client)
    assert (proof.transport, proof.pods) == ("config dump by port-forward", ("istio-system/a", "istio-system/b"))


def test_one_that_keeps_others_is_named(client: Client, pods: dict[str, list[Any]]):
    pods |= {"a": ["shared"], "b": ["one"]}
    with pytest.raises(ClusterError, match=r"gateway Pod istio-system/b: it still routes by v1:100, 0\.2 s after"):
        prove(client, 0.2)


def test_one_without_an_admin_listener_is_named(client: Client, pods: dict[str, list[Any]]):
    pods |= {"a": [ClusterError("cannot reach port 15000 of Pod istio-system/a")]}
    with pytest.raises(ClusterError, match="gateway Pod istio-system/a: cannot reach port 15000"):
        prove(client, 0.2)


def test_without_the_right_or_without_a_gateway_time_has_to_do(client: Client, pods: dict[str, list[Any]]):
    assert prove(client).notes == (
        "VirtualService kubeflow/mnist-routes is bound to no gateway that has Pods; sidecars of callers are not asked",
    )
    pods |= {"a": [ClusterError("forbidden", 403)]}
    proof = prove(client)
    assert proof.transport.startswith("settle time") and "pods/portforward" in proof.notes[0]
