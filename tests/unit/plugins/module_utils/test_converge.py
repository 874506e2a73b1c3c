"""Plans carried out over HTTP, against a server that stores what is applied."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils import _proof
from ansible_collections.tfserving.istio.plugins.module_utils._cluster import watch
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._model import converge_models
from ansible_collections.tfserving.istio.plugins.module_utils._model_info import read_info
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._traffic import converge_traffic
from ansible_collections.tfserving.istio.tests.unit.support import fixtures
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, listing
from ansible_collections.tfserving.istio.tests.unit.support.cluster import owned_by_us
from ansible_collections.tfserving.istio.tests.unit.support.models import mnist

MODEL = {
    "state": "present",
    "purge": False,
    "wait": False,
    "wait_timeout": 5.0,
    "quiet": 0.0,
    "force": False,
}
TRAFFIC = {
    "namespace": "kubeflow",
    "name": "mnist",
    "rule": None,
    "state": "present",
    "wait_timeout": 5.0,
    "force": False,
}
LIST = re.compile(r"/apis?/.*?(v[0-9]+)/(?:namespaces/kubeflow/)?([a-z]+)")


class Store:
    """Every object of one namespace by its path; an apply replaces, a selector is not looked at."""

    def __init__(self, server: ApiServer) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.refused: dict[str, tuple[int, Any]] = {}
        """Answers to writes, by the end of their path."""
        server.fallback = self.answer

    def answer(self, request: dict[str, Any]) -> tuple[int, Any]:
        path = request["path"].split("?")[0]
        method = request["method"]
        for end, answer in self.refused.items():
            if method in ("PATCH", "DELETE") and path.endswith(end):
                return answer
        if method == "PATCH":
            entry = json.loads(request["body"])
            managed = {"managedFields": [owned_by_us(entry)]}
            entry["metadata"] |= managed | {
                "resourceVersion": "2",
                "uid": path,
                "creationTimestamp": "2026-01-01T00:00:00Z",
            }
            self.objects[path] = entry
            return 200, entry
        if method == "DELETE":
            return (200, {}) if self.objects.pop(path, None) else (404, fixtures.refused("missing_object"))
        if kind := LIST.fullmatch(path):
            return 200, listing(*(e for p, e in self.objects.items() if p.split("/")[-2] == kind[2]))
        if path in self.objects:
            return 200, self.objects[path]
        return 404, fixtures.refused("missing_object")

    def add(self, kind: str, name: str, **entry: Any) -> None:
        """An object that a controller makes."""
        plural, base = {
            "Pod": ("pods", "/api/v1"),
            "EndpointSlice": ("endpointslices", "/apis/discovery.k8s.io/v1"),
        }[kind]
        metadata = {"name": name, "namespace": "kubeflow", "resourceVersion": "1", **entry.pop("metadata", {})}
        self.objects[f"{base}/namespaces/kubeflow/{plural}/{name}"] = {"metadata": metadata, **entry}

    def serve(self, version: str) -> None:
        """A ready Pod and endpoint of a version of mnist."""
        labels = {"app": "mnist", "version": version, "app.kubernetes.io/managed-by": "tfserving.istio"}
        conditions = [{"type": "Ready", "status": "True"}]
        pod = f"mnist-{version}-x"
        self.add("Pod", pod, metadata={"labels": labels}, status={"conditions": conditions})
        points = [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "targetRef": {"name": pod}}]
        named = {**labels, "kubernetes.io/service-name": f"mnist-{version}"}
        self.add("EndpointSlice", f"mnist-{version}-x", metadata={"labels": named}, endpoints=points)
        done = {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "availableReplicas": 1,
            "readyReplicas": 1,
        }
        path = f"/apis/apps/v1/namespaces/kubeflow/deployments/mnist-{version}"
        if path in self.objects:
            self.objects[path]["status"] = done


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_proof, "SETTLE", 0.01)
    monkeypatch.setattr(watch, "LOST", 0.01)


@pytest.fixture
def store(server: ApiServer) -> Store:
    return Store(server)


def model(client: Client, *models: dict[str, Any], check: bool = False, **keys: Any) -> dict[str, Any]:
    return converge_models(client, {**MODEL, "models": list(models) or [mnist()], **keys}, check)


def other(**keys: Any) -> dict[str, Any]:
    return {**mnist(), "name": "other", **keys}


def writes(server: ApiServer) -> list[str]:
    return [*server.sent("PATCH"), *server.sent("DELETE"), *server.sent("POST")]


def test_check_mode_plans_and_sends_no_write(client: Client, server: ApiServer, store: Store):
    result = model(client, check=True)
    assert writes(server) == []
    assert result["changed"] is True
    assert "kubeflow/mnist: no rule -> v1:100" in result["diff"]["prepared"]


def test_a_first_deployment_writes_the_rule_before_what_delegates_to_it(
    client: Client, server: ApiServer, store: Store
):
    result = model(client)
    assert result["changed"] is True
    assert "failed" not in result
    routes = [path.rsplit("/", 1)[1] for path in server.sent("PATCH") if "virtualservices" in path]
    assert routes == ["mnist-rule", "mnist", "mnist-mesh"]


def test_one_model_that_fails_goes_no_further_and_the_others_do(client: Client, server: ApiServer, store: Store):
    store.refused["deployments/mnist-v1"] = (422, fixtures.refused("invalid"))
    result = model(client, mnist(), other())
    assert result["failed"] is True
    assert result["msg"].startswith("kubeflow/mnist: cannot write Deployment kubeflow/mnist-v1: ")
    assert "other" not in result["msg"]
    routes = {path.rsplit("/", 1)[1] for path in server.sent("PATCH") if "virtualservices" in path}
    assert routes == {"other-rule", "other", "other-mesh"}


def test_a_route_that_is_refused_stops_what_delegates_to_it(client: Client, server: ApiServer, store: Store):
    store.refused["virtualservices/mnist-rule"] = (409, fixtures.refused("field_manager_conflict"))
    result = model(client)
    assert "another field manager owns" in result["msg"]
    assert [path.rsplit("/", 1)[1] for path in server.sent("PATCH") if "virtualservices" in path] == ["mnist-rule"]


def test_an_object_of_somebody_else_is_refused_before_anything_is_written(
    client: Client, server: ApiServer, store: Store
):
    theirs = {"metadata": {"name": "mnist", "namespace": "kubeflow", "labels": {}}}

    def services(request: dict[str, Any]) -> tuple[int, Any]:
        return 200, listing(*([theirs] if "%21%3D" in request["path"] else []))

    server.at("GET", "/api/v1/namespaces/kubeflow/services", services)
    with pytest.raises(SpecError, match="kubeflow/mnist: Service mnist exists and was not created by this collection"):
        model(client)
    assert writes(server) == []


def test_a_version_that_never_becomes_ready_says_why_and_traffic_stays(client: Client, server: ApiServer, store: Store):
    model(client)
    state = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    store.add(
        "Pod",
        "mnist-v2-x",
        metadata={"labels": {"app": "mnist", "version": "v2"}},
        spec={"containers": [{"name": "mnist"}]},
        status={"containerStatuses": [{"name": "mnist", "state": state}]},
    )
    log = "/api/v1/namespaces/kubeflow/pods/mnist-v2-x/log"
    server.at("GET", log, (200, b"starting\nCould not find base path /m for servable mnist\nbye\n"))
    store.serve("v1")
    server.requests.clear()
    both = mnist("v1", "v2", traffic="v1:90:v2:10")
    result = model(client, both, wait=True, wait_timeout=0.3)
    assert "kubeflow/mnist version v2 is not ready after 0.3 s" in result["msg"]
    assert "ErrImagePull: no such image" in result["msg"]
    assert 'Its log says: "Could not find base path /m for servable mnist"' in result["msg"]
    assert result["msg"].endswith("Traffic has not moved")
    assert not any("virtualservices" in path for path in writes(server))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "rule: is required"),
        ({"rule": "v1:100", "state": "previous"}, "rule: cannot be given together with state: previous"),
        ({"rule": "v1:90"}, "add up to 90, not to 100"),
        ({"rule": "v1:100", "name": "Mnist"}, "name: "),
        ({"rule": "v1:100", "namespace": "a.b"}, "namespace: "),
    ],
)
def test_what_traffic_refuses_before_it_asks_anybody(
    client: Client, server: ApiServer, given: dict[str, Any], words: str
):
    with pytest.raises(SpecError, match=re.escape(words)):
        converge_traffic(client, {**TRAFFIC, **given}, False)
    assert server.requests == []


def test_traffic_of_a_model_that_is_not_there(client: Client, store: Store):
    with pytest.raises(ClusterError, match=r"there is no model mnist in namespace kubeflow: .* deploy it first"):
        converge_traffic(client, {**TRAFFIC, "rule": "v1:100"}, False)


def shifted(client: Client, store: Store, check: bool = False, **keys: Any) -> dict[str, Any]:
    if not store.objects:
        model(client, mnist("v1", "v2", traffic="v1:100", gateway="mesh"))
        store.serve("v1")
        store.serve("v2")
    return converge_traffic(client, {**TRAFFIC, **keys}, check)


def test_a_shift_to_an_unknown_version_says_which_there_are(client: Client, store: Store):
    with pytest.raises(SpecError, match=r"names v3, .* known are v1, v2"):
        shifted(client, store, rule="v1:90:v3:10")


def test_a_shift_takes_no_more_than_five_requests(client: Client, server: ApiServer, store: Store):
    shifted(client, store, rule="v1:90:v2:10")
    server.requests.clear()
    result = shifted(client, store, rule="v1:10:v2:90")
    assert result["rule"] == {"before": "v1:90:v2:10", "after": "v1:10:v2:90"}
    assert result["proof"]["transport"].startswith("settle time")
    proof = [path for path in server.sent("GET") if path.endswith("virtualservices/mnist")]
    assert len(server.requests) - len(proof) <= 5
    assert [path.rsplit("/", 1)[1] for path in server.sent("PATCH")] == ["mnist-rule", "mnist"]


def test_an_undo_writes_once_and_brings_the_service_back(client: Client, server: ApiServer, store: Store):
    shifted(client, store, rule="v2:100")
    server.requests.clear()
    result = shifted(client, store, state="previous")
    assert result["rule"] == {"before": "v2:100", "after": "v1:100"}
    assert result["proof"] is None
    assert [path.rsplit("/", 1)[1] for path in server.sent("PATCH")] == ["mnist-rule", "mnist"]
    server.requests.clear()
    assert shifted(client, store, state="previous")["rule"]["after"] == "v1:100"


def test_what_is_live_is_told(client: Client, server: ApiServer, store: Store):
    model(client, mnist("v1", "v2", traffic="v1:90:v2:10"))
    store.serve("v1")
    proxy = "/api/v1/namespaces/kubeflow/pods/mnist-v1-x:8500/proxy/v1/models/mnist"
    server.at("GET", proxy, (200, {"model_version_status": [{"version": "7", "state": "AVAILABLE"}]}))
    (info,) = read_info(client, {"namespace": "kubeflow", "name": None, "served": True})["models"]
    assert (info["name"], info["rule"], info["declared_rule"]) == ("mnist", {"v1": 90, "v2": 10}, {"v1": 90, "v2": 10})
    assert (info["previous_rule"], info["selected"], info["problems"]) == (None, "v1", [])
    one, two = info["versions"]
    assert (one["percent"], one["ready_endpoints"], one["served"], one["model_name"]) == (90, 1, [7], "mnist")
    assert (two["percent"], two["ready_endpoints"], two["served"]) == (10, 0, None)


def test_a_server_that_does_not_answer_is_a_problem_of_its_model_alone(client: Client, server: ApiServer, store: Store):
    model(client)
    store.serve("v1")
    server.at("GET", "/api/v1/namespaces/kubeflow/pods/mnist-v1-x:8500/proxy/v1/models/mnist", (503, b"overloaded"))
    (info,) = read_info(client, {"namespace": None, "name": None, "served": True})["models"] or [None]
    assert "has no AVAILABLE version of mnist; it says: overloaded" in info["problems"][0]


def test_a_rule_that_somebody_has_edited_is_a_problem_of_its_model(client: Client, store: Store):
    model(client)
    rule = next(entry for path, entry in store.objects.items() if path.endswith("virtualservices/mnist-rule"))
    rule["spec"]["http"] = []
    (info,) = read_info(client, {"namespace": "kubeflow", "name": "mnist", "served": False})["models"]
    assert info["rule"] is None
    assert "has no route named rest; somebody has edited it" in info["problems"][0]
