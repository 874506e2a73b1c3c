"""A Pod's status, computed from its spec and what is known of its containers (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.node.state import ContainerState, Kind, Running, Terminated, Waiting, now, timestamp

Object = dict[str, Any]


@dataclass(frozen=True)
class PodFacts:
    """What a status is computed from besides the Pod itself.

    Attributes:
        start_time: When the node accepted the Pod, in the API's form.
        address: The Pod's, or "" before it has one.
        network_ready: Its namespaces exist (condition PodReadyToStartContainers).
    """

    start_time: str
    host_address: str
    address: str
    network_ready: bool


def container_status(state: ContainerState) -> Object:
    """One entry of containerStatuses."""
    ready = state.ready
    if state.kind is Kind.INIT:
        ready = isinstance(state.phase, Terminated) and state.phase.code == 0
    status: Object = {
        "name": state.name,
        "image": state.image,
        "imageID": state.image_id,
        "ready": ready,
        "restartCount": state.restarts,
        "started": state.started,
        "state": _phase(state),
        "lastState": {"terminated": _terminated(state.last)} if state.last else {},
    }
    if state.container_id:
        status["containerID"] = state.container_id
    return status


def _phase(state: ContainerState) -> Object:
    phase = state.phase
    if isinstance(phase, Running):
        return {"running": {"startedAt": timestamp(phase.since)}}
    if isinstance(phase, Terminated):
        return {"terminated": _terminated(phase)}
    return {"waiting": {"reason": phase.reason, **({"message": phase.message} if phase.message else {})}}


def _terminated(end: Terminated) -> Object:
    status: Object = {
        "exitCode": end.code,
        "reason": end.reason,
        "startedAt": timestamp(end.started),
        "finishedAt": timestamp(end.finished),
        "containerID": end.container_id,
    }
    if end.signal:
        status["signal"] = end.signal
    if end.message:
        status["message"] = end.message
    return status


def phase(pod: Object, states: list[ContainerState]) -> str:
    """Pending, Running, Succeeded or Failed."""
    policy = pod["spec"].get("restartPolicy", "Always")
    for state in states:
        if (
            state.kind is Kind.INIT
            and isinstance(state.phase, Terminated)
            and state.phase.code != 0
            and policy == "Never"
        ):
            return "Failed"
    if _uninitialized(states):
        return "Pending"
    mains = [state for state in states if state.kind is Kind.MAIN]
    ended = [state.phase for state in mains if isinstance(state.phase, Terminated)]
    if any(isinstance(state.phase, Waiting) and state.last is None for state in mains):
        return "Pending"
    serving = any(state.kind is Kind.SIDECAR and isinstance(state.phase, Running) for state in states)
    if len(ended) == len(mains) and policy != "Always" and not serving:
        failed = any(end.code != 0 for end in ended)
        if not failed:
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    return "Running"


def _uninitialized(states: list[ContainerState]) -> list[str]:
    """Names of init containers and sidecars that the main containers still wait for: none once one of those ran."""
    if any(state.kind is Kind.MAIN and (state.last or not isinstance(state.phase, Waiting)) for state in states):
        return []
    return [state.name for state in states if not _is_initialized(state)]


def _is_initialized(state: ContainerState) -> bool:
    if state.kind is Kind.INIT:
        return isinstance(state.phase, Terminated) and state.phase.code == 0
    return state.started if state.kind is Kind.SIDECAR else True


def pod_status(pod: Object, states: list[ContainerState], facts: PodFacts) -> Object:
    """Everything of a Pod's status that the node owns. Conditions are to be merged by type."""
    pod_phase = phase(pod, states)
    status: Object = {
        "phase": pod_phase,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "startTime": facts.start_time,
        "hostIP": facts.host_address,
        "hostIPs": [{"ip": facts.host_address}],
        "conditions": _conditions(pod, states, facts, pod_phase),
        "containerStatuses": [container_status(state) for state in states if state.kind is Kind.MAIN],
    }
    inits = [container_status(state) for state in states if state.kind is not Kind.MAIN]
    if inits:
        status["initContainerStatuses"] = inits
    if facts.address:
        status["podIP"] = facts.address
        # Not merged by address: a Pod that an earlier agent ran has a new one now.
        status["podIPs"] = [{"$patch": "replace"}, {"ip": facts.address}]
    return status


def _conditions(pod: Object, states: list[ContainerState], facts: PodFacts, pod_phase: str) -> list[Object]:
    done = pod_phase == "Succeeded"
    uninitialized = _uninitialized(states)
    unready = [state.name for state in states if state.kind is not Kind.INIT and not state.ready]
    if done or pod_phase == "Failed":
        containers = _condition("ContainersReady", False, "PodCompleted" if done else "PodFailed")
        ready = _condition("Ready", False, "PodCompleted" if done else "PodFailed")
    elif unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        containers = _condition("ContainersReady", False, "ContainersNotReady", message)
        ready = _condition("Ready", False, "ContainersNotReady", message)
    else:
        containers = _condition("ContainersReady", True)
        gates = _closed_gates(pod)
        message = "corresponding condition of pod readiness gate " + "; ".join(f'"{g}" is not true' for g in gates)
        ready = _condition("Ready", False, "ReadinessGatesNotReady", message) if gates else _condition("Ready", True)
    initialized = _condition("Initialized", True, "PodCompleted" if done and not uninitialized else "")
    if uninitialized:
        message = f"containers with incomplete status: [{' '.join(uninitialized)}]"
        initialized = _condition("Initialized", False, "ContainersNotInitialized", message)
    conditions = [_condition("PodReadyToStartContainers", facts.network_ready), initialized, ready, containers]
    return [_with_transition(pod, condition) for condition in conditions]


def _closed_gates(pod: Object) -> list[str]:
    present = {c["type"]: c["status"] for c in (pod.get("status") or {}).get("conditions") or []}
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    return [gate for gate in gates if present.get(gate) != "True"]


def _condition(kind: str, value: bool, reason: str = "", message: str = "") -> Object:
    # None takes away what an earlier status had there.
    return {"type": kind, "status": str(value), "reason": reason or None, "message": message or None}


def _with_transition(pod: Object, condition: Object) -> Object:
    """Keeps the time of the last change of a condition's status."""
    for old in (pod.get("status") or {}).get("conditions") or []:
        if old["type"] == condition["type"] and old["status"] == condition["status"] and old.get("lastTransitionTime"):
            return {**condition, "lastTransitionTime": old["lastTransitionTime"]}
    return {**condition, "lastTransitionTime": timestamp(now())}
