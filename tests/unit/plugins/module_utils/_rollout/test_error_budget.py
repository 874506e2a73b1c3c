"""What the error budget promises, by simulation: rollouts that are looked at every second.

The last test puts a test for one look in the place of the sequential one; it breaks both promises in the same rollouts, so that
the others are able to fail.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counts
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.gates import FAIL, PASS, Window, judge
from ansible_collections.tfserving.istio.plugins.module_utils._spec.gate import read_gate
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import plan

BUDGET, STEPS, GATES, LOOKS = 0.05, 10, 5, 60
RATE = 40
"""Requests of the candidate in a second, and of the baseline."""

OBJECTIVE = read_gate({"kind": "success_rate", "against": ["objective"]})
BOTH = read_gate("success_rate")
LIMIT, MARGIN = 0.01, 0.01

Judge = Callable[[int, int, int], str]
"""The outcome, from requests of each version and errors of the candidate and of the baseline."""


def share(steps: int, gates: int) -> float:
    """The part of the budget that a rollout gives to one gate of one step."""
    named = [{"kind": "success_rate", "name": f"gate-{number}"} for number in range(gates)]
    return plan(steps=[*range(1, steps), 100], gates=named, error_budget=100 * BUDGET).alpha


def sequential(gate: object, steps: int, gates: int) -> Judge:
    alpha = share(steps, gates)

    @cache
    def outcome(requests: int, bad: int, other: int) -> str:
        window = Window(requests / RATE, Counts(requests, bad), Counts(requests, other))
        return judge(gate, window, alpha, BUDGET).outcome  # type: ignore[arg-type]

    return outcome


def for_one_look(steps: int, gates: int) -> Judge:
    """The exact binomial test, with the same division of the budget."""
    alpha = share(steps, gates)

    @cache
    def outcome(requests: int, bad: int, other: int) -> str:
        if 1 - below(bad, requests, LIMIT) < alpha:
            return FAIL
        return PASS if below(bad + 1, requests, LIMIT + MARGIN) < BUDGET else ""

    return outcome


def below(count: int, total: int, p: float) -> float:
    """The chance of less than ``count`` of ``total``."""
    logs = (math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) for k in range(count))
    return sum(math.exp(log + k * math.log(p) + (total - k) * math.log1p(-p)) for k, log in enumerate(logs))


def errors(chance: random.Random, p: float) -> Iterator[int]:
    """Errors among all requests so far, second by second: the gaps between errors are geometric."""

    def gap() -> float:
        return 1 + int(math.log(1 - chance.random()) / math.log1p(-p)) if p else math.inf

    total, following = 0, gap()
    for look in range(1, LOOKS + 1):
        while following <= look * RATE:
            total, following = total + 1, following + gap()
        yield total


def rollout(chance: random.Random, judged: Judge, shares: list[float], other: float, steps: int) -> str:
    """PASS where every step passed all gates at some look, FAIL where a gate failed at any; else neither."""
    for _step in range(steps):
        passed = [False]
        counts = [errors(chance, p) for p in shares]
        baselines = [errors(chance, other) for _gate in shares]
        for look in range(1, LOOKS + 1):
            outcomes = [judged(look * RATE, next(c), next(b)) for c, b in zip(counts, baselines, strict=True)]
            if FAIL in outcomes:
                return FAIL
            passed.append(all(outcome == PASS for outcome in outcomes))
        if not any(passed):
            return ""
    return PASS


def share_of(outcome: str, judged: Judge, shares: list[float], other: float, steps: int, rollouts: int) -> float:
    chance = random.Random(1)
    return sum(rollout(chance, judged, shares, other, steps) == outcome for _try in range(rollouts)) / rollouts


def test_the_budget_is_shared_by_every_gate_of_every_step():
    assert share(10, 5) == pytest.approx(0.001) and share(1, 1) == BUDGET


@pytest.mark.parametrize("p", [LIMIT, LIMIT / 2])
def test_a_good_candidate_is_aborted_in_less_than_the_budget(p: float):
    judged = sequential(OBJECTIVE, STEPS, GATES)
    assert share_of(FAIL, judged, [p] * GATES, 0.0, STEPS, 100) < BUDGET


def test_a_candidate_as_good_as_the_baseline_is_aborted_in_less_than_the_budget():
    judged = sequential(BOTH, STEPS, GATES)
    assert share_of(FAIL, judged, [LIMIT] * GATES, LIMIT, STEPS, 20) < BUDGET


def test_a_candidate_that_misses_its_objective_by_the_margin_is_promoted_in_less_than_the_budget():
    judged = sequential(OBJECTIVE, STEPS, GATES)
    shares = [LIMIT + MARGIN, *[0.0] * (GATES - 1)]
    assert share_of(PASS, judged, shares, 0.0, STEPS, 200) < BUDGET


def test_not_even_in_a_single_step_of_a_single_gate():
    """The chance to fail stays that of a long rollout, which leaves the candidate all looks to pass."""
    judged = sequential(OBJECTIVE, STEPS, GATES)
    assert share_of(PASS, judged, [LIMIT + MARGIN], 0.0, 1, 1000) < BUDGET


def test_good_candidates_are_promoted_and_bad_ones_aborted():
    """The promises are not kept by saying nothing."""
    judged = sequential(OBJECTIVE, STEPS, GATES)
    assert share_of(PASS, judged, [0.001] * GATES, 0.0, STEPS, 40) > 0.9
    assert share_of(FAIL, judged, [0.05, *[0.001] * (GATES - 1)], 0.0, STEPS, 40) > 0.9


def test_a_test_for_one_look_breaks_both_promises():
    assert share_of(FAIL, for_one_look(STEPS, GATES), [LIMIT] * GATES, 0.0, STEPS, 100) > 2 * BUDGET
    assert share_of(PASS, for_one_look(STEPS, GATES), [LIMIT + MARGIN], 0.0, 1, 1000) > BUDGET
