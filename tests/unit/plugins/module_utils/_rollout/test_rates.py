from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout import rates
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counts
from ansible_collections.tfserving.istio.plugins.module_utils._spec.gate import read_gate

NONE = Counts()


def judged(candidate: Counts, baseline: Counts = NONE, alpha: float = 0.05, **keys: object) -> tuple[str, str]:
    gate = read_gate({"kind": "success_rate", **keys})
    outcome, reason, _numbers = rates.judge(gate, candidate, baseline, alpha, 0.05)
    return outcome, reason


@pytest.mark.parametrize("against", [["objective"], ["objective", "baseline"]])
def test_one_error_of_twenty_is_insufficient_and_four_a_failure(against: list[str]):
    assert judged(Counts(20, 1), against=against)[0] == "insufficient"
    assert judged(Counts(20, 4), against=against)[0] == "fail"


def test_no_traffic_is_insufficient():
    assert judged(NONE, Counts(1000, 0)) == ("insufficient", "the candidate has had no requests yet")


def test_a_pass_says_what_is_sure():
    assert judged(Counts(1200, 2)) == (
        "pass",
        "1198 of 1200 (99.83 %) requests succeeded, at least 99.18 %: within 1 point of the objective of 99 %",
    )


def test_a_failure_says_what_is_sure():
    outcome, reason = judged(Counts(100, 20))
    assert outcome == "fail"
    assert reason.startswith("80 of 100 (80 %) requests succeeded, at best 9")
    assert reason.endswith("less than the objective of 99 %")


def test_too_little_says_between_what_it_may_be():
    outcome, reason = judged(Counts(50, 0))
    assert outcome == "insufficient"
    assert reason.startswith("50 of 50 (100 %) requests succeeded, between 9")


def test_a_candidate_that_meets_its_objective_and_is_worse_than_the_baseline_fails():
    outcome, reason = judged(Counts(3000, 27), Counts(30_000, 3), margin=5)
    assert outcome == "pass", "within the margin"
    outcome, reason = judged(Counts(3000, 27), Counts(30_000, 3), margin=0.5)
    assert outcome == "fail"
    assert reason.endswith("of the baseline's 29997 of 30000 (99.99 %): worse than the baseline")
    assert judged(Counts(3000, 27), Counts(30_000, 3), margin=0.5, against=["objective"])[0] != "fail"


def test_a_baseline_that_misses_the_objective_does_not_excuse_the_candidate():
    assert judged(Counts(3000, 150), Counts(30_000, 1500))[0] == "fail"


def test_the_baseline_alone_may_be_what_counts():
    against = ["baseline"]
    assert judged(Counts(10_000, 500), Counts(100_000, 5000), against=against, margin=2)[0] == "pass"
    assert judged(Counts(100, 50), Counts(30_000, 1500), against=against)[0] == "fail"
    outcome, reason = judged(Counts(20, 1), Counts(200, 10), against=against)
    assert (outcome, reason[-28:]) == ("insufficient", ": too few to tell them apart")
    outcome, reason = judged(Counts(3000, 0), against=against)
    assert outcome == "insufficient"
    assert "the baseline has had none" in reason


def test_the_chance_to_fail_is_shared_by_what_the_candidate_is_compared_with():
    def highest(alpha: float, *against: str) -> float:
        gate = read_gate({"kind": "success_rate", "against": list(against)})
        return rates.judge(gate, Counts(200, 10), NONE, alpha, 0.05)[2]["highest"]

    assert highest(0.002, "objective", "baseline") == highest(0.001, "objective") > highest(0.002, "objective")


def latency(candidate: Counts, baseline: Counts = NONE, boundary: float = 250) -> tuple[str, str]:
    gate = read_gate({"kind": "latency", "boundary": boundary})
    outcome, reason, _numbers = rates.judge(gate, candidate, baseline, 0.05, 0.05)
    return outcome, reason


def test_latency_is_judged_by_what_is_in_the_histogram():
    assert latency(Counts(1000, 0, 990, {"250": 5})) == (
        "pass",
        "985 of 990 (99.49 %) requests took no longer than 250 ms, at least 98.39 %: within 2 points of the objective of 95 %",
    )
    assert latency(Counts(1000, 0, 100, {"250": 60}))[0] == "fail"
    assert latency(Counts(10, 0, 0, {"250": 0}))[0] == "insufficient"
    assert latency(Counts(10, 0, 0, {}))[0] == "insufficient"


def test_a_boundary_that_is_no_bucket_is_no_evidence():
    assert latency(Counts(10, 0, 10, {"250": 0}), boundary=300) == (
        "insufficient",
        "the histogram of request durations has no bucket of 300 ms",
    )


def test_latency_beside_the_baseline():
    slow = Counts(2000, 0, 2000, {"250": 60})
    assert latency(slow, Counts(20_000, 0, 20_000, {"250": 20}))[0] == "fail"
    assert latency(slow, Counts(20_000, 0, 20_000, {"250": 600}))[0] == "pass"


def test_the_numbers_are_those_of_the_sentence():
    gate = read_gate("success_rate")
    numbers = rates.judge(gate, Counts(1200, 2), Counts(100, 0), 0.001, 0.05)[2]
    assert numbers["candidate"] == {"requests": 1200, "bad": 2, "share": 99.8333}
    assert numbers["baseline"] == {"requests": 100, "bad": 0, "share": 100.0}
    assert numbers["lowest"] == pytest.approx(99.18, abs=0.01)
    assert (numbers["alpha"], numbers["budget"]) == (0.001, 0.05)
