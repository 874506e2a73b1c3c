# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a rollout has still to write and to ask, for its plan. Nothing is written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._cluster.read import get
from .._plan.owned import extract
from .._render.meta import Object
from .._render.rule import PREVIOUS, ROLLOUT, Preview, Record, rule_service
from .._render.trial import Trial
from .._report import HIDDEN, patch_result
from .._spec.rollout import WEIGHTS, Rollout
from .._spec.rule import WHOLE, Rule, read_rule
from .evidence import Evidence
from .foreign import Foreign
from .plan import FIRST, MARKED, PROVED, Foreseen
from .room import NoRoom, Room
from .routes import Routes, marked
from .state import PENDING, PROMOTING, State, rule_at, trial_of
from .weights import Route, changed, patch, weights_for


def foresee(client: Client, rollout: Rollout, state: State, evidence: Evidence) -> Foreseen:
    """From the cluster as it is now. Raises ClusterError, SpecError."""
    done = _done(state)
    way = _Weights(client, rollout, state) if rollout.manage == WEIGHTS else _Own(client, rollout, state)
    end, lines = FIRST + len(rollout.steps), dict[int, list[dict[str, Any]]]()
    for line in range(done + 1, end + 1):
        way.patches = []
        if line == MARKED:
            way.mark()
        elif line == PROVED:
            way.prove()
        elif FIRST <= line < end:
            way.step(line - FIRST)
        elif line == end:
            way.end()
        lines[line] = way.patches
    return Foreseen(lines, tuple(evidence.queries(state)), done)


def _done(state: State) -> int:
    if state.phase == PENDING:
        return 0
    if state.phase == PROMOTING:
        return PROVED + len(state.rollout.steps)
    return PROVED + state.step + state.shifted if state.proven else MARKED


_MARKS = (ROLLOUT, PREVIOUS)
_PATHS = ("spec.http", *(f"metadata.annotations.{name}" for name in _MARKS))


class _Own:
    """MODEL-rule, the Service MODEL and the workloads, as they are after each line."""

    def __init__(self, client: Client, rollout: Rollout, state: State) -> None:
        self.patches: list[dict[str, Any]] = []
        self._client, self._rollout, self._state, self._before = client, rollout, state, read_rule(state.before)
        self._found, self._live = Routes(client, rollout.namespace, rollout.name).read()
        self._room = Room(client, rollout.namespace, rollout.name)
        self._workloads = copy.deepcopy(self._room.workloads(rollout.candidate, self._before))

    def mark(self) -> None:
        self._write(self._before, self._undo())

    def prove(self) -> None:
        previews = (Preview(self._rollout.candidate, HIDDEN), Preview(self._state.baseline, HIDDEN))
        self._write(self._before, self._undo(), previews)

    def step(self, index: int) -> None:
        rollout, step = self._rollout, self._rollout.steps[index]
        try:
            scaled = self._room.missing(self._workloads, rollout.candidate, self._before, step.burden)
        except NoRoom as error:
            self.patches.append({"object": f"refused: {error}", "changes": []})
            scaled = []
        for live, name, count in scaled:
            target = f"{live['kind']} {rollout.namespace}/{live['metadata']['name']}"
            change = {"path": f"spec.{name}", "before": live["spec"].get(name), "after": count}
            self.patches.append({"object": target, "changes": [change]})
            live["spec"][name] = count
        rule = rule_at(self._before, rollout.candidate, step.tenths)
        self._write(rule, marked(rollout.candidate, self._before), trial=trial_of(self._state, index))

    def end(self) -> None:
        service = get(self._client, "Service", self._rollout.namespace, self._rollout.name)
        if service is not None:
            body = extract(service)
            body["spec"]["selector"] = {**(body["spec"].get("selector") or {}), "version": self._rollout.candidate}
            self.patches.append(patch_result(service, body))
        self._write(rule_at(self._before, self._rollout.candidate, WHOLE), marked(None, self._before))

    def _undo(self) -> Callable[[Record], Record]:
        return marked(self._rollout.candidate, read_rule(self._state.undo) if self._state.undo else None)

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
            target = f"VirtualService {rollout.namespace}/{rollout.moves}"
            self.patches.append({"object": target, "changes": changes})
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
        self.patches: list[dict[str, Any]] = []
        self._rollout, self._before, self._origin = rollout, read_rule(state.before), state.foreign["route"]
        self._name = f"VirtualService {rollout.namespace}/{rollout.moves}"
        self._route = Foreign(client, rollout, self._origin).read()[1]

    def mark(self) -> None:
        """There is none."""

    def prove(self) -> None:
        """By requests to the Pods themselves."""

    def step(self, index: int) -> None:
        self._move(self._rollout.steps[index].tenths)

    def end(self) -> None:
        self._move(WHOLE)

    def _move(self, tenths: int) -> None:
        rule = rule_at(self._before, self._rollout.candidate, tenths)
        weights = weights_for(self._rollout.name, rule, self._route.destinations, self._origin)
        if operations := patch(self._route, weights):
            self.patches.append({"object": self._name, "changes": changed(self._route, operations)})
        moved = [
            {name: value for name, value in {**entry, "weight": weight}.items() if value is not None}
            for entry, weight in zip(self._route.destinations, weights, strict=True)
        ]
        self._route = Route(self._route.index, {**self._route.entry, "route": moved})
