# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Reads MODEL-rule; writes it in a rollout, and proves that the gateways have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._cluster.read import OURS, get, list_kind
from .._cluster.write import apply
from .._gateways import Entrance, entrances
from .._plan.endpoints import Endpoints
from .._plan.live import Live, LiveRule, read_live_rule
from .._plan.owned import changes, extract
from .._plan.write import check_owner
from .._proof import Proof, located, prove_rule
from .._render.meta import Object
from .._render.rule import Preview, Record, rule_service
from .._render.trial import Trial
from .._report import patch_result
from .._spec import names
from .._spec.errors import wrong
from .._spec.rule import Rule
from .permit import Permit


class Routes:
    """The routes of one model, written with a permit. ``patches``: what was written. ``wrote``: the rule that stands there since the last write.

    ``asked``: the gateway Pods of the last proof.
    """

    def __init__(self, client: Client, namespace: str, model: str, permit: Permit | None = None) -> None:
        self._client, self.namespace, self.model = client, namespace, model
        self._permit = permit or Permit()
        self.patches: list[dict[str, Any]] = []
        self.wrote: Rule | None = None
        self.asked: list[Entrance] = []

    def read(self) -> tuple[Object, LiveRule]:
        """MODEL-rule. Raises ClusterError where there is none, SpecError where it is somebody else's."""
        found = get(self._client, "VirtualService", self.namespace, names.rule(self.model))
        if found is None:
            raise ClusterError(
                f"there is no model {self.model} in namespace {self.namespace}: VirtualService {names.rule(self.model)} does not exist; "
                "deploy it first (tfserving.istio.model), or name another namespace"
            )
        check_owner(Live(self.namespace, self.model), found)
        return found, read_live_rule(found)

    def endpoints(self) -> Endpoints:
        selector = f"{OURS},app={self.model}"
        return Endpoints(self.model, list_kind(self._client, "EndpointSlice", self.namespace, selector))

    def write(
        self,
        rule: Rule,
        record: Callable[[Record], Record],
        previews: tuple[Preview, ...] = (),
        known: tuple[Rule, ...] = (),
        trial: Trial | None = None,
    ) -> str:
        """Write the rule unless it stands already; the digest of the routes, for ``prove``.

        ``record`` makes what is remembered of what was; ``trial`` is what stands beside the rule. Where ``known`` is given and the live rule is
        none of it, somebody else has moved the traffic, and SpecError is raised. Raises Conflict, Held, ClusterError, Stopped.
        """
        with self._permit:
            found, live = self.read()
            if known and not any(rule_.same_as(live.rule) for rule_ in (*known, rule)):
                raise wrong(
                    f"somebody else has moved the traffic of {self.namespace}/{self.model}: its rule is {live.rule}, and was {known[0]}. "
                    f"Move it back (tfserving.istio.traffic cannot while the rollout is on: kubectl), or abort the rollout"
                )
            wanted = rule_service(self.model, self.namespace, rule, live.policy, record(live.record), previews, trial)
            if changes(found, wanted):
                self._permit.fence()
                apply(self._client, wanted, False, found["metadata"]["resourceVersion"])
                self.patches.append(patch_result(found, wanted))
            self.wrote = rule
        return str(wanted["spec"]["http"][0]["directResponse"]["body"]["string"])

    def expect(self, rule: Rule) -> None:
        """Raise SpecError where somebody else has moved the traffic in a hold. Nobody of this collection does while the mark stands."""

    def prove(self, digest: str, timeout: float) -> Proof:
        """Every gateway Pod has the routes. Raises ClusterError where one has not within ``timeout`` seconds."""
        places = located(
            lambda: entrances(self._client, get(self._client, "VirtualService", self.namespace, self.model))
        )
        if isinstance(places, Proof):
            self.asked = []
            return places
        self.asked = places
        return prove_rule(self._client, places, digest, timeout)

    def select(self, version: str) -> None:
        """The Service MODEL, for callers without a sidecar, selects the version."""
        with self._permit:
            service = get(self._client, "Service", self.namespace, self.model)
            if service is None or (service["spec"].get("selector") or {}).get("version") == version:
                return
            body = extract(service)
            own = body.setdefault("spec", {})
            own["selector"] = {**(own.get("selector") or {}), "version": version}
            self._permit.fence()
            apply(self._client, body)
            self.patches.append(patch_result(service, body))


def marked(candidate: str | None, previous: Rule | None) -> Callable[[Record], Record]:
    """What MODEL-rule remembers in a rollout: the mark, and the rule that an undo goes to."""
    return lambda record: replace(record, previous=previous, rollout=candidate)
