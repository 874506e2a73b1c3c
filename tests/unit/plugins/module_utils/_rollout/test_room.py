"""Scaling that is cut short: an abort, or the end of a slice, comes at any moment, and on a cluster never at the one that matters."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.permit import Permit, Stopped
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.room import NoRoom, Room
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, listing
from ansible_collections.tfserving.istio.tests.unit.support.fixtures import live

APPS, SCALING = "/apis/apps/v1/namespaces/kubeflow/deployments", "/apis/autoscaling/v2/namespaces/kubeflow"
BEFORE = read_rule("v1:100")
KEPT = {"minimum": {"scaled-v1": 2}}


@pytest.fixture
def workloads(server: ApiServer) -> list[dict[str, Any]]:
    """Two versions of four Pods each, the first with an autoscaler whose minimum is 2; whatever is written is taken."""
    for version in ("v1", "v2"):
        deployment = copy.deepcopy(live("Deployment-scaled"))
        deployment["metadata"]["name"] = f"scaled-{version}"
        server.at("GET", f"{APPS}/scaled-{version}", (200, deployment))
        server.at("PATCH", f"{APPS}/scaled-{version}", (200, deployment))
    scalers = [live("HorizontalPodAutoscaler")]
    server.at("GET", f"{SCALING}/horizontalpodautoscalers", lambda request: (200, listing(*scalers)))
    server.at("PATCH", f"{SCALING}/horizontalpodautoscalers/scaled-v1", (200, scalers[0]))
    return scalers


def test_nothing_is_scaled_before_what_puts_it_back_is_kept(client: Client, server: ApiServer, workloads):
    room = Room(client, "kubeflow", "scaled")
    assert room.make("v2", BEFORE, 200, {}) == KEPT
    assert server.sent("PATCH") == []
    assert room.make("v2", BEFORE, 200, KEPT) == KEPT
    assert server.sent("PATCH") == [f"{SCALING}/horizontalpodautoscalers/scaled-v1"]


def test_a_minimum_that_was_kept_before_is_not_taken_for_one_to_go_back_to(client: Client, workloads):
    workloads[0]["spec"]["minReplicas"] = 3
    assert Room(client, "kubeflow", "scaled").make("v2", BEFORE, 200, KEPT) == KEPT


def test_an_action_that_was_stopped_scales_nothing(client: Client, server: ApiServer, workloads):
    permit = Permit()
    room = Room(client, "kubeflow", "scaled", permit)
    permit.stop()
    with pytest.raises(Stopped):
        room.make("v2", BEFORE, 200, KEPT)
    assert server.sent("PATCH") == []


def test_what_one_autoscaler_forbids_leaves_the_others_alone(client: Client, server: ApiServer, workloads):
    other = copy.deepcopy(workloads[0])
    other["metadata"]["name"] = other["spec"]["scaleTargetRef"]["name"] = "scaled-v2"
    other["spec"] |= {"minReplicas": 1, "maxReplicas": 3}
    workloads.append(other)
    with pytest.raises(NoRoom, match="4 Pods of scaled-v2 are needed, and its autoscaler has a maximum of 3"):
        Room(client, "kubeflow", "scaled").make("v2", BEFORE, 1000, KEPT)
    assert server.sent("PATCH") == []


def test_a_candidate_of_an_autoscaler_gets_its_pods_at_once(client: Client, server: ApiServer, workloads):
    """An autoscaler adds them in its own time, and never where it was switched off by 0 Pods."""
    empty = copy.deepcopy(live("Deployment-scaled"))
    empty["metadata"]["name"], empty["spec"]["replicas"] = "scaled-v2", 0
    server.at("GET", f"{APPS}/scaled-v2", (200, empty))
    for path in ("/api/v1/nodes", "/api/v1/pods"):
        server.at("GET", path, (403, {"message": "forbidden"}))
    Room(client, "kubeflow", "scaled").make("v2", BEFORE, 500, KEPT)
    written = [request for request in server.requests if request["method"] == "PATCH"]
    assert json.loads(written[-1]["body"])["spec"]["replicas"] == 2
    assert "force=true" in written[-1]["path"], "the autoscaler owns the number of Pods"
