"""What the API server is told of a Pod."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from sandbox.node.state import ContainerState, Kind, Running, Terminated, Waiting
from sandbox.node.status import PodFacts, container_status, phase, pod_status

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
RUNNING = Running(T0)
CREATING = Waiting("ContainerCreating")
CRASHING = Waiting("CrashLoopBackOff", "back-off 10s")
DONE = Terminated(0, "Completed", T0, T0)
FAILED = Terminated(1, "Error", T0, T0)
FACTS = PodFacts("2026-01-02T03:04:05Z", "10.244.0.1", "10.244.0.9", network_ready=True)


def state(
    kind: Kind, now: Any, *, name: str = "", ready: bool = False, last: Terminated | None = None
) -> ContainerState:
    started = isinstance(now, Running) if kind is Kind.MAIN else ready
    return ContainerState(name or kind.value, kind, "image", now, last, started=started, ready=ready)


def pod(policy: str = "Always", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"generation": 3}, "spec": {"restartPolicy": policy, **spec}}


@pytest.mark.parametrize(
    ("policy", "states", "expected"),
    [
        ("Always", [state(Kind.MAIN, CREATING)], "Pending"),
        ("Always", [state(Kind.MAIN, RUNNING)], "Running"),
        ("Always", [state(Kind.MAIN, CRASHING, last=FAILED)], "Running"),
        ("Always", [state(Kind.MAIN, DONE)], "Running"),
        ("Never", [state(Kind.MAIN, DONE)], "Succeeded"),
        ("Never", [state(Kind.MAIN, FAILED)], "Failed"),
        ("Never", [state(Kind.MAIN, FAILED), state(Kind.MAIN, RUNNING)], "Running"),
        ("OnFailure", [state(Kind.MAIN, FAILED)], "Running"),
        ("OnFailure", [state(Kind.MAIN, DONE)], "Succeeded"),
        ("Always", [state(Kind.INIT, RUNNING), state(Kind.MAIN, CREATING)], "Pending"),
        ("Never", [state(Kind.INIT, FAILED), state(Kind.MAIN, CREATING)], "Failed"),
        ("Always", [state(Kind.INIT, FAILED), state(Kind.MAIN, CREATING)], "Pending"),
        ("Always", [state(Kind.SIDECAR, RUNNING), state(Kind.MAIN, CREATING)], "Pending"),
        ("OnFailure", [state(Kind.SIDECAR, RUNNING, ready=True), state(Kind.MAIN, DONE)], "Running"),
        ("OnFailure", [state(Kind.SIDECAR, DONE), state(Kind.MAIN, DONE)], "Succeeded"),
    ],
)
def test_phase(policy: str, states: list[ContainerState], expected: str) -> None:
    assert phase(pod(policy), states) == expected


def conditions(pod: dict[str, Any], *states: ContainerState) -> dict[str, dict[str, Any]]:
    return {entry["type"]: entry for entry in pod_status(pod, list(states), FACTS)["conditions"]}


def test_a_pod_is_ready_when_its_containers_and_sidecars_are() -> None:
    sidecar, main = state(Kind.SIDECAR, RUNNING, ready=True), state(Kind.MAIN, RUNNING, ready=True)
    found = conditions(pod(), state(Kind.INIT, DONE), sidecar, main)
    assert {kind: entry["status"] for kind, entry in found.items()} == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "ContainersReady": "True",
        "Ready": "True",
    }


def test_unready_containers_are_named() -> None:
    found = conditions(pod(), state(Kind.MAIN, RUNNING, name="a", ready=True), state(Kind.MAIN, RUNNING, name="b"))
    assert found["Ready"]["status"] == "False"
    assert found["Ready"]["message"] == "containers with unready status: [b]"


def test_incomplete_init_containers_are_named() -> None:
    found = conditions(pod(), state(Kind.INIT, RUNNING, name="prepare"), state(Kind.MAIN, CREATING))
    assert found["Initialized"]["status"] == "False"
    assert found["Initialized"]["message"] == "containers with incomplete status: [prepare]"


def test_a_restarted_sidecar_does_not_make_the_pod_uninitialized() -> None:
    found = conditions(pod(), state(Kind.SIDECAR, CRASHING, last=FAILED), state(Kind.MAIN, RUNNING, ready=True))
    assert found["Initialized"]["status"] == "True"
    assert found["Ready"]["status"] == "False"


def test_readiness_gates_hold_the_pod_back() -> None:
    gated = pod(readinessGates=[{"conditionType": "example.com/open"}])
    main = state(Kind.MAIN, RUNNING, ready=True)
    assert conditions(gated, main)["Ready"]["reason"] == "ReadinessGatesNotReady"
    gated["status"] = {"conditions": [{"type": "example.com/open", "status": "True"}]}
    assert conditions(gated, main)["Ready"]["status"] == "True"


def test_a_completed_pod_is_not_ready_for_that_reason() -> None:
    found = conditions(pod("Never"), state(Kind.MAIN, DONE))
    assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("False", "PodCompleted")


def test_the_time_of_the_last_change_is_kept() -> None:
    before = pod()
    old = "2020-01-01T00:00:00Z"
    before["status"] = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": old}]}
    assert conditions(before, state(Kind.MAIN, CREATING))["Ready"]["lastTransitionTime"] == old
    after = conditions(before, state(Kind.MAIN, RUNNING, ready=True))["Ready"]
    assert after["lastTransitionTime"] != old


def test_a_crashing_container_shows_why_it_waits_and_how_it_ended() -> None:
    crashed = state(Kind.MAIN, CRASHING, last=Terminated(137, "Error", T0, T0, 9, "killed"))
    crashed.restarts = 4
    found = container_status(crashed)
    assert found["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    assert found["lastState"]["terminated"]["exitCode"] == 137
    assert found["lastState"]["terminated"]["signal"] == 9
    assert (found["restartCount"], found["ready"]) == (4, False)


def test_a_pod_without_a_network_has_no_address_yet() -> None:
    status = pod_status(pod(), [state(Kind.MAIN, CREATING)], PodFacts("t", "10.244.0.1", "", network_ready=False))
    assert "podIP" not in status
    assert status["observedGeneration"] == 3
