# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a rollout has still to write and to ask, for its plan. Nothing is written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._cluster.read import get
from .._proof import FORBIDDEN
from .._render.meta import Object
from .._render.rule import PREVIOUS, ROLLOUT, Preview, Record, rule_service
from .._render.trial import Trial
from .._report import HIDDEN
from .._spec.rollout import WEIGHTS, Rollout
from .._spec.rule import WHOLE, Rule, read_rule
from .evidence import Evidence
from .foreign import Foreign
from .plan import FIRST, MARKED, PROVED, Foreseen, Patch
from .room import NoRoom, Room
from .routes import Routes, marked
from .state import PENDING, PROMOTING, State, rule_at, trial_of
from .weights import Route, changed, patch, weights_for


def foresee(client: Client, rollout: Rollout, state: State, evidence: Evidence) -> Foreseen:
    """From the cluster as it is now. Raises ClusterError, SpecError."""
    done, first = _behind(state)
    way, end, lines = _way(client, rollout, state), FIRST + len(rollout.steps), dict[int, list[Patch]]()
    for line in range(first, end + 1):
        if line == MARKED:
            way.mark()
        elif line == PROVED:
            way.prove()
        elif FIRST <= line < end:
            way.step(line - FIRST)
        elif line == end:
            way.end()
        lines[line], way.patches = way.patches, []
    return Foreseen(lines, tuple(evidence.queries(state)), done, first)


def foresee_return(client: Client, state: State) -> list[Patch]:
    """What takes the traffic back. Raises ClusterError, SpecError."""
    way = _way(client, state.rollout, state)
    way.take_back()
    return way.patches


def _way(client: Client, rollout: Rollout, state: State) -> _Own | _Weights:
    return _Weights(client, rollout, state) if rollout.manage == WEIGHTS else _Own(client, rollout, state)


def _behind(state: State) -> tuple[int, int]:
    """The last line that was done, and the next one that will be: who promotes leaves steps out."""
    if state.phase == PENDING:
        return 0, MARKED
    if not state.proven:
        return MARKED, MARKED + 1
    done = FIRST + state.live if state.live >= 0 else PROVED
    return done, FIRST + (len(state.rollout.steps) if state.phase == PROMOTING else state.step + state.shifted)


T = TypeVar("T")
_MARKS = (ROLLOUT, PREVIOUS)
_PATHS = ("spec.http", *(f"metadata.annotations.{name}" for name in _MARKS))


