# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Moves the weights of a route in a VirtualService that somebody else owns: what ``Routes`` does for MODEL-rule, and nothing beside."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError, Conflict
from .._cluster.read import get, list_kind
from .._cluster.write import patch as write_patch
from .._config_dump import prove_weights
from .._gateways import Entrance
from .._proof import Proof
from .._render.meta import Object
from .._render.rule import Preview, Record
from .._render.trial import Trial
from .._spec.errors import wrong
from .._spec.rollout import Rollout
from .._spec.rule import Rule, read_rule
from .behind import Behind, series, targets
from .permit import Permit
from .weights import Destinations, Route, changed, find, moved_by, patch, release, rule_of, versions, weights_for

AGAIN = 5.0
"""Seconds after which a proof that is not had looks whether the weights still are what is to be proved."""

REFUSED = 422
"""What the API server answers where a test of a JSON patch fails."""


class Foreign:
    """The route of one rollout. ``origin``: its destinations as they were before. It is written with a permit. ``patches``: what was written.

    No annotation, no label and no other field is written. The ownership of the routes, which the API server notes with each write, is given
    back where the weights are those from before. ``wrote``: the rule that stands there since the last write. One that has gone a moment later was
    taken back, though it be to what stood before. ``asked``: no gateway Pod leads to a version without a share, as that would take a route more.
    """

    def __init__(self, client: Client, rollout: Rollout, origin: Destinations, permit: Permit | None = None) -> None:
        self._client, self._rollout, self._origin = client, rollout, origin
        self._permit = permit or Permit()
        self.wrote: Rule | None = None
        self.asked: list[Entrance] = []
        self.patches: list[dict[str, Any]] = []

    def read(self) -> tuple[Object, Route]:
        """The VirtualService and the route. Raises ClusterError, SpecError."""
        rollout = self._rollout
        found = get(self._client, "VirtualService", rollout.namespace, rollout.moves)
        if found is None:
            raise ClusterError(
                f"virtual_service: {self._name} does not exist; name one that does, in the namespace of the rollout"
            )
        return found, find(found, rollout.route)

    def endpoints(self) -> Behind:
        return look(self._client, self._rollout, self._origin)

    def write(
        self,
        rule: Rule,
        record: Callable[[Record], Record],
        previews: tuple[Preview, ...] = (),
        known: tuple[Rule, ...] = (),
        trial: Trial | None = None,
    ) -> str:
        """Write the weights unless they are so already; the rule, for ``prove``. Whoever has no mark to write gives the ownership back.

        Where ``known`` is given and the live rule is none of it, somebody else has moved the traffic, and SpecError is raised. Raises
        Conflict where somebody else wrote at the same moment, Held, ClusterError, Stopped.
        """
        with self._permit:
            service, route = self.read()
            self._check(service, route, (*known, rule) if known else ())
            model = self._rollout.name
            operations = patch(route, weights_for(model, rule, route.destinations, self._origin))
            if operations:
                self._permit.fence()
                service = self._patched(service, route, operations)
                self.patches.append({"object": self._name, "changes": changed(route, operations)})
            self.wrote = rule
            given_back = release(service) if record(Record()).rollout is None else []
            if given_back and rule.same_as(rule_of(model, self._origin)):
                # The route is as it was; who is noted to have written it matters less than an abort that ends.
                with suppress(ClusterError):
                    write_patch(self._client, service, given_back)
        return str(rule)

    def expect(self, rule: Rule) -> None:
        """Raise SpecError where somebody else has moved the traffic in a hold: what was seen in it is no word on the rule."""
        service, route = self.read()
        self._check(service, route, (rule,))

    def prove(self, digest: str, timeout: float) -> Proof:
        """Every gateway Pod has the weights. Raises ClusterError where one has not within ``timeout`` seconds, SpecError where they are moved."""
        rule, until = read_rule(digest), time.monotonic() + timeout
        while True:
            service, route = self.read()
            self._check(service, route, (rule,))
            its = targets(self._rollout.name, self._rollout.namespace, route.destinations)
            known = {(*target.service, target.subset): target.version for target in its}
            left = until - time.monotonic()
            try:
                return prove_weights(self._client, service, route.name, known, rule, max(1.0, min(left, AGAIN)))
            except ClusterError:
                if left <= AGAIN:
                    raise

    def select(self, version: str) -> None:
        """Which version callers without a sidecar get is for the owner to say."""

    def _check(self, service: Object, route: Route, known: tuple[Rule, ...]) -> None:
        live, rollout = rule_of(self._rollout.name, route.destinations), self._rollout
        if known and not any(rule.same_as(live) for rule in known):
            raise wrong(
                f"somebody else has moved the traffic: {moved_by(service)} wrote {self._name}, where the weights are {live} now, and were "
                f"{known[0]}. Let it leave the weights alone (see the guide on GitOps for its ignore rules) and put {known[0]} back, or end the "
                f"rollout: ansible-playbook tfserving.istio.abort -e model={rollout.name} -e model_namespace={rollout.namespace}"
            )

    def _patched(self, service: Object, route: Route, operations: list[dict[str, Any]]) -> Object:
        try:
            return write_patch(self._client, service, operations)
        except ClusterError as error:
            if error.status != REFUSED:
                raise
            now, its = self.read()
            if its == route:
                raise
            raise Conflict(
                f"{self._name} was written by {moved_by(now)} at the same moment, so its weights were left alone",
                REFUSED,
            ) from error

    @property
    def _name(self) -> str:
        return f"VirtualService {self._rollout.namespace}/{self._rollout.moves}"


def begin(client: Client, rollout: Rollout) -> tuple[Rule, dict[str, Any]]:
    """The rule from before, and what a rollout has to know of the route to the end. Raises SpecError where the candidate is no part of it."""
    service, route = Foreign(client, rollout, []).read()
    known = versions(rollout.name, route.destinations)
    if rollout.candidate not in known:
        raise wrong(
            f"candidate: {rollout.candidate} is no destination of route {route.name or route.index} in VirtualService "
            f"{service['metadata']['namespace']}/{service['metadata']['name']}, which has {', '.join(known)}; add it there with weight 0"
        )
    its = targets(rollout.name, rollout.namespace, route.destinations)
    behind = look(client, rollout, route.destinations)
    return rule_of(rollout.name, route.destinations), {"route": route.destinations, "series": series(its, behind)}


def look(client: Client, rollout: Rollout, destinations: Destinations) -> Behind:
    """What stands behind the destinations now. Raises ClusterError."""
    its = targets(rollout.name, rollout.namespace, destinations)
    services = dict.fromkeys(target.service[1] for target in its)
    queries = [(kind, namespace) for kind in ("EndpointSlice", "Pod") for namespace in services]
    queries += [("DestinationRule", namespace) for namespace in dict.fromkeys((*services, rollout.namespace))]
    found: dict[str, list[Object]] = {"DestinationRule": []}
    for (kind, _namespace), entries in zip(
        queries, client.every(lambda query: list_kind(client, *query), queries), strict=True
    ):
        found.setdefault(kind, []).extend(entries)
    return Behind(its, found["EndpointSlice"], found["Pod"], found["DestinationRule"])
