"""Defects of Kubeflow 0.4's tf-serving package, each shown not to be repeated, as far as rendered objects and plans can show it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.model_plan import plan_model
from ansible_collections.tfserving.istio.plugins.module_utils._plan.step import Stage
from ansible_collections.tfserving.istio.plugins.module_utils._render.ambassador import ANNOTATION
from ansible_collections.tfserving.istio.plugins.module_utils._render.model import render
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import read_model
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.cluster import Cluster
from ansible_collections.tfserving.istio.tests.unit.support.models import mnist, read


def rendered(rule: str, **keys: Any) -> dict[tuple[str, str], dict[str, Any]]:
    model = read("v1", "v2", **keys)
    return {(entry["kind"], entry["metadata"]["name"]): entry for entry in render(model, read_rule(rule))}


def weights(rule: str, route: str) -> dict[str, int]:
    http = rendered(rule)["VirtualService", "mnist-rule"]["spec"]["http"]
    (entry,) = [entry for entry in http if entry["name"] == route]
    return {target["destination"]["host"].split(".")[0]: target["weight"] for target in entry["route"]}


def matches(uri: str, match: dict[str, Any]) -> bool:
    wanted = match.get("uri", {"prefix": ""})
    return uri == wanted["exact"] if "exact" in wanted else uri.startswith(wanted["prefix"])


def caught(uri: str, method: str = "POST") -> list[dict[str, Any]]:
    """The gateway's routes that take a request."""
    http = rendered("v1:100")["VirtualService", "mnist"]["spec"]["http"]
    return [
        entry
        for entry in http
        for match in entry["match"]
        if matches(uri, match) and match.get("method", {}).get("exact", method) == method and "headers" not in match
    ]


def test_the_documented_form_of_the_rule_keeps_v2():
    assert weights("v1:90:v2:10", "rest") == {"mnist-v1": 90, "mnist-v2": 10}
    assert weights("v1:90,v2:10", "rest") == {"mnist-v1": 90, "mnist-v2": 10}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("uri", ["/istio/tfserving/models/mnist", "/v1/models/mnist"])
def test_get_follows_the_rule_as_post_does(uri: str, method: str):
    assert caught(uri, method)[0]["delegate"]["name"] == "mnist-rule"


def test_grpc_follows_the_same_rule_on_its_own_port():
    assert weights("v1:90:v2:10", "grpc") == weights("v1:90:v2:10", "rest")
    http = rendered("v1:100")["VirtualService", "mnist-rule"]["spec"]["http"]
    ports = {entry["name"]: entry["route"][0]["destination"]["port"]["number"] for entry in http if "route" in entry}
    assert ports == {"grpc": 9000, "rest": 8500}


def test_callers_in_the_mesh_follow_the_same_rule():
    mesh = rendered("v1:100")["VirtualService", "mnist-mesh"]["spec"]
    assert (mesh["hosts"], mesh["gateways"]) == (["mnist.kubeflow.svc.cluster.local"], ["mesh"])
    assert [route["delegate"]["name"] for route in mesh["http"]] == ["mnist-rule"]


def test_callers_without_a_sidecar_never_reach_a_version_at_0_percent():
    assert rendered("v1:100:v2:0")["Service", "mnist"]["spec"]["selector"] == {"app": "mnist", "version": "v1"}
    assert rendered("v1:10:v2:90")["Service", "mnist"]["spec"]["selector"]["version"] == "v2"


def test_a_version_at_0_percent_is_in_no_route():
    assert weights("v1:100:v2:0", "rest") == {"mnist-v1": 100}


def test_v2_gets_nothing_when_its_pods_become_ready():
    cluster = Cluster()
    cluster.run(plan_model(read("v1"), cluster.live(), "secret"))
    plan = plan_model(read("v1", "v2"), cluster.live(), "secret")
    assert {step.stage for step in plan.steps} == {Stage.CREATE, Stage.READY}
    assert not any(step.object and step.object["kind"] == "VirtualService" for step in plan.steps)


def test_there_are_no_subsets_that_could_go_before_their_routes():
    objects = rendered("v1:50:v2:50")
    assert not any("subsets" in entry["spec"] for (kind, _name), entry in objects.items() if kind == "DestinationRule")
    http = objects["VirtualService", "mnist-rule"]["spec"]["http"]
    assert not any("subset" in target["destination"] for entry in http for target in entry.get("route", ()))


def test_dropping_a_version_changes_its_route_long_before_its_objects():
    cluster = Cluster()
    cluster.run(plan_model(read("v1", "v2", traffic="v1:50:v2:50"), cluster.live(), "secret"))
    plan = plan_model(read("v2", traffic="v2:100"), cluster.live(), "secret", purge=True)
    steps = [(step.action, step.target) for step in plan.steps]
    shifted = steps.index(("apply", "VirtualService kubeflow/mnist-rule"))
    assert shifted < steps.index(("prove", "kubeflow/mnist")) < steps.index(("quiet", "kubeflow/mnist v1"))
    assert all(steps.index(step) > steps.index(("quiet", "kubeflow/mnist v1")) for step in steps if step[0] == "delete")


@pytest.mark.parametrize("path", ["/istio/tfserving/models/mnist2", "/v1/models/mnist2", "/v1/models/mnist2:predict"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_mnist_does_not_catch_mnist2(path: str, method: str):
    assert caught(path, method) == []


@pytest.mark.parametrize(
    ("path", "upstream"),
    [
        ("/istio/tfserving/models/mnist", "/v1/models/mnist:predict"),
        ("/istio/tfserving/models/mnist:classify", "/v1/models/mnist:classify"),
        ("/istio/tfserving/models/mnist/versions/1:predict", "/v1/models/mnist/versions/1:predict"),
    ],
)
def test_a_rewrite_leads_to_the_model_that_was_asked(path: str, upstream: str):
    """Envoy replaces the prefix that matched."""
    entry = caught(path)[0]
    (match,) = [match for match in entry["match"] if matches(path, match)]
    matched = next(iter(match["uri"].values()))
    assert entry["rewrite"]["uri"] + path[len(matched) :] == upstream


def test_ambassadors_mapping_of_mnist_does_not_catch_mnist2():
    annotation = rendered("v1:100", ambassador=True)["Service", "mnist"]["metadata"]["annotations"][ANNOTATION]
    assert '"prefix": "^/tfserving/models/mnist/?$", "prefix_regex": true' in annotation


def test_two_versions_of_one_base_path_cannot_serve_one_integer_unnoticed():
    given = mnist("v1", "v2")
    for version in given["versions"]:
        version["base_path"] = "gs://models/mnist"
        del version["model_version"]
    with pytest.raises(SpecError, match=r"versions\[0\].model_version: is required"):
        read_model(given)


def test_a_pinned_version_is_the_only_one_that_its_server_loads():
    objects = rendered("v1:100")
    for number in (1, 2):
        config = objects["ConfigMap", f"mnist-v{number}"]["data"]["models.config"]
        assert f"specific {{ versions: {number} }}" in config
