# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The workloads of a model in a rollout: the Pods that a step's weight needs, autoscalers that do not take them away again, what they serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._cluster.read import OURS, get, list_kind
from .._cluster.readiness import is_ready
from .._cluster.write import apply
from .._plan.live import is_ours, serves_as
from .._plan.owned import extract, owners
from .._plan.workload_plan import AUTOSCALERS
from .._proof import FORBIDDEN
from .._ready import Ready
from .._render.meta import REST_PORT, Object
from .._report import patch_result
from .._serving import served
from .._spec import names
from .._spec.rule import Rule
from .capacity import needed, no_room
from .permit import Permit


@dataclass(frozen=True)
class Workload:
    """What a version runs by, and the autoscaler of it where it has one."""

    deployment: Object
    scaler: Object | None


class NoRoom(ClusterError):
    """The nodes cannot hold the Pods that a step needs."""


class NotReady(ClusterError):
    """The candidate was given its time and does not serve."""


class Room:
    """The workloads of one model, scaled with a permit. ``notes``: what could not be made sure of. ``patches``: what was written."""

    def __init__(self, client: Client, namespace: str, model: str, permit: Permit | None = None) -> None:
        self._client, self._namespace, self._model = client, namespace, model
        self._permit = permit or Permit()
        self.notes: list[str] = []
        self.patches: list[dict[str, Any]] = []

    def make(self, candidate: str, before: Rule, tenths: int, restore: Mapping[str, Any]) -> dict[str, Any]:
        """Scale for a share of the candidate; what is to be put back in the end. Raises NoRoom, ClusterError, Stopped.

        The others keep the Pods that they have. Where an autoscaler has Pods in hand, its minimum is raised to their number.
        Nothing is written where that is more than ``restore`` has: whoever calls keeps it first, and calls again.
        """
        scaled = self.missing(self.workloads(candidate, before), candidate, before, tenths)
        known = dict(restore.get("minimum") or {})
        minimum = {
            live["metadata"]["name"]: live["spec"].get("minReplicas", 1)
            for live, name, _count in scaled
            if name == "minReplicas"
        }
        if not minimum.keys() <= known.keys():
            return {**restore, "minimum": {**minimum, **known}}
        for live, name, count in scaled:
            self._scale(live, name, count)
        return dict(restore)

    def workloads(self, candidate: str, before: Rule) -> dict[str, Workload]:
        """Deployments of the candidate and of what has traffic, each with its autoscaler. Raises ClusterError."""
        deployments = {version: self._deployment(version) for version in dict.fromkeys((*before.live, candidate))}
        scalers = {
            entry["spec"]["scaleTargetRef"]["name"]: entry
            for entry in list_kind(self._client, "HorizontalPodAutoscaler", self._namespace)
        }
        return {name: Workload(found, scalers.get(found["metadata"]["name"])) for name, found in deployments.items()}

    def missing(
        self, workloads: dict[str, Workload], candidate: str, before: Rule, tenths: int
    ) -> list[tuple[Object, str, int]]:
        """What a share of the candidate takes: an object, a field of its spec, and the number it is to have. Raises NoRoom, ClusterError."""
        self.notes = []
        own = workloads[candidate].deployment
        full = sum(_replicas(workloads[version].deployment) for version in before.live if version != candidate)
        wanted = max(_replicas(own), needed(full, tenths))
        self._fits(own, wanted - _replicas(own))
        scaled: list[tuple[Object, str, int]] = []
        for version, workload in workloads.items():
            deployment, scaler = workload.deployment, workload.scaler
            least = wanted if version == candidate else _replicas(deployment)
            if scaler is not None and self._is_low(scaler, least):
                scaled.append((scaler, "minReplicas", least))
            if least > _replicas(deployment):  # an autoscaler would do so in its own time, and never from 0
                scaled.append((deployment, "replicas", least))
        return scaled

    def wait(self, version: str, timeout: float) -> list[int] | None:
        """The integers that a version serves, once it does. Raises NotReady after ``timeout`` seconds."""
        key = f"{self._namespace}/{self._model}"
        numbers, errors = Ready(self._client, timeout, {key: self.serves_as(version)[0]}).wait([(key, version)])
        if errors:
            raise NotReady(errors[key])
        return numbers.get(key, {}).get(version, [])

    def served(self, version: str) -> list[int] | None:
        """The integers that a version serves now. Raises ClusterError where it has no Pod that is ready."""
        pods = self.pods(version)
        if not pods:
            raise ClusterError(f"{self._model} version {version} has no Pod that is ready")
        return served(self._client, pods, self.serves_as(version)[0])

    def pods(self, version: str) -> list[Object]:
        """The Pods of a version that get requests."""
        selector = f"{OURS},app={self._model},version={version}"
        return [pod for pod in list_kind(self._client, "Pod", self._namespace, selector) if is_ready(pod)]

    def serves_as(self, version: str) -> tuple[str, int]:
        """TensorFlow Serving's name of the model in a version's Pods, and the port of its REST API."""
        return serves_as(self._deployment(version)), REST_PORT

    def put_back(self, restore: Mapping[str, Any]) -> None:
        """Autoscalers get the minimum that they had."""
        for name, minimum in (restore.get("minimum") or {}).items():
            scaler = get(self._client, "HorizontalPodAutoscaler", self._namespace, name)
            if scaler is not None and is_ours(scaler) and scaler["spec"].get("minReplicas") != minimum:
                self._scale(scaler, "minReplicas", minimum)

    def empty(self, version: str) -> None:
        """Scale a version to no Pods."""
        deployment = get(self._client, "Deployment", self._namespace, names.version(self._model, version))
        if deployment is not None and _replicas(deployment):
            self._scale(deployment, "replicas", 0)

    def _scale(self, live: Object, name: str, count: int) -> None:
        wanted = extract(live)
        wanted["spec"][name] = count
        with self._permit:
            self._permit.fence()
            apply(self._client, wanted, force=AUTOSCALERS in owners(live, "spec", name))
            self.patches.append(patch_result(live, wanted))

    def _deployment(self, version: str) -> Object:
        name = names.version(self._model, version)
        found = get(self._client, "Deployment", self._namespace, name)
        if found is None:
            raise ClusterError(
                f"Deployment {self._namespace}/{name} does not exist; deploy the version first (tfserving.istio.model, without traffic)"
            )
        return found

    def _is_low(self, scaler: Object, least: int) -> bool:
        """Whether an autoscaler's minimum has to be raised, and may be. Raises NoRoom."""
        name = scaler["metadata"]["name"]
        if scaler["spec"].get("minReplicas", 1) >= least:
            return False
        if not is_ours(scaler):
            self.notes.append(
                f"HorizontalPodAutoscaler {name} is not of this collection and may scale below {least} Pods during the rollout"
            )
            return False
        if least > scaler["spec"]["maxReplicas"]:
            raise NoRoom(
                f"{least} Pods of {name} are needed, and its autoscaler has a maximum of {scaler['spec']['maxReplicas']}; raise autoscale.max"
            )
        return True

    def _fits(self, deployment: Object, more: int) -> None:
        """Look at the nodes where more Pods are needed, if that is allowed; the scheduler finds out otherwise."""
        if more <= 0:
            return
        name = deployment["metadata"]["name"]
        labels = deployment["spec"]["selector"]["matchLabels"]
        try:
            nodes, pods = list_kind(self._client, "Node"), list_kind(self._client, "Pod")
        except ClusterError as error:
            if error.status != FORBIDDEN:
                raise
            self.notes.append(
                f"not looked whether the nodes have room for {more} more Pods of {name}: listing nodes and Pods is not allowed"
            )
            return
        own = [pod for pod in pods if labels.items() <= (pod["metadata"].get("labels") or {}).items()]
        like = own[0] if own else deployment["spec"]["template"]  # a Pod has what admission has added: the sidecar
        reason = no_room(nodes, pods, like, more)
        if reason:
            raise NoRoom(f"{name}: {reason}")


def _replicas(deployment: Mapping[str, Any]) -> int:
    return int(deployment["spec"].get("replicas", 1))
