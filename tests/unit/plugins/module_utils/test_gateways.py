from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils import _gateways
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._render.routes import gateway_service
from ansible_collections.tfserving.istio.tests.unit.support.models import read


def gateway(*servers: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"namespace": "kubeflow", "name": "gw"}, "spec": {"servers": list(servers)}}


def server(protocol: str = "HTTP", number: int = 80, hosts: tuple[str, ...] = ("*",), **tls: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"port": {"number": number, "protocol": protocol, "name": "p"}, "hosts": list(hosts)}
    return {**entry, "tls": tls} if tls else entry


def chosen(host: str, *servers: dict[str, Any]) -> int:
    return int(_gateways._server(gateway(*servers), host)["port"]["number"])


def test_a_plain_server_is_taken_before_a_secure_one():
    assert chosen("*", server("HTTPS", 443), server("HTTP", 80)) == 80
    assert chosen("*", server("HTTPS", 443)) == 443


def test_a_server_that_only_redirects_is_none():
    assert chosen("*", server("HTTP", 80, httpsRedirect=True), server("HTTPS", 443)) == 443


def test_a_server_of_another_protocol_or_host_is_none():
    with pytest.raises(ClusterError, match=r"Gateway kubeflow/gw has no HTTP or HTTPS server for host a\.com"):
        chosen("a.com", server("TCP", 9000), server(hosts=("b.com",)), server(hosts=("*.a.com",)))


@pytest.mark.parametrize(
    ("pattern", "host", "covers"),
    [
        ("*", "a.com", True),
        ("a.com", "a.com", True),
        ("*.com", "a.com", True),
        ("*.com", "com", False),
        ("a.com", "*", True),
        ("b.com", "a.com", False),
    ],
)
def test_which_hosts_a_server_covers(pattern: str, host: str, covers: bool):
    assert _gateways._covers(pattern, host) is covers


def test_a_server_may_name_the_namespace_of_its_hosts():
    assert chosen("a.com", server(hosts=("kubeflow/a.com",))) == 80


def test_a_host_that_a_wildcard_answers_for():
    assert _gateways._host(["*.example.com", "b.com"]) == "proof.example.com"
    assert _gateways._host(["b.com"]) == "b.com"


@pytest.mark.parametrize("path", [None, "/v1/models/mnist"])
def test_the_path_that_is_asked_is_the_one_without_a_rewrite(path: str | None):
    assert _gateways._own_path(gateway_service(read("v1", path=path))) == "/v1/models/mnist"


def test_a_route_that_somebody_edited_is_named():
    root = {"metadata": {"namespace": "kubeflow", "name": "mnist"}, "spec": {"http": [{"route": []}]}}
    with pytest.raises(ClusterError, match="VirtualService kubeflow/mnist has no route of this collection"):
        _gateways._own_path(root)


POD = {
    "metadata": {"labels": {"istio": "ingressgateway", "app": "gw"}},
    "spec": {"containers": [{"ports": [{"name": "http2", "containerPort": 8080}]}]},
}


def service(target: int | str | None, selector: dict[str, str] | None = None) -> dict[str, Any]:
    port = {"port": 80, **({} if target is None else {"targetPort": target})}
    return {"spec": {"selector": {"istio": "ingressgateway"} if selector is None else selector, "ports": [port]}}


@pytest.mark.parametrize(
    ("services", "port"),
    [
        ([service(8080)], 8080),
        ([service("http2")], 8080),
        ([service(None)], 80),
        ([service(9999, {"istio": "other"}), service(8080)], 8080),
        ([service(9999, {})], 80),
        ([], 80),
    ],
)
def test_the_port_that_the_pod_listens_on(services: list[dict[str, Any]], port: int):
    assert _gateways._listening(POD, services, 80) == port


def test_a_target_port_of_a_name_that_the_pod_has_not():
    assert _gateways._listening(POD, [service("gone")], 80) == 80