class _Own:
    """MODEL-rule, the Service MODEL and the workloads, as they are after each line."""

    def __init__(self, client: Client, rollout: Rollout, state: State) -> None:
        self.patches = list[Patch]()
        self._client, self._rollout, self._state, self._before = client, rollout, state, read_rule(state.before)
        self._found, self._live = Routes(client, rollout.namespace, rollout.name).read()
        self._room = Room(client, rollout.namespace, rollout.name)
        self._workloads = copy.deepcopy(
            self._allowed(lambda: self._room.workloads(rollout.candidate, self._before)) or {}
        )
        self._minimum = dict(state.restore.get("minimum") or {})

    def mark(self) -> None:
        self._write(self._before, marked(self._rollout.candidate, self._state.previous))

    def prove(self) -> None:
        previews = (Preview(self._rollout.candidate, HIDDEN), Preview(self._state.baseline, HIDDEN))
        self._write(self._before, marked(self._rollout.candidate, self._state.previous), previews)

    def step(self, index: int) -> None:
        rollout, step = self._rollout, self._rollout.steps[index]
        scaled: list[tuple[Object, str, int]] = []
        try:
            if self._workloads:
                scaled = self._room.missing(self._workloads, rollout.candidate, self._before, step.burden)
        except NoRoom as error:
            self.patches.append({"object": f"refused: {error}", "changes": []})
        for live, name, count in scaled:
            if name == "minReplicas":
                self._minimum.setdefault(live["metadata"]["name"], live["spec"].get("minReplicas", 1))
            self._scale(live, name, count)
        rule = rule_at(self._before, rollout.candidate, step.tenths)
        self._write(rule, marked(rollout.candidate, self._before), trial=trial_of(self._state, index))

    def end(self) -> None:
        self._write(rule_at(self._before, self._rollout.candidate, WHOLE), marked(None, self._before))
        self._select(self._rollout.candidate)
        self._put_back()

    def take_back(self) -> None:
        self._write(self._before, marked(None, self._state.previous))
        self._select(self._state.baseline)
        self._put_back()

    def _select(self, version: str) -> None:
        place = (self._rollout.namespace, self._rollout.name)
        service = self._allowed(lambda: get(self._client, "Service", *place))
        selected = (service or {}).get("spec", {}).get("selector") or {}
        if service is not None and selected.get("version") != version:
            change = {"path": "spec.selector.version", "before": selected.get("version"), "after": version}
            self.patches.append(_patched("Service", self._rollout.namespace, self._rollout.name, change))

    def _allowed(self, look: Callable[[], T]) -> T | None:
        """What is seen, or None where this user may not look: whoever launches a Job need not have the rights of its driver. Raises ClusterError."""
        try:
            return look()
        except ClusterError as error:
            if error.status != FORBIDDEN:
                raise
            self.patches.append({"object": f"not foreseen: {error}", "changes": []})
            return None

    def _put_back(self) -> None:
        """The minimum of each autoscaler that was raised, or is by then."""
        for scaler in (workload.scaler for workload in self._workloads.values()):
            least = self._minimum.get(scaler["metadata"]["name"]) if scaler else None
            if scaler is not None and least is not None and scaler["spec"].get("minReplicas") != least:
                self._scale(scaler, "minReplicas", least)

    def _scale(self, live: Object, name: str, count: int) -> None:
        change = {"path": f"spec.{name}", "before": live["spec"].get(name), "after": count}
        self.patches.append(_patched(live["kind"], self._rollout.namespace, live["metadata"]["name"], change))
        live["spec"][name] = count

    def _write(
        self,
        rule: Rule,
        record: Callable[[Record], Record],
        previews: tuple[Preview, ...] = (),
        trial: Trial | None = None,
    ) -> None:
        rollout, live = self._rollout, self._live
        wanted = rule_service(rollout.name, rollout.namespace, rule, live.policy, record(live.record), previews, trial)
        changes = [
            {"path": path, "before": was, "after": becomes}
            for path, was, becomes in zip(_PATHS, _shown(self._found), _shown(wanted), strict=True)
            if was != becomes
        ]
        if changes:
            self.patches.append(_patched("VirtualService", rollout.namespace, rollout.moves, *changes))
        self._found = wanted


def _shown(service: Object) -> list[Any]:
    """What a rollout writes of MODEL-rule, one for each of the paths."""
    annotations = service["metadata"].get("annotations") or {}
    return [service["spec"]["http"], *(annotations.get(name) for name in _MARKS)]


class _Weights:
    """The weights of a route in a VirtualService that somebody else owns, as they are after each line."""

    def __init__(self, client: Client, rollout: Rollout, state: State) -> None:
        if state.foreign is None:
            raise ClusterError(f"the rollout of {rollout.name} does not know the route that it moves")
        self.patches = list[Patch]()
        self._rollout, self._before, self._origin = rollout, read_rule(state.before), state.foreign["route"]
        self._route = Foreign(client, rollout, self._origin).read()[1]

    def mark(self) -> None:
        """There is none."""

    def prove(self) -> None:
        """By requests to the Pods themselves."""

    def step(self, index: int) -> None:
        self._move(self._rollout.steps[index].tenths)

    def end(self) -> None:
        self._move(WHOLE)

    def take_back(self) -> None:
        self._to(self._before)

    def _move(self, tenths: int) -> None:
        self._to(rule_at(self._before, self._rollout.candidate, tenths))

    def _to(self, rule: Rule) -> None:
        weights = weights_for(self._rollout.name, rule, self._route.destinations, self._origin)
        if operations := patch(self._route, weights):
            changes = changed(self._route, operations)
            self.patches.append(_patched("VirtualService", self._rollout.namespace, self._rollout.moves, *changes))
        moved = [
            {name: value for name, value in {**entry, "weight": weight}.items() if value is not None}
            for entry, weight in zip(self._route.destinations, weights, strict=True)
        ]
        self._route = Route(self._route.index, {**self._route.entry, "route": moved})


def _patched(kind: str, namespace: str, name: str, *changes: dict[str, Any]) -> Patch:
    return {"object": f"{kind} {namespace}/{name}", "changes": list(changes)}
