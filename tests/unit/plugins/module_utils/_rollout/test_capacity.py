from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.capacity import needed, no_room, requests


def node(name="node-1", cpu="4", taints=(), **more):
    return {
        "metadata": {"name": name, "labels": {"disk": "ssd"}},
        "spec": {"taints": list(taints), **more},
        "status": {
            "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(cpu="1", place=None, **spec):
    container = {"name": "server", "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}
    return {"spec": {"containers": [container], "nodeName": place, **spec}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("full", "tenths", "pods"), [(10, 10, 1), (10, 100, 1), (10, 101, 2), (10, 1000, 10), (0, 500, 1), (3, 500, 2)]
)
def test_a_share_needs_pods_in_proportion(full, tenths, pods):
    assert needed(full, tenths) == pods


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_a_share_never_gets_less_than_its_part(full, tenths):
    assert needed(full, tenths) * 1000 >= full * tenths


def test_room_is_what_is_allocatable_less_what_is_asked_for():
    assert no_room([node()], [pod(place="node-1")], pod(), 3) == ""
    said = no_room([node()], [pod(place="node-1")], pod(), 4)
    assert "4 more Pods of cpu 1, memory 1024Mi" in said and "room for 3" in said and "node-1 has cpu 3" in said


def test_fractions_of_cores_add_up_exactly():
    assert no_room([node(cpu="300m")], [], pod(cpu="100m"), 3) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        node(unschedulable=True),
        node(taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]),
        {**node(), "status": {**node()["status"], "conditions": [{"type": "Ready", "status": "False"}]}},
    ],
)
def test_a_node_that_takes_no_pods_has_no_room(wrong):
    assert "room for 0" in no_room([wrong], [], pod(), 1)


def test_taints_are_tolerated_and_selectors_matched():
    tainted = node(taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])
    assert no_room([tainted], [], pod(tolerations=[{"key": "gpu", "operator": "Exists"}]), 1) == ""
    assert no_room([tainted], [], pod(tolerations=[{"key": "gpu", "value": "yes"}]), 1) == ""
    assert no_room([node()], [], pod(nodeSelector={"disk": "ssd"}), 1) == ""
    assert "room for 0" in no_room([node()], [], pod(nodeSelector={"disk": "tape"}), 1)


def test_pods_that_have_ended_take_no_room():
    ended = {**pod(cpu="4", place="node-1"), "status": {"phase": "Succeeded"}}
    assert no_room([node()], [ended], pod(), 4) == ""


def test_sidecars_count_and_a_larger_init_container_counts_alone():
    spec = pod()["spec"]
    proxy = {"name": "istio-proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}}
    assert requests({**spec, "initContainers": [proxy]})["cpu"] == 1.5
    assert requests({**spec, "initContainers": [{"name": "copy", "resources": {"requests": {"cpu": "3"}}}]})["cpu"] == 3
