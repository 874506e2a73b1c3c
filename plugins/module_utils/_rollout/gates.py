# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The verdict of a gate on a window. Pure: the same window and chances give the same verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

from .._spec.gate import Gate
from . import rates
from .counters import Counts
from .outcome import FAIL, INSUFFICIENT, PASS, Outcome

UNANSWERED = (401, 403, 404, 405, 407, 408, 425, 429)
"""Statuses that say that a webhook did not hear the question: not let in, not there, too late, too often."""

__all__ = ("FAIL", "INSUFFICIENT", "PASS", "Verdict", "Window", "filled", "judge", "looked", "window_of")


@dataclass(frozen=True)
class Verdict:
    """``outcome``: pass, fail or insufficient. ``reason``: one sentence with the numbers. ``numbers``: plain JSON."""

    gate: str
    outcome: str
    reason: str
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """What is known since the shift of the step that holds. ``dataclasses.asdict`` is plain JSON; ``window_of`` reads it.

    ``seconds``: since the shift. ``values``: promql gate -> its looks, oldest first, None for one without data (``looked``).
    ``answers``: webhook and command gates -> {"code": HTTP status or exit code, or None for no answer, "text": what was said};
    approval gates -> {"by": who approved}; a gate that was not answered is not in it.
    """

    seconds: float
    candidate: Counts = Counts()
    baseline: Counts = Counts()
    values: dict[str, list[float | None]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)


def window_of(data: Mapping[str, Any]) -> Window:
    """A window from its JSON."""
    return Window(**{**data, "candidate": Counts(**data["candidate"]), "baseline": Counts(**data["baseline"])})


def filled(gate: Gate, words: Mapping[str, str]) -> str:
    """The query of a promql gate with its placeholders replaced; a dollar that begins none stays."""
    return Template(gate.query).safe_substitute(words)


def looked(gate: Gate, looks: list[float | None], value: float | None) -> list[float | None]:
    """The looks of a promql gate after one more; no more are kept than the gate needs.

    Of looks without data only the last is kept: they neither fail nor make good what failed before them.
    """
    return [*(entry for entry in looks if entry is not None), value][-gate.failures - 1 :]


def judge(gate: Gate, window: Window, alpha: float, budget: float | None = None) -> Verdict:
    """The gate's verdict. No traffic is never a failure.

    alpha: the chance to fail a good candidate in this step, at whatever look (``Rollout.alpha``). budget: the chance to pass a bad
    one, alpha where it is not given. A rollout gives its whole error budget here, undivided: to be promoted, a candidate has to pass
    the gate that it misses in every step, so that chances do not add up.
    """
    if gate.kind in ("success_rate", "latency"):
        outcome = rates.judge(gate, window.candidate, window.baseline, alpha, alpha if budget is None else budget)
    else:
        outcome = OTHERS[gate.kind](gate, window)
    return Verdict(gate.name, *outcome)


def _throughput(gate: Gate, window: Window) -> Outcome:
    rate = window.candidate.requests / window.seconds if window.seconds > 0 else 0.0
    numbers = {"rate": round(rate, 4), "floor": gate.floor, "requests": window.candidate.requests}
    enough = window.seconds > 0 and rate >= gate.floor
    text = f"the candidate gets {rate:.3g} requests a second, {'at least' if enough else 'less than'} the {gate.floor:g} wanted"
    return PASS if enough else INSUFFICIENT, text, numbers


def _promql(gate: Gate, window: Window) -> Outcome:
    looks = window.values.get(gate.name, [])
    wanted = " and ".join(
        f"{word} {limit:g}"
        for word, limit in (("at least", gate.at_least), ("at most", gate.at_most))
        if limit is not None
    )
    value = looks[-1] if looks else None
    numbers = {"value": value, "at_least": gate.at_least, "at_most": gate.at_most, "looks": list(looks)}
    if value is None:
        return INSUFFICIENT, f"the query has no value yet; it should be {wanted}", numbers
    if _within(gate, value):
        return PASS, f"the query gives {value:.6g}, which is {wanted}", numbers
    known = [look for look in looks if look is not None]
    failing = next((back for back, look in enumerate(reversed(known)) if _within(gate, look)), len(known))
    text = f"the query gives {value:.6g} and should be {wanted}, {min(failing, gate.failures)} of {gate.failures} looks in a row"
    return FAIL if failing >= gate.failures else INSUFFICIENT, text, numbers


def _within(gate: Gate, value: float) -> bool:
    return (gate.at_least is None or value >= gate.at_least) and (gate.at_most is None or value <= gate.at_most)


def _webhook(gate: Gate, window: Window) -> Outcome:
    """2xx passes and 4xx fails, but for those that say that the question was not heard; anything else is no answer."""
    answer = window.answers.get(gate.name, {})
    code = answer.get("code")
    if code is None:
        return _unanswered("the webhook", answer)
    failed = 400 <= code < 500 and code not in UNANSWERED
    return (
        PASS if 200 <= code < 300 else FAIL if failed else INSUFFICIENT,
        _said(f"the webhook answers {code}", answer),
        answer,
    )


def _command(gate: Gate, window: Window) -> Outcome:
    """0 passes and 1 fails, as of test and grep; any other code, or none, says that the command itself went wrong."""
    answer = window.answers.get(gate.name, {})
    code = answer.get("code")
    if code is None:
        return _unanswered("the command", answer)
    return {0: PASS, 1: FAIL}.get(code, INSUFFICIENT), _said(f"the command ends with {code}", answer), answer


def _unanswered(who: str, answer: dict[str, Any]) -> Outcome:
    return INSUFFICIENT, _said(f"{who} gives no answer" if answer else f"{who} was not asked yet", answer), answer


def _said(text: str, answer: dict[str, Any]) -> str:
    words = " ".join(str(answer.get("text") or "").split())
    return f"{text}: {words[:200]}" if words else text


def _approval(gate: Gate, window: Window) -> Outcome:
    answer = window.answers.get(gate.name)
    if answer is None:
        return INSUFFICIENT, "waits for approval", {}
    return PASS, f"approved by {answer.get('by') or 'somebody'}", answer


OTHERS = {
    "throughput": _throughput,
    "promql": _promql,
    "webhook": _webhook,
    "command": _command,
    "approval": _approval,
}
