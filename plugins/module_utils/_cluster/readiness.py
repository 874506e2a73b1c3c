# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Whether a version serves, from its Deployment, its Pods and its endpoints; and why not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._render.meta import Object, selector


def unready(deployment: Mapping[str, Any] | None, pods: Iterable[Mapping[str, Any]], endpoints: int) -> str | None:
    """None where every Pod of the newest generation is available and endpoints are ready; otherwise the reason."""
    if deployment is None:
        return "its Deployment does not exist"
    if not deployment["spec"].get("replicas", 1):
        return "it is scaled to 0 Pods"
    wanted, status = deployment["spec"].get("replicas", 1), deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return "its Deployment has not been taken up yet"
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted or available < wanted or status.get("replicas", 0) > updated:
        reasons = [reason for reason in map(pod_reason, pods) if reason]
        count = f"{min(updated, available)} of {wanted} Pods are available"
        return f"{count}; {'; '.join(dict.fromkeys(reasons))}" if reasons else count
    if not endpoints:
        return "its Service has no ready endpoint"
    return None


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a Pod gets requests: ready, and not on its way out."""
    conditions = {entry["type"]: entry["status"] for entry in pod.get("status", {}).get("conditions") or ()}
    return conditions.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp")


def pods_of(pods: Iterable[Object], namespace: str, model: str, version: str) -> list[Object]:
    """The Pods of one version."""
    labels = selector(model, version).items()
    return [
        pod
        for pod in pods
        if pod["metadata"]["namespace"] == namespace and labels <= (pod["metadata"].get("labels") or {}).items()
    ]


def pod_reason(pod: Mapping[str, Any]) -> str | None:
    """Why a Pod is not ready, in the kubelet's and the scheduler's own words."""
    status = pod.get("status", {})
    conditions = {entry["type"]: entry for entry in status.get("conditions") or ()}
    if conditions.get("Ready", {}).get("status") == "True" or pod["metadata"].get("deletionTimestamp"):
        return None
    name = f"Pod {pod['metadata']['name']}"
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"{name} cannot be scheduled: {scheduled.get('message', scheduled.get('reason', ''))}"
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        reason = _container_reason(container)
        if reason:
            return f"{name}: {reason}"
    return (
        f"{name} runs and is not ready"
        if status.get("phase") == "Running"
        else f"{name} is {status.get('phase', 'Pending')}"
    )


def _container_reason(container: Mapping[str, Any]) -> str | None:
    state = container.get("state") or {}
    waiting, ended = (
        state.get("waiting") or {},
        state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {},
    )
    reason = waiting.get("reason", "")
    if reason and reason not in ("ContainerCreating", "PodInitializing"):
        said = ended.get("message") or waiting.get("message", "")
        last = f", last exit code {ended['exitCode']}" if "exitCode" in ended else ""
        return f"{reason}{last}: {said}".rstrip(": ")
    if ended.get("exitCode"):
        return (
            f"container {container['name']} ended with exit code {ended['exitCode']} ({ended.get('reason', 'Error')})"
        )
    return None


def is_serving(point: Mapping[str, Any]) -> bool:
    """Whether an endpoint gets requests: ready, or nothing known to the contrary, as the API defines it."""
    return (point.get("conditions") or {}).get("ready") is not False


def ready_endpoints(slices: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Ready endpoints by Service name."""
    counts: dict[str, int] = {}
    for entry in slices:
        service = (entry["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
        ready = sum(len(point.get("addresses") or ()) for point in entry.get("endpoints") or () if is_serving(point))
        counts[service] = counts.get(service, 0) + ready
    return counts
