# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The state machine of a rollout. Pure: what to do next follows from the state alone, and the next state from what was then seen.

So a run that was killed goes on from the state that it left, and a report can be replayed to the same decisions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .._spec.rule import WHOLE, read_rule
from .gates import FAIL, PASS, Verdict, judge, window_of
from .state import (
    ABORTED,
    ABORTING,
    COMPLETE,
    DECIDING,
    HOLDING,
    PAUSED,
    PENDING,
    PREPARING,
    PROMOTING,
    PROVING,
    State,
)

ABORT, PROMOTE, PAUSE, RESUME = "abort", "promote", "pause", "resume"
"""Wishes."""

MARK, PREPARE, PROVE, SHIFT, LOOK, CHECK, TAKE_BACK, FINISH, REST = (
    "mark",
    "prepare",
    "prove",
    "shift",
    "look",
    "check",
    "take back",
    "finish",
    "rest",
)
"""Actions: mark the rule as being in a rollout; make room for the step's weight and wait until the candidate serves; golden requests; write the
weight; look at the evidence; ask TensorFlow Serving what it serves; write the rule from before; end; nothing but wait for a wish."""


@dataclass(frozen=True)
class Seen:
    """What was seen when an action was carried out, or in place of one.

    ``trouble``: the action could not be carried out, and may be tried again. ``refused``: it was, and speaks against the candidate.
    ``intent``: it was not yet, for what it would change is to be kept first: ``restore``, which puts it back.
    ``wrote`` is the rule that it wrote into the routes, be it proved or not.
    Nothing is decided by what is there for the record alone: ``queries`` that Prometheus was asked, ``patches`` that were written, each an
    ``object`` and its ``changes``, and the ``golden`` requests with what they got.
    """

    now: float
    wish: str = ""
    trouble: str = ""
    refused: str = ""
    intent: str = ""
    served: list[int] | None = None
    window: dict[str, Any] | None = None
    counters: dict[str, Any] | None = None
    restore: dict[str, Any] | None = None
    wrote: str = ""
    notes: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    patches: list[dict[str, Any]] = field(default_factory=list)
    golden: list[dict[str, Any]] = field(default_factory=list)


def action(state: State) -> tuple[str, float]:
    """What to do next, and from when on, in seconds since the epoch (0: at once)."""
    rollout = state.rollout
    if state.phase == PENDING:
        return MARK, 0
    if state.phase == PREPARING:
        return PREPARE, 0
    if state.phase == PROVING:
        return PROVE, 0
    if state.phase == HOLDING:
        if not state.shifted:
            return SHIFT, 0
        end = state.since + rollout.hold_of(state.step)
        next_look = max(state.looked, state.since) + rollout.interval
        return LOOK, next_look if end <= max(state.looked, state.since) else min(next_look, end)
    if state.phase == DECIDING:
        return CHECK, 0
    if state.phase == PROMOTING:
        return (FINISH, state.since + rollout.keep) if state.shifted else (SHIFT, 0)
    if state.phase == ABORTING:
        return TAKE_BACK, 0
    return REST, float("inf")


def advance(state: State, seen: Seen) -> State:
    """The state after the action that was due, or after a wish. An abort wins over everything."""
    if state.over:
        return state
    state = replace(
        state,
        counters=state.counters if seen.counters is None else seen.counters,
        restore=state.restore if seen.restore is None else seen.restore,
        wrote=seen.wrote or state.wrote,
    )
    if seen.wish:
        return _wish(state, seen)
    if seen.trouble:
        return _trouble(state, seen)
    state = replace(state, trouble="", trouble_since=0.0)
    if seen.refused and state.phase != ABORTING:
        return _abort(state, seen.refused, seen.now)
    if seen.intent:
        return state
    after: dict[str, Callable[[State, Seen], State]] = {
        PENDING: _marked,
        PREPARING: _prepared,
        PROVING: _proven,
        HOLDING: _held,
        DECIDING: _checked,
        PROMOTING: _promoted,
        ABORTING: _taken_back,
    }
    return after[state.phase](state, seen) if state.phase in after else state


