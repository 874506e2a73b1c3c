# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The verdict on a share of requests: those that succeed, or that are no slower than a boundary.

A candidate fails when it is shown to miss its objective, or to be worse than the baseline, unless it is shown at the same look to do so by
less than the margin. It passes when it is shown not to miss its objective by the margin; the baseline is then there to find a candidate
that is worse than what it replaces. Where the gate names the baseline alone, passing is shown against the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._spec.gate import Gate
from .counters import Counts, shown
from .outcome import FAIL, INSUFFICIENT, PASS, Outcome
from .statistics import Sample, close, interval, worse


@dataclass(frozen=True)
class _Question:
    """One gate's view of a window: bad ones and all of both versions, and what may be wrong with which chance."""

    gate: Gate
    candidate: Sample
    baseline: Sample
    alpha: float
    budget: float
    boundary: str = ""

    @property
    def limit(self) -> float:
        """The share of bad ones that the objective allows."""
        return 1 - self.gate.objective / 100

    @property
    def margin(self) -> float:
        return self.gate.margin / 100

    @property
    def ends(self) -> tuple[float, float]:
        """The least share of bad ones, for failing, and the largest, for passing."""
        chances = (self.alpha / len(self.gate.against), self.budget)
        return interval(*self.candidate, chances[0], self.centre)[0], interval(
            *self.candidate, chances[1], self.centre
        )[1]

    @property
    def centre(self) -> float:
        return self.limit + self.margin

    def objective(self) -> str:
        """The candidate by itself."""
        least, most = self.ends
        return PASS if most < self.limit + self.margin else FAIL if least > self.limit else INSUFFICIENT

    def compared(self) -> str:
        """The candidate beside the baseline."""
        if close(self.candidate, self.baseline, self.margin, self.budget, self.centre):
            return PASS
        bad = worse(self.candidate, self.baseline, self.alpha / len(self.gate.against), self.centre)
        return FAIL if bad else INSUFFICIENT


def judge(gate: Gate, candidate: Counts, baseline: Counts, alpha: float, budget: float) -> Outcome:
    """The verdict of a success_rate or latency gate. alpha: the chance to fail a good candidate; budget: to pass a bad one."""
    try:
        boundary = candidate.boundary(shown(gate.boundary)) if gate.kind == "latency" else ""
        question = _Question(gate, _sample(gate, candidate), _sample(gate, baseline), alpha, budget, boundary)
    except KeyError:
        text = f"the histogram of request durations has no bucket of {gate.boundary:g} ms"
        return INSUFFICIENT, text, {"boundary": gate.boundary}
    if not candidate.requests or not question.candidate[1]:
        return INSUFFICIENT, "the candidate has had no requests yet", _numbers(question)
    said = {"objective": question.objective, "baseline": question.compared}
    found = {name: said[name]() for name in gate.against}
    outcome = FAIL if FAIL in found.values() else found.get("objective") or found["baseline"]
    return outcome, _reason(question, found, outcome), _numbers(question)


def _sample(gate: Gate, counts: Counts) -> Sample:
    if gate.kind == "success_rate":
        return counts.errors, counts.requests
    return (counts.slow[shown(gate.boundary)] if counts.timed else 0), counts.timed


def _reason(question: _Question, found: dict[str, str], outcome: str) -> str:
    gate, (least, most) = question.gate, question.ends
    verb = "succeeded" if gate.kind == "success_rate" else f"took no longer than {question.boundary} ms"
    text = f"{_share(question.candidate)} requests {verb}"
    if outcome == FAIL and found.get("objective") == FAIL:
        return f"{text}, at best {_percent(1 - least)}: less than the objective of {gate.objective:g} %"
    if outcome == FAIL:
        return f"{text}, of the baseline's {_share(question.baseline)}: worse than the baseline"
    if outcome == PASS and "objective" in found:
        return f"{text}, at least {_percent(1 - most)}: within {_points(gate)} of the objective of {gate.objective:g} %"
    if outcome == PASS:
        return f"{text}, of the baseline's {_share(question.baseline)}: within {_points(gate)} of the baseline"
    if "objective" in found:
        between = f"between {_percent(1 - most)} and {_percent(1 - least)}"
        return f"{text}, {between}: too few to tell from the objective of {gate.objective:g} %"
    if not question.baseline[1]:
        return f"{text}; the baseline has had none in the same time to compare with"
    return f"{text}, of the baseline's {_share(question.baseline)}: too few to tell them apart"


def _points(gate: Gate) -> str:
    return f"{gate.margin:g} point{'' if gate.margin == 1 else 's'}"


def _share(sample: Sample) -> str:
    return f"{sample[1] - sample[0]} of {sample[1]} ({_percent(1 - sample[0] / sample[1])})" if sample[1] else "0 of 0"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _numbers(question: _Question) -> dict[str, Any]:
    """Shares of good ones in percent, ``lowest`` and ``highest`` with the chances that the verdict takes."""
    gate, (least, most) = question.gate, question.ends
    numbers: dict[str, Any] = {
        "objective": gate.objective,
        "margin": gate.margin,
        "lowest": round(100 * (1 - most), 4),
        "highest": round(100 * (1 - least), 4),
        "alpha": question.alpha,
        "budget": question.budget,
    }
    for name, (bad, total) in (("candidate", question.candidate), ("baseline", question.baseline)):
        share = round(100 * (1 - bad / total), 4) if total else None
        numbers[name] = {"requests": total, "bad": bad, "share": share}
    return numbers
