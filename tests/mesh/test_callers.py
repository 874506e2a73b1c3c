"""Callers inside the cluster: those with a sidecar follow the rule, those without one never reach a version without a share."""

from __future__ import annotations

import time

from mesh.load import split_problems
from mesh.world.caller import callers, good


def urls(model):
    """A caller for each kind of request, at the model's own Service."""
    host = f"{model['name']}.{model['namespace']}"
    return {
        "post": f"http://{host}:8500/v1/models/{model['name']}:predict",
        "get": f"http://{host}:8500/v1/models/{model['name']}",
        "grpc": f"grpc://{host}:9000/{model['name']}",
    }


def test_callers_with_a_sidecar_follow_the_rule(operator, cluster, settings, model, namespace, sidecars):
    both = model("v1", "v2", traffic="v1:80:v2:20")
    operator.model(both)
    with callers(cluster, settings, namespace, urls(both), sidecar=True, rate=30) as asking:
        time.sleep(15)  # a loaded machine asks for half of the rate
        answers = {name: good(caller.answers()) for name, caller in asking.items()}
    for name, counts in answers.items():
        assert sum(counts.values()) > 150, f"{name} asked too little to judge: {counts}"
        assert not split_problems(counts, {"v1": 80, "v2": 20}), name


def test_a_shift_loses_no_request_of_callers_with_a_sidecar(operator, cluster, settings, model, namespace, sidecars):
    """Model servers have sidecars here too. The removed version goes when its own counter stands still: callers' sidecars cannot be asked."""
    both = model("v1", "v2", traffic="v1:100", inject_istio=True)
    operator.model(both)
    with callers(cluster, settings, namespace, urls(both), sidecar=True) as asking:
        operator.traffic(both, "v2:100")
        removed = operator.model(model("v2", traffic="v2:100", inject_istio=True), purge=True, quiet=3)
        time.sleep(3)
        answers = {name: caller.answers() for name, caller in asking.items()}
    assert removed["models"][0]["quiet"]["v1"]
    for name, found in answers.items():
        assert set(good(found)) == {"v1", "v2"}, name
        assert [answer["version"] for answer in found if answer["at"] > found[-1]["at"] - 2].count("v1") == 0


def test_callers_without_a_sidecar_never_reach_a_version_without_a_share(operator, cluster, settings, model, namespace):
    """What Kubeflow 0.4 did: its Service selected every version, so that v2 was asked as soon as it was ready."""
    operator.model(model("v1"))
    with callers(cluster, settings, namespace, urls(model("v1"))) as asking:
        operator.model(model("v1", "v2"))
        time.sleep(2)
        answers = {name: good(caller.answers()) for name, caller in asking.items()}
    assert {name: set(counts) for name, counts in answers.items()} == {name: {"v1"} for name in answers}


def test_callers_without_a_sidecar_lose_no_request_when_the_leader_changes(
    operator, cluster, settings, model, namespace
):
    both = model("v1", "v2", traffic="v1:90:v2:10")
    operator.model(both)
    with callers(cluster, settings, namespace, urls(both)) as asking:
        operator.traffic(both, "v1:40:v2:60")
        time.sleep(15)  # endpoints and kube-proxy follow
        answers = {name: caller.answers() for name, caller in asking.items()}
    for name, found in answers.items():
        # A connection that is kept stays where it was: only a proxy moves requests.
        fresh = [answer for answer in found if answer["new_connection"]]
        assert set(good(found)) == {"v1", "v2"}, name
        assert {answer["version"] for answer in fresh if answer["at"] > found[-1]["at"] - 2} == {"v2"}, name
        first = next(answer["at"] for answer in fresh if answer["version"] == "v2")
        assert {answer["version"] for answer in fresh if answer["at"] > first + 1} == {"v2"}, name