def verdicts(state: State) -> list[Verdict]:
    """What the gates of the present step say of the last look; none where there was no look."""
    if state.window is None:
        return []
    rollout, window = state.rollout, window_of(state.window)
    gates = rollout.gates_of(state.step)
    if state.step in state.approved:
        by = {gate.name: {"by": "whoever ran the rollout again"} for gate in gates if gate.kind == "approval"}
        window = replace(window, answers={**window.answers, **by})
    return [judge(gate, window, rollout.alpha, rollout.error_budget / 100) for gate in gates]


def _wish(state: State, seen: Seen) -> State:
    if seen.wish == ABORT:
        return (
            state if state.phase == ABORTING else _abort(state, seen.notes[0] if seen.notes else "asked for", seen.now)
        )
    if state.phase == ABORTING:
        return state
    if seen.wish == PAUSE and state.phase not in (PENDING, PAUSED, PROMOTING):
        return _pause(state, seen.notes[0] if seen.notes else "asked for", seen.now)
    if seen.wish == PROMOTE and state.phase != PROMOTING and (state.phase == PAUSED or not state.hurried):
        return _hurry(state, seen.now)
    if seen.wish == RESUME and state.phase == PAUSED:
        approved = sorted({*state.approved, state.step}) if state.awaiting else state.approved
        onward = PROMOTING if state.hurried else HOLDING
        phase = DECIDING if state.awaiting else onward if state.shifted else PREPARING
        return replace(state, phase=phase, reason="", since=seen.now, patience=0.0, approved=approved, awaiting=False)
    return state


def _hurry(state: State, now: float) -> State:
    """Straight to the last step: its room and its proof are still made sure of, its gates are not asked."""
    last = len(state.rollout.steps) - 1
    if state.step == last and state.shifted:
        return replace(state, phase=PROMOTING, hurried=True, shifted=False, since=now, reason="")
    return replace(
        state,
        phase=PENDING if state.phase == PENDING else PREPARING,
        step=last,
        hurried=True,
        unproved=_unproved(state),
        shifted=False,
        since=now,
        reason="",
        awaiting=False,
    )


def _pause(state: State, reason: str, now: float) -> State:
    return replace(state, phase=PAUSED, unproved=_unproved(state), since=now, reason=reason)


def _unproved(state: State) -> str:
    """What the routes may give already, in words, of a shift that is ended before its proof: its driver may have been killed amid it."""
    if state.unproved or action(state)[0] != SHIFT:
        return state.unproved
    return "100 percent" if state.phase == PROMOTING else str(state.rollout.steps[state.step])


def _trouble(state: State, seen: Seen) -> State:
    """An action that could not be carried out is tried again, within limits: then the rollout pauses, which an abort never does.

    What was being promoted goes on from there: its gates have passed.
    """
    begun = state.trouble_since or seen.now
    state = replace(state, trouble=seen.trouble, trouble_since=begun)
    if state.phase == ABORTING or seen.now - begun < state.rollout.ready_timeout:
        return state
    return replace(_pause(state, seen.trouble, seen.now), hurried=state.hurried or state.phase == PROMOTING)


def _abort(state: State, reason: str, now: float) -> State:
    return replace(state, phase=ABORTING, unproved=_unproved(state), reason=reason, since=now)


def _marked(state: State, seen: Seen) -> State:
    return replace(state, phase=PREPARING, since=seen.now)


def _prepared(state: State, seen: Seen) -> State:
    changed = _other_model(state, seen)
    if changed:
        return _abort(state, changed, seen.now)
    state = replace(state, served=seen.served if seen.served is not None else state.served, since=seen.now)
    return replace(state, phase=HOLDING if state.proven else PROVING)


def _proven(state: State, seen: Seen) -> State:
    return replace(state, phase=HOLDING, proven=True, since=seen.now)


