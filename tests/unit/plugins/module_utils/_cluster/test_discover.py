"""Objects of any kind, by what the API server says of its kinds."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.discover import discover, version
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.query import read_queries
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, listing

CORE = {
    "resources": [
        {"name": "pods/status", "kind": "Pod", "namespaced": True},
        {"name": "pods", "kind": "Pod", "namespaced": True},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False},
    ]
}
UNKNOWN = (404, {"kind": "Status", "message": "the server could not find the requested resource"})


@pytest.fixture
def api(server: ApiServer) -> ApiServer:
    server.at("GET", "/api/v1", (200, CORE))
    return server


def test_each_query_has_its_answer_under_its_name(client: Client, api: ApiServer):
    api.at(
        "GET", "/api/v1/namespaces/here/pods", (200, listing({"metadata": {"name": "a"}}, more="x")), (200, listing())
    )
    api.at("GET", "/api/v1/namespaces/here", (200, {"kind": "Namespace", "metadata": {"name": "here"}}))
    asked = {
        "web": {"kind": "Pod", "namespace": "here", "label_selectors": ["app=web", "!old"], "field_selectors": ["a=b"]},
        "home": {"kind": "Namespace", "name": "here", "namespace": "any"},
    }
    found = discover(client, read_queries(asked))
    assert found["web"] == [{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}]
    assert [entry["metadata"]["name"] for entry in found["home"]] == ["here"]
    paths = [request["path"] for request in api.requests]
    selectors = parse_qs(urlsplit(next(path for path in paths if "labelSelector" in path)).query)
    assert selectors == {"limit": ["500"], "labelSelector": ["app=web,!old"], "fieldSelector": ["a=b"]}
    assert paths.count("/api/v1") == 1, "a group is asked for its kinds once"


def test_what_is_not_there_is_empty(client: Client, api: ApiServer):
    api.at("GET", "/apis/networking.istio.io/v1", UNKNOWN)
    api.at("GET", "/api/v1/namespaces/here/pods/gone", (404, {"kind": "Status", "message": 'pods "gone" not found'}))
    asked = {
        "routes": {"api_version": "networking.istio.io/v1", "kind": "VirtualService"},
        "misspelt": {"kind": "Pods"},
        "gone": {"kind": "Pod", "namespace": "here", "name": "gone"},
    }
    assert discover(client, read_queries(asked)) == {"routes": [], "misspelt": [], "gone": []}


def test_a_lack_of_rights_is_no_empty_answer(client: Client, api: ApiServer):
    api.at("GET", "/api/v1/pods", (403, {"kind": "Status", "message": "pods is forbidden"}))
    with pytest.raises(ClusterError, match="cannot read Pods of all namespaces: not allowed: pods is forbidden"):
        discover(client, read_queries({"all": {"kind": "Pod"}}))


def test_the_version_is_that_of_the_release(client: Client, server: ApiServer):
    server.answer(200, {"major": "1", "minor": "34+", "gitVersion": "v1.34.1-eks"})
    assert version(client) == "1.34"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"knd": "Pod"}, "pods.knd: unknown key; did you mean kind?"),
        ({}, "pods.kind: is required"),
        ({"kind": "Pod", "label_selectors": "app=a"}, "pods.label_selectors: 'app=a' is not a list"),
        ("Pod", "pods: 'Pod' is not a mapping"),
    ],
)
def test_a_wrong_query_is_named(query: object, said: str):
    with pytest.raises(SpecError) as error:
        read_queries({"pods": query})
    assert said in str(error.value)
