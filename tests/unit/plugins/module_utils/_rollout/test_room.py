"""Scaling that is cut short: an abort, or the end of a slice, comes at any moment, and on a cluster never at the one that matters."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.permit import Permit, Stopped
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.room import Room
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.fixtures import live

APPS, SCALING = "/apis/apps/v1/namespaces/kubeflow/deployments", "/apis/autoscaling/v2/namespaces/kubeflow"


def test_an_action_that_was_stopped_scales_nothing_and_says_what_it_was_about_to_change(client, server):
    deployment = live("Deployment-scaled")
    deployment["spec"]["replicas"] = 4
    for version in ("v1", "v2"):
        found = copy.deepcopy(deployment)
        found["metadata"]["name"] = f"scaled-{version}"
        server.at("GET", f"{APPS}/scaled-{version}", (200, found))
    scaler = live("HorizontalPodAutoscaler")
    server.at("GET", f"{SCALING}/horizontalpodautoscalers", (200, {"kind": "List", "items": [scaler], "metadata": {}}))
    permit = Permit()
    room = Room(client, "kubeflow", "scaled", permit)
    permit.stop()
    with pytest.raises(Stopped):
        room.make("v2", read_rule("v1:100"), 200, {})
    assert server.sent("PATCH") == []
    assert room.saved == {"minimum": {"scaled-v1": scaler["spec"]["minReplicas"]}, "replicas": 4}
