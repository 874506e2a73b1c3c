"""Rollouts with a load running: what a candidate answers decides how far it gets."""

from __future__ import annotations

from typing import Any

GOLDEN = {"request": {"instances": [1.0]}, "expect": {"predictions": [3.5]}, "tolerance": 1e-3}
SUCCESS = {"kind": "success_rate", "objective": 99, "margin": 3, "against": ["objective"]}
RATE = 60.0
"""Requests a second of each kind: enough for a verdict within some seconds."""


def options(prometheus: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A short rollout: two steps."""
    plan = {"steps": [20, 100], "hold": 8, "interval": 1, "gates": [SUCCESS], "golden": [GOLDEN]}
    return {**plan, "prometheus": prometheus, **more}


def test_a_good_candidate_gets_everything(operator, model, traffic, prometheus):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        done = operator.rollout(both, "v2", **options(prometheus))
        load.gather(20)
    load.assert_flawless()
    assert (done["phase"], done["weight"]) == ("complete", 100)
    assert [entry["outcome"] for entry in done["verdicts"]] == ["pass"]
    assert done["rule"] == {"before": "v1:100", "after": "v2:100"}
    assert not operator.rollout(both, "v2", **options(prometheus))["changed"], "it has everything already"
    assert operator.undo(both)["rule"] == {"before": "v2:100", "after": "v1:100"}


def test_wrong_answers_are_stopped_before_users_meet_them(operator, model, traffic):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both) as load:
        load.gather(20)
        wrong = {**GOLDEN, "expect": {"predictions": [2.5]}}
        failed = operator.rollout(both, "v2", steps=[20, 100], golden=[wrong], fails=True)
        load.gather(20)
    load.assert_flawless()
    assert load.versions() == {"v1"}
    assert failed["phase"] == "aborted" and "predictions[0] is 3.5, not 2.5" in failed["reason"]


def test_errors_are_aborted_by_their_gate(operator, model, traffic, prometheus, faults):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        faults(errors={"rate": 0.05, "code": "UNAVAILABLE"})
        failed = operator.rollout(both, "v2", **options(prometheus, hold=60, golden=[]), fails=True)
        load.gather(60)
    assert failed["phase"] == "aborted" and "success_rate" in failed["reason"] and failed["rule"]["after"] == "v1:100"
    at = {line["line"].split(":")[0]: line["at"] for line in failed["lines"]}
    assert failed["step"] == 1 and at["aborting"] - at["shifted"] < 50, "it was not waited for the end of the hold"
    answers = [answer for kind in load.loads for answer in load.answers(kind)]
    wrong = [answer for answer in answers if not answer.ok]
    assert len(wrong) < 0.05 * 0.3 * len(answers) + 20, "errors are those of the candidate, bounded by its weight"


def test_slowness_is_aborted_by_its_gate(operator, model, traffic, prometheus, faults):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    gate = {"kind": "latency", "boundary": 50, "objective": 90, "margin": 5, "against": ["objective"]}
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        faults(latency={"base_ms": 120})
        failed = operator.rollout(both, "v2", **options(prometheus, hold=60, gates=[gate]), fails=True)
        load.gather(20)
    load.assert_flawless()
    assert failed["phase"] == "aborted" and "latency" in failed["reason"] and "50 ms" in failed["reason"]


def test_too_little_traffic_pauses(operator, model, traffic, prometheus):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both, rate=2) as load:
        paused = operator.rollout(both, "v2", **options(prometheus, steps=[50, 100], on_insufficient="pause"))
        aborted = operator.rollout(both, "v2", state="aborted", reason="enough of it")
    load.assert_flawless()
    assert (paused["phase"], paused["weight"]) == ("paused", 50)
    assert "too few to tell from the objective of 99 %" in paused["reason"]
    assert aborted["phase"] == "aborted" and aborted["rule"]["after"] == "v1:100"
