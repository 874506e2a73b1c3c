"""Live objects and their managedFields are a real API server's, in fixtures/live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.owned import changes, extract, owned_fields, owners
from ansible_collections.tfserving.istio.plugins.module_utils._render.model import render
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import read_model
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import all_to
from ansible_collections.tfserving.istio.tests.unit.support import fixtures
from ansible_collections.tfserving.istio.tests.unit.support.models import rich

Object = dict[str, Any]


def pod(entry: Object) -> Object:
    return entry["spec"]["template"]["spec"]


def container(entry: Object) -> Object:
    return pod(entry)["containers"][0]


def wanted(**keys: Any) -> Object:
    """The Deployment as it is rendered, with other keys of the model."""
    model = read_model({**rich(), **keys})
    return next(entry for entry in render(model, all_to("v1")) if entry["kind"] == "Deployment")


def paths(entry: Object) -> list[str]:
    return [change.path for change in changes(fixtures.live("Deployment"), entry)]


@pytest.mark.parametrize("name", [name for name in fixtures.LIVE if name != "HorizontalPodAutoscaler"])
def test_what_was_applied_is_no_change(name: str):
    live = fixtures.live(name)
    rendered = {(e["kind"], e["metadata"]["name"]): e for e in render(read_model(rich()), all_to("v1"))}
    assert changes(live, rendered[live["kind"], live["metadata"]["name"]]) == []


@pytest.mark.parametrize("name", [*fixtures.LIVE, "Deployment-scaled"])
def test_what_is_extracted_and_applied_again_is_no_change(name: str):
    live = fixtures.live(name)
    assert changes(live, extract(live)) == []


def test_what_is_extracted_has_nothing_that_others_or_defaults_set():
    body = extract(fixtures.live("Deployment-scaled"))
    assert "replicas" not in body["spec"]
    assert "revisionHistoryLimit" not in body["spec"]
    assert set(body) == {"apiVersion", "kind", "metadata", "spec"}
    assert set(body["metadata"]) == {"name", "namespace", "labels"}


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"image": "other"}, "spec.template.spec.containers[mnist].image"),
        ({"replicas": 3}, "spec.replicas"),
        ({"node_selector": {"disk": "hdd"}}, "spec.template.spec.nodeSelector"),
        ({"env": {**rich()["env"], "LEVEL": "2"}}, "spec.template.spec.containers[mnist].env[LEVEL].value"),
        ({"args": []}, "spec.template.spec.containers[mnist].args"),
    ],
)
def test_a_changed_field_is_named_and_nothing_else(keys: Object, path: str):
    assert paths(wanted(**keys)) == [path]


def test_a_change_says_what_was_and_what_will_be():
    (change,) = changes(fixtures.live("Deployment"), wanted(replicas=3))
    assert (change.before, change.after) == (2, 3)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"node_selector": None}, "spec.template.spec.nodeSelector"),
        ({"service_account": None}, "spec.template.spec.serviceAccountName"),
        ({"pod_labels": None}, "spec.template.metadata.labels.team"),
    ],
)
def test_a_field_that_is_wanted_no_more_is_seen(keys: Object, path: str):
    assert path in paths(wanted(**keys))


@pytest.mark.parametrize("remove", ["EMPTY", "LEVEL", "TOKEN"])
def test_an_item_of_a_keyed_list_that_is_wanted_no_more_is_seen(remove: str):
    env = {name: value for name, value in rich()["env"].items() if name != remove}
    assert paths(wanted(env=env)) == [f"spec.template.spec.containers[mnist].env[{remove}]"]


def test_a_new_item_of_a_keyed_list_is_seen():
    (change,) = changes(fixtures.live("Deployment"), wanted(env={**rich()["env"], "NEW": "1"}))
    assert (change.before, change.after) == (None, {"name": "NEW", "value": "1"})


@pytest.mark.parametrize(
    "items", [lambda d: container(d)["env"], lambda d: container(d)["ports"], lambda d: pod(d)["volumes"]]
)
def test_another_order_of_a_keyed_list_is_no_change(items: Callable[[Object], list[Any]]):
    entry = wanted()
    items(entry).reverse()
    assert changes(fixtures.live("Deployment"), entry) == []


def test_another_order_of_an_atomic_list_is_a_change():
    entry = wanted()
    container(entry)["args"].reverse()
    assert paths(entry) == ["spec.template.spec.containers[mnist].args"]


@pytest.mark.parametrize("amount", ["1000m", "1", "1.0", "1000000u", "1e0"])
def test_another_way_to_write_a_quantity_is_no_change(amount: str):
    entry = wanted()
    container(entry)["resources"]["requests"]["cpu"] = amount
    assert changes(fixtures.live("Deployment"), entry) == []


@pytest.mark.parametrize("amount", ["1001m", "2", "1Ki", "one"])
def test_another_quantity_is_a_change(amount: str):
    entry = wanted()
    container(entry)["resources"]["requests"]["cpu"] = amount
    assert paths(entry) == ["spec.template.spec.containers[mnist].resources.requests.cpu"]


def test_a_quantity_of_an_extended_resource_is_compared_as_one():
    entry = wanted(resources={"limits": {"cpu": "4", "memory": "4Gi", "example.com/memory": "2048Mi"}})
    live = fixtures.live("Deployment")
    container(live)["resources"]["limits"]["example.com/memory"] = "2Gi"
    fields = owned_fields(live)["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"mnist"}']
    fields["f:resources"]["f:limits"]["f:example.com/memory"] = {}
    assert [change.path for change in changes(live, entry) if "example.com" in change.path] == []


def test_a_size_limit_of_an_emptydir_is_compared_as_a_quantity():
    volume = {"name": "cache", "mount_path": "/cache", "source": {"emptyDir": {"sizeLimit": "1024Mi"}}}
    live = fixtures.live("Deployment")
    pod(live)["volumes"].append({"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}})
    container(live)["volumeMounts"].append({"name": "cache", "mountPath": "/cache", "readOnly": True})
    spec = owned_fields(live)["f:spec"]["f:template"]["f:spec"]
    spec["f:volumes"]['k:{"name":"cache"}'] = {".": {}, "f:name": {}, "f:emptyDir": {"f:sizeLimit": {}}}
    mounts = spec["f:containers"]['k:{"name":"mnist"}']["f:volumeMounts"]
    mounts['k:{"mountPath":"/cache"}'] = {".": {}, "f:mountPath": {}, "f:name": {}, "f:readOnly": {}}
    assert changes(live, wanted(volumes=[*rich()["volumes"], volume])) == []


@pytest.mark.parametrize(
    ("source", "stored"),
    [
        (
            {"fieldRef": {"fieldPath": "metadata.name"}},
            {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
        ),
        (
            {"resourceFieldRef": {"resource": "limits.cpu"}},
            {"resourceFieldRef": {"divisor": "0", "resource": "limits.cpu"}},
        ),
    ],
)
def test_what_the_api_server_adds_inside_an_atomic_reference_is_no_change(source: Object, stored: Object):
    """The answers were read from an API server: it fills these in, and one field stands for the whole reference."""
    live = fixtures.live("Deployment")
    container(live)["env"].append({"name": "SELF", "valueFrom": stored})
    fields = owned_fields(live)["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"mnist"}']
    fields["f:env"]['k:{"name":"SELF"}'] = {".": {}, "f:name": {}, "f:valueFrom": {f"f:{next(iter(source))}": {}}}
    assert changes(live, wanted(env={**rich()["env"], "SELF": {"valueFrom": source}})) == []


def test_an_object_that_was_never_applied_differs_in_everything():
    live = fixtures.live("Service-mnist-v1")
    wanted = extract(live)
    live["metadata"]["managedFields"] = []
    assert owned_fields(live) == {}
    assert changes(live, wanted) != []


def test_a_field_that_an_autoscaler_owns_is_known_as_its():
    scaled = fixtures.live("Deployment-scaled")
    assert owners(scaled, "spec", "replicas") == {"kube-controller-manager"}
    assert owners(scaled, "spec", "template") == {"tfserving.istio"}
    assert owners(fixtures.live("Deployment"), "spec", "replicas") == {"tfserving.istio"}


def small(value: Any, fields: Object, **entry: Any) -> Object:
    """An object of one field, spec, and who owns what of it."""
    managed = {"manager": "tfserving.istio", "operation": "Apply", "fieldsV1": {"f:spec": fields}, **entry}
    metadata = {"name": "x", "namespace": "n", "managedFields": [managed]}
    return {"apiVersion": "v1", "kind": "X", "metadata": metadata, "spec": value}


def spec_changes(live: Object, spec: Any) -> list[str]:
    found = changes(live, {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "spec": spec})
    return [change.path for change in found if change.path != "metadata"]


@pytest.mark.parametrize("entry", [{"operation": "Update"}, {"subresource": "scale"}, {"manager": "kubectl"}])
def test_only_an_apply_of_ours_to_the_object_itself_makes_a_field_ours(entry: Object):
    assert spec_changes(small({"a": 1}, {"f:a": {}}), {"a": 1}) == []
    assert spec_changes(small({"a": 1}, {"f:a": {}}, **entry), {"a": 1}) == [""]


@pytest.mark.parametrize(("value", "paths_"), [({}, ["spec.a"]), ([], []), ("", []), (False, []), (0, [])])
def test_an_empty_value_that_was_dropped_is_no_change_but_an_empty_mapping_is(value: Any, paths_: list[str]):
    assert spec_changes(small({"b": 1}, {"f:a": {}, "f:b": {}}), {"a": value, "b": 1}) == paths_


def test_a_set_of_values_is_compared_by_its_values():
    live = small({"set": ["b", "theirs", "a"]}, {"f:set": {'v:"a"': {}, 'v:"b"': {}}})
    assert extract(live)["spec"] == {"set": ["a", "b"]}
    assert spec_changes(live, {"set": ["a", "b"]}) == []
    assert spec_changes(live, {"set": ["a"]}) == ['spec.set["b"]']


def test_the_keys_of_an_item_need_not_be_noted_as_fields():
    live = small({"ports": [{"port": 80, "name": "a"}]}, {"f:ports": {'k:{"port":80}': {"f:name": {}}}})
    assert extract(live)["spec"] == {"ports": [{"port": 80, "name": "a"}]}
    assert spec_changes(live, {"ports": [{"port": 80, "name": "a"}]}) == []