def _held(state: State, seen: Seen) -> State:
    if not state.shifted:
        tenths = state.rollout.steps[state.step].tenths
        fresh = replace(
            state,
            shifted=True,
            unproved="",
            live=state.step,
            tenths=tenths,
            since=seen.now,
            moved=seen.now,
            looked=seen.now,
            patience=0.0,
            window=None,
            verdicts=[],
        )
        return replace(fresh, phase=PROMOTING, shifted=False) if state.hurried else fresh
    blind = "" if seen.window is not None else "; ".join(seen.notes)  # what was seen before is no evidence for now
    state = replace(state, looked=seen.now, window=seen.window, blind=blind)
    said = verdicts(state)
    state = replace(state, verdicts=[asdict(verdict) for verdict in said])
    failed = [verdict for verdict in said if verdict.outcome == FAIL]
    if failed:
        return _abort(state, _reasons(failed), seen.now)
    over = seen.now >= state.since + state.rollout.hold_of(state.step)
    return replace(state, phase=DECIDING) if over and not _still_waits(state, said, seen.now) else state


def _still_waits(state: State, said: list[Verdict], now: float) -> bool:
    """Whether a wait for evidence goes on: nothing has been decided, so nothing has to be kept."""
    lacking = not said or any(verdict.outcome != PASS for verdict in said)
    return bool(state.patience) and lacking and now - state.patience < state.rollout.insufficient_limit


def _checked(state: State, seen: Seen) -> State:
    """The end of a hold: on to the next step, a wait for evidence, a pause, or the way back."""
    changed = _other_model(state, seen)
    if changed:
        return _abort(state, changed, seen.now)
    rollout = state.rollout
    approvals = {gate.name for gate in rollout.gates_of(state.step) if gate.kind == "approval"}
    said = verdicts(state)
    lacking = [verdict for verdict in said if verdict.outcome != PASS]
    unasked = not said and len(rollout.gates_of(state.step)) > 0
    if unasked or any(verdict.gate not in approvals for verdict in lacking):
        return _insufficient(state, lacking, seen.now)
    if lacking or (rollout.steps[state.step].pause and state.step not in state.approved):
        return replace(
            state, phase=PAUSED, awaiting=True, since=seen.now, reason="the step waits for a person's approval"
        )
    if state.step + 1 < len(rollout.steps):
        return replace(
            state, phase=PREPARING, step=state.step + 1, shifted=False, since=seen.now, verdicts=[], window=None
        )
    return replace(state, phase=PROMOTING, shifted=False, since=seen.now)


def _insufficient(state: State, lacking: list[Verdict], now: float) -> State:
    rollout = state.rollout
    reason = _reasons(lacking) or state.blind or "there was no look"
    begun = state.patience or now
    what = rollout.on_insufficient
    if what == "wait":
        if now - begun < rollout.insufficient_limit:
            return replace(state, phase=HOLDING, patience=begun, reason="")
        what = rollout.after_limit
        reason = f"not enough evidence after {rollout.insufficient_limit:g} s more: {reason}"
    if what == "abort":
        return _abort(state, reason, now)
    return replace(state, phase=PAUSED, since=now, reason=reason)


def _promoted(state: State, seen: Seen) -> State:
    if not state.shifted:
        return replace(state, shifted=True, unproved="", tenths=WHOLE, since=seen.now)
    return replace(state, phase=COMPLETE, ended=seen.now, since=seen.now, reason="")


def _taken_back(state: State, seen: Seen) -> State:
    share = read_rule(state.before).share(state.rollout.candidate)
    return replace(state, phase=ABORTED, unproved="", live=-1, tenths=share, ended=seen.now, since=seen.now)


def _other_model(state: State, seen: Seen) -> str:
    """Why what TensorFlow Serving serves is not what the rollout began with; empty where it is."""
    if seen.served is None or state.served is None or seen.served == state.served:
        return ""
    return (
        f"TensorFlow Serving serves {_numbers(seen.served)} for {state.rollout.candidate}, and served {_numbers(state.served)} when the "
        "rollout began: the files under its base path, or its pin, were changed"
    )


def _reasons(said: list[Verdict]) -> str:
    return "; ".join(f"gate {verdict.gate}: {verdict.reason}" for verdict in said)


def _numbers(served: list[int]) -> str:
    return ", ".join(map(str, served)) or "nothing"
