"""Whole rollouts through the real state machine, with a world that is made up."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counts
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.gates import Window
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.machine import (
    CHECK,
    LOOK,
    MARK,
    PREPARE,
    PROVE,
    REST,
    RESUME,
    SHIFT,
    Seen,
    action,
    advance,
)
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.record import Entry, entry
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import State, begin, rule_at
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.words import event
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import Rollout, read_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule

BEGAN = 1_790_000_000.0
GATES = [
    {"kind": "success_rate", "objective": 99},
    {"kind": "latency", "boundary": 250, "objective": 95},
]
GOLDEN = [{"name": "a seven", "request": {"instances": [[0.5]]}, "expect": {"predictions": [7]}, "latency": 0.5}]


def plan(**given: Any) -> Rollout:
    """A canary of mnist v2."""
    usual: dict[str, Any] = {"steps": [5, 25, 100], "hold": 120, "gates": GATES, "golden": GOLDEN}
    return read_rollout({"name": "mnist", "candidate": "v2", **usual, **given})


@dataclass
class World:
    """What happens: requests a second to the model, and the shares of failed and of slow ones of both versions.

    ``wishes``: seconds since the beginning -> the wish and why. ``troubles``: action -> how often it cannot be carried out at first.
    ``served``: what TensorFlow Serving serves the first, second, ... time that it is asked. ``refused``: what golden requests say of the
    candidate. ``resumes``: how often a pause is followed by another run.
    """

    rate: float = 100.0
    errors: tuple[float, float] = (0.002, 0.002)
    slow: tuple[float, float] = (0.01, 0.01)
    wishes: dict[float, tuple[str, str]] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    served: dict[int, list[int]] = field(default_factory=dict)
    asked: int = 0
    refused: str = ""
    resumes: int = 0
    rests: float = 45.0
    random: random.Random = field(default_factory=lambda: random.Random(7))

    def see(self, kind: str, state: State, now: float) -> Seen:
        """What is seen when an action is carried out at ``now``."""
        if self.troubles.get(kind, 0) > 0:
            self.troubles[kind] -= 1
            return Seen(now, trouble="the API server cannot be reached: connection refused")
        if kind in (PREPARE, CHECK):
            self.asked += 1
            return Seen(now, served=self.served.get(self.asked, [2]))
        if kind == PROVE:
            tried = {
                "request": "a seven",
                "through": "gateway Pod istio-system/gateway-1",
                "seconds": 0.0213,
                "problem": self.refused,
            }
            return Seen(now, refused=self.refused, golden=[tried] if state.rollout.golden else [])
        if kind in (MARK, SHIFT):
            return Seen(
                now, notes=["proof by port-forward"] if kind == SHIFT else [], patches=[self._patch(kind, state)]
            )
        return self._look(state, now) if kind == LOOK else Seen(now)

    def _look(self, state: State, now: float) -> Seen:
        last = state.window or asdict(Window(0.0))
        answered, copied = state.tenths / 1000, (state.rollout.steps[state.step].mirror or 0) / 100
        since, shares = now - state.since - last["seconds"], (answered + copied, 1 - answered)
        sides = zip(shares, self.errors, self.slow, (last["candidate"], last["baseline"]), strict=True)
        candidate, baseline = (self._counts(part * self.rate * since, *rest) for part, *rest in sides)
        window = Window(now - state.since, candidate, baseline)
        return Seen(
            now, window=asdict(window), queries=['istio_requests_total{destination_service=~"mnist-(v1|v2)"}[60s]']
        )

    def _counts(self, expected: float, errors: float, slow: float, last: Mapping[str, Any]) -> Counts:
        new = int(expected) + (self.random.random() < expected % 1)
        failed = sum(self.random.random() < errors for _request in range(new))
        late = sum(self.random.random() < slow for _request in range(new))
        requests = last["requests"] + new
        return Counts(requests, last["errors"] + failed, requests, {"250": last["slow"].get("250", 0) + late})

    @staticmethod
    def _patch(kind: str, state: State) -> dict[str, Any]:
        before = rule_at(read_rule("v1:100"), "v2", state.tenths) if state.tenths else read_rule("v1:100")
        after = before if kind == MARK else rule_at(before, "v2", state.rollout.steps[state.step].tenths)
        change = {"path": "metadata.annotations.tfserving.istio/rule", "before": str(before), "after": str(after)}
        return {"object": "VirtualService kubeflow/mnist-rule", "changes": [change]}


def drive(rollout: Rollout, world: World, longest: float = 86_400.0) -> dict[str, Any]:
    """A rollout as the module returns it: its last state and its record."""
    state = begin(rollout, read_rule("v1:100"), None, BEGAN)
    record: list[Entry] = []
    wishes = sorted(world.wishes.items())
    now, resumes = BEGAN, world.resumes

    def go(kind: str, seen: Seen) -> State:
        after = advance(state, seen)
        record.append(entry(kind, state, seen, after, event(kind, state, seen, after)))
        return after

    while not state.over and now < BEGAN + longest:
        kind, due = action(state)
        if wishes and (kind == REST or max(now, due) >= BEGAN + wishes[0][0]):
            at, (wish, why) = wishes.pop(0)
            now = max(now, BEGAN + at)
            state = go(wish, Seen(now, wish=wish, notes=[why]))
        elif kind == REST:
            if not resumes:
                break
            resumes, now = resumes - 1, now + world.rests
            state = go(RESUME, Seen(now, wish=RESUME))
        else:
            took = {PREPARE: 8.0, PROVE: 2.4, SHIFT: 1.2}.get(kind, 0.1)
            now = max(now, due) + took
            state = go(kind, world.see(kind, state, now))
    return {"state": replace(state).to_json(), "record": record}
