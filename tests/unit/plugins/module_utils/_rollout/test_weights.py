"""A route of somebody else's: what its weights say, and patches that change nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import rule_at
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.weights import (
    Route,
    changed,
    find,
    moved_by,
    patch,
    release,
    rule_of,
    versions,
    weights_for,
)
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule

Object = dict[str, Any]


def to(name: str, weight: int | None = None, subset: str = "") -> Object:
    destination = {"host": name, **({"subset": subset} if subset else {})}
    return {"destination": destination, **({} if weight is None else {"weight": weight})}


def service(*http: Object, **metadata: Any) -> Object:
    return {"metadata": {"name": "routes", "namespace": "kubeflow", **metadata}, "spec": {"http": list(http)}}


def applied(entry: Object, operations: list[Object]) -> Object:
    """An object after a JSON patch, as far as the operations are used here; fails as the API server does where a test does."""
    result = copy.deepcopy(entry)
    for operation in operations:
        *way, last = operation["path"].strip("/").split("/")
        place: Any = result
        for word in way:
            place = place[int(word)] if isinstance(place, list) else place[word]
        key = int(last) if isinstance(place, list) else last
        if operation["op"] == "test":
            assert place[key] == operation["value"], "the test fails"
        elif operation["op"] == "remove":
            del place[key]
        else:
            assert (key in place) == (operation["op"] == "replace")
            place[key] = operation["value"]
    return result


BOTH = [to("mnist", 3, "v1"), to("mnist", None, "v2")]


def test_a_destination_is_called_by_its_subset_or_by_its_host_without_the_models_name():
    assert versions(
        "mnist", [to("mnist-v1.kubeflow.svc.cluster.local"), to("other", subset="mnist-v2"), to("blue")]
    ) == [
        "v1",
        "v2",
        "blue",
    ]
    with pytest.raises(SpecError, match="two of its destinations are called v1"):
        versions("mnist", [to("mnist-v1"), to("v1")])


def test_weights_stand_for_a_rule_whatever_they_add_up_to():
    assert str(rule_of("mnist", BOTH)) == "v1:100:v2:0"
    assert str(rule_of("mnist", [to("a", 1), to("b", 3)])) == "a:25:b:75"
    assert str(rule_of("mnist", [to("a")])) == "a:100"


def test_the_route_is_found_by_its_name_or_because_it_is_the_only_one():
    health, one, two = {"name": "health", "directResponse": {}}, {"name": "one", "route": BOTH}, {"route": BOTH}
    assert find(service(health, one), None) == Route(1, one)
    assert find(service(health, two), None) == Route(1, two)
    assert find(service(two, health, one), "one") == Route(2, one)
    for http, name, says in (
        (
            [one, two],
            None,
            "route: VirtualService kubeflow/routes has 2 http routes with destinations; say which one in route: one",
        ),
        ([health], None, "has 0 http routes"),
        ([health, one], "health", "has no http route with destinations called health; known are one"),
        ([one, one], "one", "has 2 http routes called one"),
    ):
        with pytest.raises(SpecError, match=says):
            find(service(*http), name)
    ours = service(one, labels={"app.kubernetes.io/managed-by": "tfserving.istio"})
    with pytest.raises(SpecError, match="VirtualService kubeflow/routes is one of this collection; leave manage"):
        find(ours, None)


def test_a_patch_tests_what_was_read_and_changes_the_weights_alone():
    route = Route(1, {"name": "one", "match": [], "route": BOTH})
    operations = patch(route, weights_for("mnist", read_rule("v1:80:v2:20"), BOTH, BOTH))
    assert operations == [
        {"op": "test", "path": "/spec/http/1", "value": route.entry},
        {"op": "replace", "path": "/spec/http/1/route/0/weight", "value": 80},
        {"op": "add", "path": "/spec/http/1/route/1/weight", "value": 20},
    ]
    assert changed(route, operations)[1] == {"path": "spec.http[1].route[1].weight", "before": None, "after": 20}
    assert patch(route, weights_for("mnist", read_rule("v1:100"), BOTH, BOTH)) == []


def test_a_rule_that_names_what_is_no_destination_any_more_is_refused():
    with pytest.raises(SpecError, match="it has no destination v2 any more; known are v1"):
        weights_for("mnist", read_rule("v1:80:v2:20"), BOTH[:1], BOTH)


def test_a_destination_that_its_owner_adds_meanwhile_gets_nothing():
    more = [*BOTH, to("mnist", 0, "v3"), to("mnist", None, "v4")]
    assert weights_for("mnist", read_rule("v1:80:v2:20"), more, BOTH) == [80, 20, 0, None]


SHARES = st.lists(st.one_of(st.none(), st.integers(0, 1000)), min_size=2, max_size=4).filter(any)


@given(SHARES, st.integers(0, 3), st.lists(st.integers(1, 1000), min_size=1, max_size=3, unique=True).map(sorted))
def test_every_way_there_and_back_leaves_the_object_as_it_was(shares, at, steps):
    origin = [to("mnist", weight, f"v{index}") for index, weight in enumerate(shares)]
    before, candidate = rule_of("mnist", origin), f"v{at % len(shares)}"
    first = now = service({"name": "health", "redirect": {}}, {"name": "one", "timeout": "3s", "route": origin})
    for tenths in steps:
        wanted = rule_at(before, candidate, tenths)
        route = find(now, "one")
        now = applied(now, patch(route, weights_for("mnist", wanted, route.destinations, origin)))
        assert rule_of("mnist", find(now, "one").destinations).same_as(wanted)
        bare = copy.deepcopy(now)
        for entry, old in zip(bare["spec"]["http"][1]["route"], origin, strict=True):
            entry.pop("weight", None)
            entry |= {"weight": old["weight"]} if "weight" in old else {}
        assert bare == first, "only weights differ"
    route = find(now, "one")
    assert applied(now, patch(route, weights_for("mnist", before, route.destinations, origin))) == first


def test_a_patch_fails_where_anything_of_the_route_was_written_in_between():
    route = Route(0, {"name": "one", "route": BOTH})
    operations = patch(route, weights_for("mnist", read_rule("v1:80:v2:20"), BOTH, BOTH))
    for other in (
        {"name": "two", "route": BOTH},
        {"name": "one", "timeout": "1s", "route": BOTH},
        {"name": "one", "route": BOTH[::-1]},
    ):
        with pytest.raises(AssertionError, match="the test fails"):
            applied(service(other), operations)


def owner(manager: str, time: str, operation: str = "Apply", field: str = "f:http") -> Object:
    return {"manager": manager, "operation": operation, "time": time, "fieldsV1": {"f:spec": {field: {}}}}


def test_whoever_wrote_the_routes_last_is_named_and_never_we():
    fields = [
        owner("argocd-controller", "2026-01-01T00:00:00Z"),
        owner("kubectl-edit", "2026-01-02T00:00:00Z", "Update"),
        owner("tfserving.istio", "2026-01-03T00:00:00Z", "Update"),
        owner("other", "2026-01-04T00:00:00Z", field="f:hosts"),
    ]
    assert moved_by(service(managedFields=fields)) == "kubectl-edit (Update at 2026-01-02T00:00:00Z)"
    assert moved_by(service(managedFields=fields[2:])) == moved_by(service()) == "somebody else"


def test_the_ownership_of_the_routes_is_given_back_and_nobody_elses():
    ours, theirs = (
        owner("tfserving.istio", "2026-01-03T00:00:00Z", "Update"),
        owner("argocd-controller", "2026-01-01T00:00:00Z"),
    )
    found = service(managedFields=[theirs, ours])
    assert applied(found, release(found))["metadata"]["managedFields"] == [theirs]
    assert release(service(managedFields=[theirs])) == release(service()) == []
