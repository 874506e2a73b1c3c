# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Where a rollout stands. Plain data: it is kept on the cluster, and whoever reads it can go on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .._render.trial import Cookie, Trial
from .._spec.rollout import Rollout, read_rollout
from .._spec.rule import WHOLE, Rule, from_weights, read_rule
from .._spec.step import Step

PENDING, PREPARING, PROVING, HOLDING, DECIDING = "pending", "preparing", "proving", "holding", "deciding"
PAUSED, PROMOTING, ABORTING, COMPLETE, ABORTED = "paused", "promoting", "aborting", "complete", "aborted"
ENDED = (COMPLETE, ABORTED)


@dataclass(frozen=True)
class State:
    """One rollout. Times are seconds since the epoch, by the clock of the host that drives it.

    ``before`` is the rule from before the rollout and ``undo`` the one that an undo would have gone to then; ``served`` are the integers
    that TensorFlow Serving serves for the candidate. ``tenths`` is the candidate's share in tenths of a percent, ``shifted`` whether the routes
    are those of ``step``, and ``live`` the step whose routes they are (-1 before the first and after an abort). ``wrote`` is the rule that was written
    last, and ``unproved``, in words, what a shift that was ended before its proof gives through gateway Pods that have its routes already.
    ``since`` is when the present step got its routes (or the phase began), ``patience`` when a wait for more evidence began. ``counters`` is what
    evidence goes on from, ``window`` the last look (None, with ``blind`` saying why, where it showed nothing), ``approved`` the steps that a person has
    let pass and ``awaiting`` that one is waited for, ``restore`` what to put back at the end. ``moved`` is when the routes were written, from which on
    evidence counts: a hold that was paused begins anew, and what was counted does not.
    ``foreign``, where somebody else owns the VirtualService, is what it was like before: ``route``, the destinations with their weights, and
    ``series``, by version, the labels of its metrics.
    """

    id: str
    plan: dict[str, Any]
    before: str
    undo: str | None
    baseline: str
    started: float
    tenths: int = 0
    phase: str = PENDING
    step: int = 0
    live: int = -1
    proven: bool = False
    shifted: bool = False
    wrote: str = ""
    unproved: str = ""
    hurried: bool = False
    served: list[int] | None = None
    since: float = 0.0
    moved: float = 0.0
    looked: float = 0.0
    patience: float = 0.0
    counters: dict[str, Any] = field(default_factory=dict)
    window: dict[str, Any] | None = None
    blind: str = ""
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    approved: list[int] = field(default_factory=list)
    awaiting: bool = False
    reason: str = ""
    trouble: str = ""
    trouble_since: float = 0.0
    restore: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, Any] | None = None
    due: float = 0.0
    ended: float = 0.0

    @property
    def rollout(self) -> Rollout:
        return _read(json.dumps(self.plan, sort_keys=True))

    @property
    def previous(self) -> Rule | None:
        """The rule that an undo would have gone to before the rollout."""
        return read_rule(self.undo) if self.undo else None

    @property
    def trial(self) -> Step | None:
        """The step whose routes are live, where it is more than a weight; else None."""
        step = self.rollout.steps[self.live] if self.live >= 0 else None
        return None if step is None or step.plain else step

    @property
    def over(self) -> bool:
        return self.phase in ENDED

    def overdue(self, now: float) -> bool:
        """Whether somebody should have gone on by ``now``. What waits for a person is due at no time."""
        return not self.over and 0 < self.due < now

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@lru_cache(maxsize=8)
def _read(plan: str) -> Rollout:
    """A plan from its JSON; a replay asks for it a thousand times."""
    return read_rollout(json.loads(plan))


def read_state(value: Mapping[str, Any]) -> State:
    """A state from its JSON; keys of a later release are left alone."""
    known = {entry.name for entry in dataclasses.fields(State)}
    return State(**{name: entry for name, entry in value.items() if name in known})


def begin(
    rollout: Rollout, before: Rule, undo: Rule | None, now: float, foreign: dict[str, Any] | None = None
) -> State:
    """The state of a rollout that nothing was done for yet."""
    baseline = Rule(tuple((name, share) for name, share in before.tenths if name != rollout.candidate))
    plan = rollout.to_json()
    return State(
        id=f"{digest(plan)}-{int(now)}",
        plan=plan,
        before=str(before),
        undo=str(undo) if undo else None,
        baseline=baseline.largest(),
        started=now,
        tenths=before.share(rollout.candidate),
        since=now,
        foreign=foreign,
    )


def digest(plan: Mapping[str, Any]) -> str:
    """A short name of a plan: equal plans have equal ones."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:10]


def rule_at(before: Rule, candidate: str, tenths: int) -> Rule:
    """The rule that gives the candidate its share, and the others what is left in the proportions that they had."""
    others = {name: share for name, share in before.tenths if name != candidate and share}
    left = WHOLE - tenths
    if not left or not others:
        return Rule(((candidate, WHOLE),))
    shares = from_weights(others).tenths
    exact = {name: share * left / WHOLE for name, share in shares}
    whole = {name: int(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda n: whole[n] - exact[n])[: left - sum(whole.values())]:
        whole[name] += 1
    return Rule((*whole.items(), (candidate, tenths)))


def live_rule(state: State) -> Rule:
    """The rule that is live, as the state has it: before the first shift, and after an abort, the one from before."""
    before = read_rule(state.before)
    candidate = state.rollout.candidate
    return before if state.tenths == before.share(candidate) else rule_at(before, candidate, state.tenths)


def trial_of(state: State, index: int | None = None) -> Trial | None:
    """What a step, by default the present one, has beside the shares; None where it is a weight and nothing else."""
    at = state.step if index is None else index
    rollout, step = state.rollout, state.rollout.steps[at]
    if step.plain:
        return None
    cookie = Cookie(step.sticky, state.id, rollout.hold_of(at)) if step.sticky else None
    return Trial(rollout.candidate, step.mirror or 0.0, step.match or (), cookie)
