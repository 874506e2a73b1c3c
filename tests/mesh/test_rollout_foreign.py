"""Rollouts in a VirtualService that somebody else owns and goes on applying, with a load running."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from mesh.world import foreign
from mesh.world.cluster import Cluster
from mesh.world.traffic import Traffic, targets
from test_rollout import GOLDEN, RATE, SUCCESS

PLAN = {"manage": "weights", "route": foreign.ROUTE, "interval": 1, "ready_timeout": 20}


@pytest.fixture
def served(cluster, operator, models, namespace, unique):
    """A model that this collection knows nothing of: its declaration, as far as loads and rollouts need it, and its VirtualService."""
    name = f"mnist-{unique}"
    objects = foreign.objects(name, namespace, models)
    text = "\n---\n".join(map(json.dumps, objects))
    cluster.kubectl("apply", "--server-side", f"--field-manager={foreign.OWNER}", "-f", "-", text=text)
    for version in ("v1", "v2"):
        cluster.kubectl(
            "-n", namespace, "rollout", "status", f"deployment/{name}-{version}", "--timeout=300s", timeout=320
        )
    return {"name": name, "namespace": namespace}, objects[-1]


def live(cluster: Cluster, service: dict[str, Any]) -> dict[str, Any]:
    found = cluster.istio("virtualservices", service["metadata"]["namespace"], service["metadata"]["name"])
    assert found is not None
    return found


def managers(found: dict[str, Any]) -> set[str]:
    return {entry["manager"] for entry in found["metadata"]["managedFields"]}


def rest(settings: Any, model: dict[str, Any]) -> Traffic:
    """The kinds of request that the VirtualService has routes for."""
    ways = targets(settings.gateway, model)
    return Traffic({kind: ways[kind] for kind in ("POST", "GET")}, RATE)


def test_its_weights_are_moved_to_100_while_its_owner_applies_it(operator, cluster, served, settings, prometheus):
    model, service = served
    wait_for_routes(settings, model)
    with rest(settings, model) as load, foreign.GitOps(cluster, service, ignoring=True) as owner:
        load.gather(20)
        gates = {"steps": [20, 100], "hold": 6, "gates": [SUCCESS], "golden": [GOLDEN], "prometheus": prometheus}
        done = operator.rollout(model, "v2", **PLAN, **gates, virtual_service=service["metadata"]["name"])
        load.gather(20)
        moved = time.monotonic()
        load.gather(40)
    load.assert_flawless()
    assert load.versions(moved) == {"v2"} and owner.applied > 20
    assert (done["phase"], done["rule"]) == ("complete", {"before": "v1:100:v2:0", "after": "v2:100"})
    assert [entry["outcome"] for entry in done["verdicts"]] == ["pass"]
    shifts = [entry["line"] for entry in done["lines"] if entry["line"].startswith("shifted")]
    assert len(shifts) == 2 and all("proof by config dump by port-forward" in line for line in shifts)
    wanted = copy.deepcopy(service["spec"])
    for entry, weight in zip(wanted["http"][1]["route"], (0, 100), strict=True):
        entry["weight"] = weight
    found = live(cluster, service)
    assert found["spec"] == wanted and found["metadata"]["annotations"] == service["metadata"]["annotations"]


def test_an_owner_that_takes_the_weights_back_is_named_and_an_abort_leaves_the_route_as_it_was(
    operator, cluster, served, settings
):
    model, service = served
    wait_for_routes(settings, model)
    plan = {**PLAN, "virtual_service": service["metadata"]["name"]}
    with rest(settings, model) as load:
        load.gather(20)
        run = operator.start_rollout(model, "v2", steps=[50, 100], hold=5, **plan)
        until = time.monotonic() + 300
        while weights(cluster, service) != [50, 50]:
            assert run.process.poll() is None and time.monotonic() < until, "the weights were not moved"
            time.sleep(0.1)
        foreign.GitOps(cluster, service, ignoring=False).apply()
        paused = run.result()
        assert weights(cluster, service) == [100, None], "nothing is overwritten silently"
        aborted = operator.rollout(model, "v2", state="aborted", reason="the owner says so")
        load.gather(20)
    load.assert_flawless()
    assert (
        paused["phase"] == "paused"
        and f"somebody else has moved the traffic: {foreign.OWNER} (Apply at" in paused["reason"]
    )
    assert aborted["phase"] == "aborted" and aborted["rule"]["after"] == "v1:100:v2:0"
    found = live(cluster, service)
    assert json.dumps(found["spec"], sort_keys=True) == json.dumps(service["spec"], sort_keys=True)
    assert managers(found) == {foreign.OWNER}


def weights(cluster: Cluster, service: dict[str, Any]) -> list[int | None]:
    return [entry.get("weight") for entry in live(cluster, service)["spec"]["http"][1]["route"]]


def wait_for_routes(settings: Any, model: dict[str, Any]) -> None:
    """Until the gateway answers for the model: its routes were written a moment ago, and by nobody who would wait for that."""
    until = time.monotonic() + 120
    while True:
        with rest(settings, model) as load:
            load.gather(3)
        if not any(one.failures for one in load.loads.values()):
            return
        assert time.monotonic() < until, f"the gateway does not answer for {model['name']}"
