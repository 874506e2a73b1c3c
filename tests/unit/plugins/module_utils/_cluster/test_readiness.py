from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.readiness import (
    pod_reason,
    ready_endpoints,
    unready,
)


def deployment(replicas: int = 2, generation: int = 3, **status: int) -> dict[str, Any]:
    good = {"observedGeneration": 3, "replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    return {"metadata": {"generation": generation}, "spec": {"replicas": replicas}, "status": {**good, **status}}


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "status": status}


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(containerStatuses=[{"name": "mnist", "state": state, **more}])


def test_all_is_well():
    assert unready(deployment(), [], 2) is None


def test_a_deployment_of_no_pods_never_becomes_ready():
    assert unready(deployment(0), [], 0) == "it is scaled to 0 Pods"


@pytest.mark.parametrize(
    ("found", "endpoints", "reason"),
    [
        (None, 0, "its Deployment does not exist"),
        (deployment(generation=4), 2, "its Deployment has not been taken up yet"),
        (deployment(availableReplicas=1), 2, "1 of 2 Pods are available"),
        (deployment(updatedReplicas=0), 2, "0 of 2 Pods are available"),
        (deployment(), 0, "its Service has no ready endpoint"),
        ({"metadata": {"generation": 1}, "spec": {}}, 0, "its Deployment has not been taken up yet"),
    ],
)
def test_what_is_missing_is_said(found: dict[str, Any] | None, endpoints: int, reason: str):
    assert unready(found, [], endpoints) == reason


def test_old_pods_beside_the_new_ones_are_waited_for():
    assert unready({**deployment(), "status": {**deployment()["status"], "replicas": 3}}, [], 2) is not None


def test_reasons_of_pods_are_told_once_each():
    bad = waiting("ErrImagePull", "no such image")
    reason = unready(deployment(availableReplicas=0), [bad, bad], 0)
    assert reason == "0 of 2 Pods are available; Pod p: ErrImagePull: no such image"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (pod(conditions=[{"type": "Ready", "status": "True"}]), None),
        ({**pod(), "metadata": {"name": "p", "deletionTimestamp": "now"}}, None),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu"}]),
            "Pod p cannot be scheduled: 0/1 nodes: Insufficient cpu",
        ),
        (waiting("ImagePullBackOff", "Back-off pulling image"), "Pod p: ImagePullBackOff: Back-off pulling image"),
        (
            waiting("CrashLoopBackOff", "back-off 10s", lastState={"terminated": {"exitCode": 3}}),
            "Pod p: CrashLoopBackOff, last exit code 3: back-off 10s",
        ),
        (
            waiting("CreateContainerConfigError", 'secret "s" not found'),
            'Pod p: CreateContainerConfigError: secret "s" not found',
        ),
        (
            pod(containerStatuses=[{"name": "c", "state": {"terminated": {"exitCode": 1, "reason": "OOMKilled"}}}]),
            "Pod p: container c ended with exit code 1 (OOMKilled)",
        ),
        (
            pod(initContainerStatuses=[{"name": "i", "state": {"terminated": {"exitCode": 0}}}], phase="Running"),
            "Pod p runs and is not ready",
        ),
        (waiting("ContainerCreating"), "Pod p is Pending"),
        (pod(phase="Running"), "Pod p runs and is not ready"),
        (pod(), "Pod p is Pending"),
    ],
)
def test_why_a_pod_is_not_ready(found: dict[str, Any], reason: str | None):
    assert pod_reason(found) == reason


def test_ready_endpoints_are_counted_by_service():
    def slice_(service: str, *ready: bool | None) -> dict[str, Any]:
        endpoints = [{"addresses": ["10.0.0.1"], "conditions": {"ready": value}} for value in ready]
        return {"metadata": {"labels": {"kubernetes.io/service-name": service}}, "endpoints": endpoints}

    assert ready_endpoints([slice_("a", True, False), slice_("a", True), slice_("b", False)]) == {"a": 2, "b": 0}
    assert ready_endpoints([slice_("a", None)]) == {"a": 1}, "unknown is ready, as the API defines it"
    assert ready_endpoints([{"metadata": {"labels": None}, "endpoints": None}]) == {"": 0}
