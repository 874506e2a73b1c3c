# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Carries the actions of a rollout out, one at a time, and says what was seen."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._proof import prove_answer
from .._render.rule import Preview
from .._spec.errors import SpecError
from .._spec.rollout import Rollout
from .._spec.rule import WHOLE, Rule, read_rule
from .evidence import Evidence
from .foreign import Foreign
from .golden import Door, summary, tried
from .lease import Held
from .machine import CHECK, FINISH, LOOK, MARK, PREPARE, PROVE, SHIFT, TAKE_BACK, Seen
from .permit import Permit
from .room import NoRoom, NotReady, Room
from .routes import Routes, marked
from .standing import Standing
from .state import PROMOTING, State, live_rule, rule_at, trial_of


class Acts:
    """The actions of one rollout. ``rollout`` is the plan as the user gave it, with what its kept form hides; ``foreign`` is the state's."""

    def __init__(
        self, client: Client, rollout: Rollout, evidence: Evidence, foreign: dict[str, Any] | None = None
    ) -> None:
        self._client, self._rollout, self._evidence = client, rollout, evidence
        self._permit = Permit()
        self.routes: Routes | Foreign = Routes(client, rollout.namespace, rollout.name, self._permit)
        self._room: Room | Standing = Room(client, rollout.namespace, rollout.name, self._permit)
        if foreign is not None:
            self.routes = Foreign(client, rollout, foreign["route"], self._permit)
            self._room = Standing(client, rollout, foreign["route"])

    def fence(self, confirm: Callable[[], None]) -> None:
        """Ask ``confirm`` before each write; it raises Held."""
        self._permit.fence = confirm

    def stop(self) -> None:
        """Nothing is written any more by an action that is still under way."""
        self._permit.stop()

    def carry_out(self, kind: str, state: State) -> Seen:
        """Carry one action out. What the cluster or another program refuses is in the result; nothing else is raised but Held and Stopped."""
        acts = {
            MARK: self._mark,
            PREPARE: self._prepare,
            PROVE: self._prove,
            SHIFT: self._shift,
            LOOK: self._evidence.look,
            CHECK: self._check,
            TAKE_BACK: self._take_back,
            FINISH: self._finish,
        }
        try:
            seen = acts[kind](state)
        except Held:
            raise
        except (ClusterError, SpecError) as error:
            seen = Seen(time.time(), trouble=str(error))
        return self.noted(seen)

    def noted(self, seen: Seen) -> Seen:
        """What was seen, with what was written on the way: whoever goes on has to know it, though nothing else came of the action."""
        room, routes = self._room.patches, self.routes.patches
        self._room.patches, self.routes.patches = [], []
        wrote = str(self.routes.wrote or seen.wrote)
        return replace(seen, patches=[*seen.patches, *room, *routes], wrote=wrote)

    def _mark(self, state: State) -> Seen:
        before = read_rule(state.before)
        self.routes.write(before, marked(self._rollout.candidate, state.previous), known=(before,))
        return Seen(time.time())

    def _prepare(self, state: State) -> Seen:
        """Room for what the next step gives it, and a candidate that serves."""
        rollout, burden = self._rollout, self._rollout.steps[state.step].burden
        try:
            restore = self._room.make(rollout.candidate, read_rule(state.before), burden, state.restore)
        except NoRoom as error:
            return Seen(time.time(), refused=str(error))
        if restore != state.restore:
            raised = ", ".join(f"{name} ({has})" for name, has in restore["minimum"].items())
            return Seen(time.time(), intent=f"the minimum of {raised} is put back in the end", restore=restore)
        # A slice that was cut short began to wait before; a run that was killed may have scaled nothing.
        began = time.time() if self._room.patches else state.since
        left = max(1.0, began + rollout.ready_timeout - time.time())
        try:
            integers = self._room.wait(rollout.candidate, left)
        except NotReady as error:
            return Seen(time.time(), refused=str(error), notes=self._room.notes)
        return Seen(time.time(), served=integers, notes=self._room.notes)

    def _prove(self, state: State) -> Seen:
        """The preview answers through every gateway Pod, and the golden requests get the answers that they are to get."""
        rollout, before = self._rollout, read_rule(state.before)
        token = secrets.token_urlsafe(24)
        candidate, baseline = Preview(rollout.candidate, f"{token}-c"), Preview(state.baseline, f"{token}-b")
        mark = marked(rollout.candidate, state.previous)
        digest = self.routes.write(before, mark, (candidate, baseline), known=(before,))
        proof = self.routes.prove(digest, rollout.ready_timeout)
        if places := self.routes.asked:
            proof = prove_answer(self._client, places, candidate.token, rollout.ready_timeout)
            there = [place for place in places if not proof.pods or str(place) in proof.pods]  # others have ended
            doors = [(Door(place, candidate.token), Door(place, baseline.token)) for place in there]
        else:
            doors = self._direct(state.baseline)
        golden = tried(self._client, rollout.golden, doors)
        wrong = [str(one) for one in golden if one.problem]
        return Seen(
            time.time(),
            refused=summary(wrong),
            notes=list(proof.notes),
            golden=[asdict(one) for one in golden],
        )

    def _shift(self, state: State) -> Seen:
        """Write the step's routes, and wait until every gateway Pod has them."""
        rollout, before = self._rollout, read_rule(state.before)
        tenths = WHOLE if state.phase == PROMOTING else rollout.steps[state.step].tenths
        rule, trial = rule_at(before, rollout.candidate, tenths), trial_of(state)
        self._reachable(rule, *((rollout.candidate,) if trial else ()))
        counters = self._evidence.begin(state) if state.phase != PROMOTING else None
        digest = self.routes.write(rule, marked(rollout.candidate, before), known=_left(state), trial=trial)
        proof = self.routes.prove(digest, rollout.ready_timeout)
        if state.phase == PROMOTING:
            self.routes.select(rollout.candidate)
        return Seen(time.time(), counters=counters, notes=[f"proof by {proof.transport}", *proof.notes])

    def _check(self, state: State) -> Seen:
        """What TensorFlow Serving serves for the candidate at the end of a hold. A candidate that is not ready has no answer to that."""
        self.routes.expect(live_rule(state))
        return Seen(time.time(), served=self._room.served(self._rollout.candidate))

    def _take_back(self, state: State) -> Seen:
        """The rule from before, at once: no proof is waited for. Then what was raised is lowered again."""
        before = read_rule(state.before)
        self._reachable(before)
        self.routes.write(before, marked(None, state.previous))
        self.routes.select(state.baseline)
        self._room.put_back(state.restore)
        if not self._rollout.keep_candidate and not before.share(self._rollout.candidate):
            self._room.empty(self._rollout.candidate)
        return Seen(time.time())

    def _finish(self, state: State) -> Seen:
        rule = rule_at(read_rule(state.before), self._rollout.candidate, WHOLE)
        self.routes.write(rule, marked(None, read_rule(state.before)), known=(rule,))
        self._room.put_back(state.restore)
        return Seen(time.time())

    def _reachable(self, rule: Rule, *others: str) -> None:
        """No route is written to a version without a ready endpoint: neither by the rule nor beside it."""
        empty = self.routes.endpoints().unready(dict.fromkeys((*rule.live, *others)))
        if empty:
            raise ClusterError(
                f"{self._rollout.name}: version {', '.join(empty)} has no ready endpoint, so the rule {rule} is not written"
            )

    def _direct(self, baseline: str) -> list[tuple[Door, Door]]:
        """Doors of a model that no gateway leads to, or none that may be used: a Pod of each version."""
        ways = []
        for version in (self._rollout.candidate, baseline):
            pods = self._room.pods(version)
            name, port = self._room.serves_as(version) if pods else ("", 0)
            ways.append([Door((pod["metadata"]["namespace"], pod["metadata"]["name"]), "", name, port) for pod in pods])
        return [(door, ways[1][0]) for door in ways[0] if ways[1]]


def _left(state: State) -> tuple[Rule, ...]:
    """What the rollout may have left in the routes: the rule that it wrote last, or that it is known to have come to.

    Whoever promotes it leaves the step out that a killed run, or one that could not prove it, has written and not told of.
    """
    last = read_rule(state.wrote) if state.wrote else live_rule(state)
    rollout, before = state.rollout, read_rule(state.before)
    steps = [step for step in rollout.steps if step.weight is not None] if state.hurried else []
    return (last, before, *(rule_at(before, rollout.candidate, step.tenths) for step in steps)) if steps else (last,)
