"""Lists, applies and deletions as they go over the wire."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError, Conflict, NotFound
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.read import (
    get,
    list_kind,
    own_objects,
    strangers,
)
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.write import apply, delete
from ansible_collections.tfserving.istio.tests.unit.support import fixtures
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, listing

SERVICES = "/api/v1/namespaces/kubeflow/services"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "mnist", "namespace": "kubeflow", "uid": "u-1"},
    "spec": {},
}


def query(server: ApiServer, index: int = -1) -> dict[str, list[str]]:
    return parse_qs(urlsplit(server.requests[index]["path"]).query)


def named(name: str, namespace: str = "kubeflow") -> dict[str, dict[str, str]]:
    return {"metadata": {"name": name, "namespace": namespace}}


def test_a_list_is_read_page_by_page_and_its_items_say_what_they_are(client: Client, server: ApiServer):
    server.at("GET", SERVICES, (200, listing(named("a"), more="next")), (200, listing(named("b"))))
    found = list_kind(client, "Service", "kubeflow", "a=b")
    assert [(entry["kind"], entry["apiVersion"], entry["metadata"]["name"]) for entry in found] == [
        ("Service", "v1", "a"),
        ("Service", "v1", "b"),
    ]
    assert query(server, 0) == {"limit": ["500"], "labelSelector": ["a=b"]}
    assert query(server, 1) == {"limit": ["500"], "labelSelector": ["a=b"], "continue": ["next"]}


def test_an_empty_list_may_be_null(client: Client, server: ApiServer):
    server.answer(200, {"metadata": {}, "items": None})
    assert list_kind(client, "Deployment") == []
    assert server.sent("GET") == ["/apis/apps/v1/deployments"]


def test_an_answer_without_a_list_asks_whether_that_is_an_api_server(client: Client, server: ApiServer):
    server.answer(200, {"ok": True})
    with pytest.raises(ClusterError, match=r"is http://.* a Kubernetes API server"):
        list_kind(client, "Service", "kubeflow")


def test_an_object_that_is_not_there_is_none_and_a_kind_that_is_not_there_is_an_error(
    client: Client, server: ApiServer
):
    server.answer(404, fixtures.refused("missing_object"))
    assert get(client, "Service", "kubeflow", "mnist") is None
    server.answer(404, fixtures.refused("missing_kind"))
    with pytest.raises(NotFound, match="Istio's resource types are not installed"):
        get(client, "VirtualService", "kubeflow", "mnist")


def test_own_objects_are_asked_for_by_label_and_autoscalers_without(client: Client, server: ApiServer):
    server.answer(200, listing())
    assert own_objects(client, ["kubeflow"], ["Service", "HorizontalPodAutoscaler"]) == []
    selectors = {request["path"].split("?")[0].rsplit("/", 1)[1]: request["path"] for request in server.requests}
    assert "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dtfserving.istio" in selectors["services"]
    assert "labelSelector" not in selectors["horizontalpodautoscalers"]


def test_a_missing_kind_counts_as_empty_only_where_that_is_asked_for(client: Client, server: ApiServer):
    server.answer(404, fixtures.refused("missing_kind"))
    assert own_objects(client, ["kubeflow"], ["VirtualService"], missing_crds=True) == []
    with pytest.raises(NotFound):
        own_objects(client, ["kubeflow"], ["VirtualService"])


def test_strangers_are_found_by_names_alone(client: Client, server: ApiServer):
    server.at("GET", SERVICES, (200, listing(named("mnist"), named("other"))))
    found = strangers(client, [("Service", "kubeflow", "mnist"), ("Service", "kubeflow", "mnist-v1")])
    assert [entry["metadata"]["name"] for entry in found] == ["mnist"]
    (request,) = server.requests
    assert "PartialObjectMetadataList" in request["headers"]["Accept"]
    assert query(server)["labelSelector"] == ["app.kubernetes.io/managed-by!=tfserving.istio"]


@pytest.mark.parametrize(("force", "text"), [(False, "false"), (True, "true")])
def test_an_apply_names_its_manager_and_whether_it_takes_fields(
    client: Client, server: ApiServer, force: bool, text: str
):
    server.answer(200, SERVICE)
    assert apply(client, SERVICE, force) == SERVICE
    (request,) = server.requests
    assert (request["method"], request["path"].split("?")[0]) == ("PATCH", f"{SERVICES}/mnist")
    assert request["headers"]["Content-Type"] == "application/apply-patch+yaml"
    assert query(server) == {"fieldManager": ["tfserving.istio"], "force": [text]}
    assert json.loads(request["body"]) == SERVICE


def test_an_apply_under_a_version_carries_it_and_leaves_what_was_given_alone(client: Client, server: ApiServer):
    server.answer(200, SERVICE)
    apply(client, SERVICE, resource_version="7")
    assert json.loads(server.requests[0]["body"])["metadata"]["resourceVersion"] == "7"
    assert "resourceVersion" not in SERVICE["metadata"]


def test_a_stale_version_and_a_field_of_another_manager_are_told_apart(client: Client, server: ApiServer):
    server.answer(409, fixtures.refused("stale_resource_version"))
    with pytest.raises(Conflict, match="changed by somebody else in between; run again"):
        apply(client, SERVICE, resource_version="7")
    server.answer(409, fixtures.refused("field_manager_conflict"))
    with pytest.raises(ClusterError, match="another field manager owns what is to be written") as error:
        apply(client, SERVICE)
    assert not isinstance(error.value, Conflict)


def test_the_very_object_that_was_read_is_deleted(client: Client, server: ApiServer):
    server.answer(200, {})
    assert delete(client, SERVICE) is True
    body = json.loads(server.requests[0]["body"])
    assert body == {"preconditions": {"uid": "u-1"}, "propagationPolicy": "Background"}


def test_what_is_gone_already_need_not_be_deleted(client: Client, server: ApiServer):
    server.answer(404, fixtures.refused("missing_object"))
    assert delete(client, SERVICE) is False


def test_an_object_that_took_its_place_is_not_deleted(client: Client, server: ApiServer):
    server.answer(409, fixtures.refused("stale_resource_version"))
    with pytest.raises(Conflict):
        delete(client, SERVICE)
