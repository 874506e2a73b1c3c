"""A view of a namespace that is kept by watches, also when they are lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster import watch
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.tests.unit.support import fixtures
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, events, listing

PODS = "/api/v1/namespaces/kubeflow/pods"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOST", 0.01)


def pod(name: str, version: str = "1", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "kubeflow", "resourceVersion": version}, "status": status}


def seen(client: Client, done: Callable[[set[str]], bool], timeout: float = 10) -> set[str]:
    return set(watch.wait(client, "kubeflow", ["Pod"], "a=b", lambda s: done(set(s["Pod"])), timeout)["Pod"])


def test_what_is_there_already_needs_no_watch_to_speak(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing(pod("a"))))
    assert seen(client, lambda names: names == {"a"}) == {"a"}


def test_changes_come_by_the_watch_from_where_the_list_ended(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing(pod("a"), version="7")))
    server.at("WATCH", PODS, (200, events(("ADDED", pod("b", "8")), ("DELETED", pod("a", "9")))))
    assert seen(client, lambda names: names == {"b"}) == {"b"}
    first = next(request["path"] for request in server.requests if "watch=true" in request["path"])
    assert "resourceVersion=7" in first
    assert "labelSelector=a%3Db" in first


def test_a_watch_that_ended_in_good_order_goes_on_from_its_last_event(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing(pod("a"))))
    server.at("WATCH", PODS, (200, events(("MODIFIED", pod("a", "5")))), (200, events(("ADDED", pod("b", "6")))))
    assert seen(client, lambda names: "b" in names) == {"a", "b"}
    assert len(server.sent("GET")) - sum("watch=true" in request["path"] for request in server.requests) == 1
    assert any(
        "watch=true" in request["path"] and "resourceVersion=5" in request["path"] for request in server.requests
    )


@pytest.mark.parametrize(
    "answer",
    [
        (410, b""),
        (500, b""),
        (200, events(("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"}))),
        (200, b'{"type": "ADD\n'),
        (200, b"null\n"),
    ],
)
def test_a_watch_that_is_lost_is_followed_by_another_list(client: Client, server: ApiServer, answer: tuple[int, bytes]):
    server.at("GET", PODS, (200, listing(pod("a"), pod("b"))), (200, listing(pod("b"), pod("c"), version="20")))
    server.at("WATCH", PODS, answer)
    assert seen(client, lambda names: names == {"b", "c"}) == {"b", "c"}


def test_a_list_that_fails_too_is_tried_again(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing()), (503, b""), (503, b""), (200, listing(pod("a"))))
    server.at("WATCH", PODS, (500, b""), (500, b""), (500, b""))
    assert seen(client, lambda names: names == {"a"}) == {"a"}


def test_the_last_view_is_returned_when_the_time_is_up(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing(pod("a"))))
    assert seen(client, lambda names: False, timeout=0.2) == {"a"}


def test_a_watch_that_stays_lost_is_an_error_with_its_reason(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing(pod("a"))), (403, fixtures.refused("forbidden")))
    server.at("WATCH", PODS, *[(403, fixtures.refused("forbidden"))] * 1000)
    with pytest.raises(ClusterError, match="Pods of namespace kubeflow: not allowed"):
        seen(client, lambda names: False, timeout=3)


def test_a_first_reading_that_fails_is_an_error_at_once(client: Client, server: ApiServer):
    server.at("GET", PODS, (403, fixtures.refused("forbidden")))
    with pytest.raises(ClusterError, match="cannot read Pods of namespace kubeflow: not allowed"):
        seen(client, lambda names: False, timeout=60)


def test_the_api_server_is_asked_to_end_a_watch_in_time(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing()))
    seen(client, lambda names: False, timeout=0.9)
    (path,) = [request["path"] for request in server.requests if "watch=true" in request["path"]]
    assert "timeoutSeconds=1" in path


def test_what_came_by_a_watch_and_went_while_it_was_lost_is_gone(client: Client, server: ApiServer):
    server.at("GET", PODS, (200, listing()), (200, listing(pod("b"), version="20")))
    server.at("WATCH", PODS, (200, events(("ADDED", pod("a", "8")))), (410, b""))
    assert seen(client, lambda names: "b" in names and "a" not in names, timeout=3) == {"b"}
