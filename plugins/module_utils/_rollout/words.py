# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a rollout says of itself: one line an event, and one line while it holds."""

from __future__ import annotations

from typing import Any

from .._spec.rollout import RULE
from .counters import Counts
from .gates import window_of
from .machine import CHECK, LOOK, MARK, PROVE, SHIFT, Seen
from .state import ABORTED, ABORTING, COMPLETE, HOLDING, PAUSED, PROMOTING, State


def event(kind: str, before: State, seen: Seen, after: State) -> str:
    """One line for what has happened; empty where it is not worth one."""
    rollout = after.rollout
    if after.phase != before.phase:
        reason = f": {after.reason}" if after.reason else ""
        if after.phase == ABORTING:
            return f"aborting{reason}"
        if after.phase == PAUSED:
            return f"paused {meanwhile(after)}{reason}. Run it again to go on"
        if after.phase == ABORTED:
            return f"aborted; the rule is {after.before} again, as before the rollout"
        if after.phase == COMPLETE:
            return f"complete: {rollout.candidate} has 100 percent"
    if seen.trouble and seen.trouble != before.trouble:
        return f"{kind}: {seen.trouble}; trying again"
    if kind == MARK:
        return f"rollout of {rollout.candidate} begins; the rule is {after.before}"
    if kind == PROVE and after.proven:
        count = len(rollout.golden)
        where = "through every gateway" if rollout.manage == RULE else "in its Pods"
        return f"proved: {rollout.candidate} answers {where}" + (
            f", and {count} golden request{'' if count == 1 else 's'}" if count else ""
        )
    if kind == SHIFT and before.phase == PROMOTING and not seen.trouble:
        selects = f"Service {rollout.name} selects {rollout.candidate}"
        return f"promoted: {selects if rollout.manage == RULE else 'nothing else is moved'}"
    if kind == SHIFT and not seen.trouble:
        has = "gets" if after.trial else "has"
        return f"shifted: {rollout.candidate} {has} {gets(after)}" + (f" ({seen.notes[0]})" if seen.notes else "")
    if kind == CHECK and after.phase == HOLDING and after.patience and not before.patience:
        return f"not enough evidence yet; waiting up to {rollout.insufficient_limit:g} s more"
    if kind == LOOK and after.blind and not before.blind:
        return f"no evidence: {after.blind}"
    return ""


def status(state: State, now: float) -> str:
    """The line that is renewed while a rollout holds: step, weights, time left, and the numbers of both versions.

    What matters most comes first: a narrow terminal shows as many of its parts as there is room for.
    """
    rollout = state.rollout
    words = [f"{rollout.name} {rollout.candidate} {gets(state).replace(' percent', ' %')}"]
    if state.phase != HOLDING:
        words.append(state.phase)
    else:
        words.append(f"step {state.step + 1}/{len(rollout.steps)}")
        left = state.since + rollout.hold_of(state.step) - now
        words.append(f"{left:.0f} s left" if left > 0 else "waiting for evidence")
    if state.phase == PROMOTING and state.shifted:
        words.append(f"{max(0.0, state.since + rollout.keep - now):.0f} s until {state.baseline} may go")
    if state.window:
        window = window_of(state.window)
        words.append(
            f"{rollout.candidate}/{state.baseline} {window.candidate.requests}/{window.baseline.requests} requests"
        )
        words += _rates(window.candidate, window.baseline)
    if state.verdicts:
        words.append(", ".join(f"{entry['gate']} {entry['outcome']}" for entry in state.verdicts))
    return "; ".join(words)


def standing(state: State, now: float) -> dict[str, Any]:
    """Where a rollout stands, as results report it: ``weight`` in percent, what it ``gets`` in words, ``due`` in seconds since the epoch."""
    rollout = state.rollout
    return {
        "candidate": rollout.candidate,
        "baseline": state.baseline,
        "phase": state.phase,
        "step": state.step + 1,
        "steps": len(rollout.steps),
        "weight": state.tenths / 10,
        "gets": gets(state),
        "reason": state.reason,
        "due": state.due,
        "status": status(state, now),
    }


def gets(state: State) -> str:
    """What the candidate gets: 20 percent, or copies of 20 percent. Of a shift that was ended before its proof: both that it may get."""
    has = str(state.trial or f"{state.tenths / 10:g} percent")
    return (
        f"{has}, or {state.unproved} through gateway Pods that have the new routes already" if state.unproved else has
    )


def meanwhile(state: State) -> str:
    """The same after a verb: at 20 percent, while it gets copies of 20 percent."""
    return f"{'while it gets' if state.trial else 'at'} {gets(state)}"


def _rates(candidate: Counts, baseline: Counts) -> list[str]:
    """Success rates and slow fractions of both, the candidate's first."""
    if not candidate.requests:
        return []
    both = candidate, baseline
    rates = ["/".join(_rate(one.requests - one.errors, one.requests) for one in both) + " % ok"]
    for boundary in candidate.slow if candidate.timed else ():
        slow = "/".join(_rate(one.slow.get(boundary, 0), one.timed) for one in both)
        rates.append(f"{slow} % over {candidate.boundary(boundary)} ms")
    return rates


def _rate(some: float, of_all: float) -> str:
    """A percentage with two decimals at most; a dash for nothing of nothing."""
    return f"{round(100 * some / of_all, 2):g}" if of_all else "-"
