"""VirtualServices of others, by Istio's rules: one host and gateway, the oldest first; a more specific host is its own table."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.shadow import shadows
from ansible_collections.tfserving.istio.plugins.module_utils._render.routes import gateway_service
from ansible_collections.tfserving.istio.tests.unit.support.models import read

OLD, OURS, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
CATCH_ALL: dict[str, Any] = {"route": []}


def theirs(
    *http: dict[str, Any],
    hosts: tuple[str, ...] = ("*",),
    gateways: tuple[str, ...] | None = ("kubeflow/kubeflow-gateway",),
    created: str = OLD,
    namespace: str = "web",
) -> dict[str, Any]:
    spec: dict[str, Any] = {"hosts": list(hosts), "http": list(http or (CATCH_ALL,))}
    if gateways is not None:
        spec["gateways"] = list(gateways)
    return {"metadata": {"namespace": namespace, "name": "front", "creationTimestamp": created}, "spec": spec}


def matching(**match: Any) -> dict[str, Any]:
    return {"match": [match], "route": []}


def told(*others: dict[str, Any], created: str | None = OURS, **keys: Any) -> list[str]:
    root = gateway_service(read("v1", **keys))
    assert root is not None
    return shadows(root, created, others)


def test_an_older_route_that_catches_everything_is_named_with_what_it_takes():
    (warning,) = told(theirs())
    assert warning.startswith("kubeflow/mnist: VirtualService web/front is older and catches ")
    assert "/istio/tfserving/models/mnist" in warning
    assert "/v1/models/mnist" in warning


def test_a_younger_one_takes_nothing():
    assert told(theirs(created=NEW)) == []


def test_a_root_that_does_not_exist_yet_becomes_the_youngest():
    assert told(theirs(created=NEW), created=None)


@pytest.mark.parametrize("gateways", [("web/kubeflow-gateway",), ("kubeflow-gateway",), ("mesh",), None])
def test_routes_at_another_gateway_take_nothing(gateways: tuple[str, ...] | None):
    assert told(theirs(gateways=gateways)) == []


def test_a_gateway_without_a_namespace_is_that_of_its_virtual_service():
    assert told(theirs(gateways=("kubeflow-gateway",), namespace="kubeflow"))


def test_the_root_does_not_shadow_itself():
    root = gateway_service(read("v1"))
    assert shadows(root, OURS, [root]) == []


@pytest.mark.parametrize(
    ("ours", "host", "expected"),
    [
        (["*"], "a.com", "names that host; the model has * only"),
        (["*.a.com"], "b.a.com", "names that host; the model has *.a.com only"),
        (["a.com"], "a.com", "is older and catches"),
        (["a.com"], "*", None),
        (["*.a.com"], "a.com", None),
        (["a.com"], "b.com", None),
    ],
)
def test_hosts(ours: list[str], host: str, expected: str | None):
    warnings = told(theirs(hosts=(host,)), hosts=ours)
    assert len(warnings) == (expected is not None)
    assert all(expected in warning for warning in warnings)


@pytest.mark.parametrize(
    ("match", "caught"),
    [
        ({"uri": {"prefix": "/"}}, True),
        ({"uri": {"prefix": "/istio/"}, "name": "n"}, True),
        ({"uri": {"exact": "/v1/models/mnist"}}, True),
        ({"uri": {"exact": "/v1/models/mnist2"}}, False),
        ({"uri": {"regex": "/v1/models/[a-z]+"}}, True),
        ({"uri": {"regex": "/v1/models"}}, False),
        ({"uri": {"regex": r"\Q/v1\E(?<"}}, False),
        ({"uri": {"prefix": "/"}, "headers": {"x": {"exact": "y"}}}, False),
        ({"uri": {"prefix": "/"}, "method": {"exact": "GET"}}, False),
        ({}, True),
    ],
)
def test_which_matches_catch_the_models_paths(match: dict[str, Any], caught: bool):
    assert bool(told(theirs(matching(**match)))) is caught


def test_one_of_several_routes_is_enough():
    assert told(theirs(matching(uri={"exact": "/x"}), matching(uri={"prefix": "/v1"})))
