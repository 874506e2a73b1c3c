# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Workloads of somebody else's in a rollout: counted and asked as those of ``Room`` are, and never scaled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._cluster.client import Client
from .._cluster.read import list_kind
from .._cluster.readiness import pod_reason
from .._cluster.watch import wait
from .._render.meta import REST_PORT, Object
from .._serving import served
from .._spec.rollout import Rollout
from .._spec.rule import Rule
from .behind import Behind, Destination, Pod, is_pinned, model_name, targets, workload
from .capacity import needed
from .foreign import look
from .room import NotReady
from .weights import Destinations


class Standing:
    """The Pods behind a route. ``notes``: what could not be made sure of. ``patches``: nothing, ever."""

    def __init__(self, client: Client, rollout: Rollout, origin: Destinations) -> None:
        self._client, self._rollout, self._origin = client, rollout, origin
        self._its = {target.version: target for target in targets(rollout.name, rollout.namespace, origin)}
        self._needed, self._full, self._share = 1, 0, 0
        self._seen: Behind | None = None
        self.notes: list[str] = []
        self.patches: list[dict[str, Any]] = []

    def make(self, candidate: str, before: Rule, tenths: int, restore: Mapping[str, Any]) -> dict[str, Any]:
        """Note how many Pods a share of the candidate needs, in proportion to those of the others; ``wait`` waits for them."""
        behind = self._look()
        self._full = sum(len(behind.pods.get(version, ())) for version in before.live if version != candidate)
        self._needed, self._share = needed(self._full, tenths), tenths
        found = behind.pods.get(candidate, [])
        if len(found) < self._needed and self._scaled(candidate, found):
            self._needed = 1
        unpinned = [pod["metadata"]["name"] for pod in found if not is_pinned(pod)]
        if unpinned:
            self.notes.append(
                f"whether {candidate} is pinned to one integer cannot be seen from Pod {unpinned[0]} (no --model_config_file): the integer that it "
                "serves is read at every step, and another one ends the rollout"
            )
        return dict(restore)

    def wait(self, version: str, timeout: float) -> list[int] | None:
        """The integers that a version serves, once it has the Pods that are needed. Raises NotReady after ``timeout`` seconds."""
        target = self._its[version]
        rules = self._rules(target)

        def ready(store: Mapping[str, Mapping[str, Any]]) -> int:
            return len(Behind([target], store["EndpointSlice"].values(), store["Pod"].values(), rules).pods[version])

        kinds = ("Pod", "EndpointSlice")
        store = wait(self._client, target.service[1], kinds, "", lambda now: ready(now) >= self._needed, timeout)
        if ready(store) < self._needed:
            reasons = dict.fromkeys(filter(None, map(pod_reason, self._like(target, store["Pod"].values()))))
            raise NotReady(
                f"{version} has {ready(store)} ready Pods after {timeout:g} s, and {self._share / 10:g} percent need {self._needed}, in proportion to the "
                f"{self._full} of the others. Its workload is somebody else's and not scaled here: have Pods added"
                + (f"; {'; '.join(reasons)}" if reasons else "")
            )
        return self.served(version)

    def served(self, version: str) -> list[int] | None:
        """The integers that a version serves now; None, with a note, where it has no port to ask. Raises ClusterError."""
        behind, target = self._look(), self._its[version]
        behind.assure([version])
        port = behind.rest_port(target)
        if port is None:
            self.notes.append(
                f"what {version} serves is not read: none of the ports of its Service is called http, as TensorFlow Serving's REST port is"
            )
            return None
        pods = behind.pods[version]
        return served(self._client, pods, model_name(pods[0], self._rollout.name), port)

    def pods(self, version: str) -> list[Pod]:
        """The Pods of a version that get requests."""
        return self._look().pods.get(version, [])

    def serves_as(self, version: str) -> tuple[str, int]:
        """TensorFlow Serving's name of the model in a version's Pods, and the port of its REST API."""
        behind = self._seen or self._look()
        pods = behind.pods.get(version)
        name = model_name(pods[0], self._rollout.name) if pods else self._rollout.name
        return name, behind.rest_port(self._its[version]) or REST_PORT

    def put_back(self, restore: Mapping[str, Any]) -> None:
        """Nothing was scaled."""

    def empty(self, version: str) -> None:
        """Nothing is scaled."""

    def _look(self) -> Behind:
        self._seen = look(self._client, self._rollout, self._origin)
        return self._seen

    def _rules(self, target: Destination) -> list[Object]:
        namespaces = dict.fromkeys((target.service[1], self._rollout.namespace))
        return [rule for namespace in namespaces for rule in list_kind(self._client, "DestinationRule", namespace)]

    def _like(self, target: Destination, pods: Any) -> list[Pod]:
        """Pods of the workload whose name the Service has: those that are not ready are in no EndpointSlice's good graces."""
        return [pod for pod in pods if workload(pod) in (target.service[0], f"{self._rollout.name}-{target.version}")]

    def _scaled(self, version: str, pods: list[Pod]) -> bool:
        """Whether an autoscaler will add the Pods that are lacking when requests come; a note says so."""
        names = {workload(pod) for pod in pods}
        for scaler in list_kind(self._client, "HorizontalPodAutoscaler", self._its[version].service[1]):
            if scaler["spec"]["scaleTargetRef"]["name"] in names and scaler["spec"]["maxReplicas"] >= self._needed:
                self.notes.append(
                    f"{version} has {len(pods)} ready Pods, and {self._share / 10:g} percent need {self._needed}: HorizontalPodAutoscaler "
                    f"{scaler['metadata']['name']} has to add them when requests come"
                )
                return True
        return False
