"""A record leads to the same decisions again, thinned or not; one that was changed does not."""

from __future__ import annotations

import copy
import json
from functools import cache

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.record import thinned
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.replay import replay
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.report import kept_of, report
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import World, drive, plan

ABORT, PAUSE, PROMOTE = ("abort", "wrong answers"), ("pause", "lunch"), ("promote", "in a hurry")
APPROVED = [5, {"weight": 25, "pause": True}, 100]
TESTED = [
    {"match": [{"header": "x-tester", "exact": "yes"}], "gates": []},
    {"weight": 20, "sticky": "v", "pause": True},
    100,
]
MIRRORED = [{"mirror": 10}, {"mirror": 100, "pause": True}, 50, 100]
CASES = {
    "good": ({}, {}, "complete"),
    "errors": ({}, {"errors": (0.2, 0.002)}, "aborted"),
    "slow": ({}, {"slow": (0.4, 0.01)}, "aborted"),
    "mirrored": ({"strategy": "mirror", "steps": MIRRORED}, {"resumes": 1}, "complete"),
    "errors in copies": ({"strategy": "mirror", "steps": MIRRORED}, {"errors": (0.2, 0.002)}, "aborted"),
    "tested by some": ({"strategy": "ab", "steps": TESTED}, {"resumes": 1}, "complete"),
    "an abort of a test": ({"strategy": "ab", "steps": TESTED}, {"wishes": {60.0: ABORT}}, "aborted"),
    "wrong answers": ({}, {"refused": "predictions[0] is 4, not 7"}, "aborted"),
    "paused": ({}, {"wishes": {150.0: PAUSE}}, "paused"),
    "paused and resumed": ({}, {"wishes": {150.0: PAUSE}, "resumes": 1}, "complete"),
    "approved": ({"steps": APPROVED}, {"resumes": 1}, "complete"),
    "aborted by a wish": ({}, {"wishes": {150.0: ABORT}}, "aborted"),
    "aborted while it rests": ({"steps": APPROVED}, {"wishes": {4000.0: ABORT}}, "aborted"),
    "promoted": ({}, {"wishes": {60.0: PROMOTE}}, "complete"),
    "promoted at the last step": ({"steps": [100]}, {"wishes": {4.0: PROMOTE}}, "complete"),
    "troubles": ({}, {"troubles": {"look": 40, "prepare": 3, "shift": 2}}, "complete"),
    "troubles without end": ({"ready_timeout": 30}, {"troubles": {"look": 999}}, "paused"),
    "too few requests": ({"insufficient_limit": 120}, {"rate": 2.0}, "paused"),
    "late evidence": ({"steps": [2, 100], "insufficient_limit": 7200}, {"rate": 30.0}, "complete"),
    "nothing is served": ({}, {"served": {2: []}}, "aborted"),
}


def rollout(name):
    """A rollout, as it comes out of the module and out of a file."""
    return json.loads(driven(name))


@cache
def driven(name):
    keys, given, _phase = CASES[name]
    return json.dumps(drive(plan(**keys), World(**copy.deepcopy(given))))


@pytest.mark.parametrize("name", CASES)
def test_a_record_leads_to_the_same_decisions(name):
    kept = rollout(name)
    assert kept["state"]["phase"] == CASES[name][2]
    assert replay(kept) == []
    assert replay(kept_of(json.loads(json.dumps(report(kept))))) == []


@pytest.mark.parametrize("name", CASES)
def test_what_is_left_out_changes_no_decision(name):
    kept = rollout(name)
    whole, lines = len(kept["record"]), [entry["line"] for entry in kept["record"] if "line" in entry]
    while len(shorter := thinned(kept["record"])) < len(kept["record"]) and not shorter[0].get("left_out"):
        kept["record"] = shorter
        assert len(shorter) + sum(entry.get("left_out", 0) for entry in shorter) == whole
        assert [entry["line"] for entry in shorter if "line" in entry] == lines
    assert replay(kept) == []


def test_looks_and_waits_for_evidence_are_what_is_left_out():
    for name, most in (("good", 25), ("late evidence", 40), ("troubles", 60)):
        kept = rollout(name)
        before = len(kept["record"])
        while not (shorter := thinned(kept["record"]))[0].get("left_out"):
            kept["record"] = shorter
        assert len(kept["record"]) <= most < before


def test_a_record_that_lost_decisions_says_so():
    kept = rollout("good")
    while not kept["record"][0].get("left_out"):
        kept["record"] = thinned(kept["record"])
    assert replay(kept)[0]["index"] == 0


def entries(kept, action):
    return [entry for entry in kept["record"] if entry["action"] == action]


def errors_away(kept):
    entries(kept, "look")[-1]["seen"]["window"]["candidate"]["errors"] = 0


def verdict_turned(kept):
    entries(kept, "look")[-1]["verdicts"][0]["outcome"] = "pass"


def shift_gone(kept):
    kept["record"].remove(entries(kept, "shift")[0])


def look_gone(kept):
    kept["record"].remove(entries(kept, "look")[-1])


def reason_changed(kept):
    kept["state"]["reason"] = "asked for by the customer"


def end_changed(kept):
    kept["state"]["phase"] = "complete"


def weight_changed(kept):
    entries(kept, "shift")[0]["tenths"] = 500


def objective_changed(kept):
    for gate in kept["state"]["plan"]["gates"]:
        gate["objective"] = 50


@pytest.mark.parametrize(
    "tamper",
    [
        errors_away,
        verdict_turned,
        shift_gone,
        look_gone,
        reason_changed,
        end_changed,
        weight_changed,
        objective_changed,
    ],
)
def test_a_record_that_was_changed_is_noticed(tamper):
    kept = rollout("errors")
    tamper(kept)
    found = replay(kept)
    assert found and found[0]["recorded"] != found[0]["decided"]


def test_a_wish_that_was_removed_or_made_up_is_noticed():
    kept = rollout("aborted by a wish")
    kept["record"].remove(entries(kept, "abort")[0])
    assert replay(kept)
    kept = rollout("good")
    kept["record"].insert(20, {**kept["record"][20], "action": "abort", "seen": {"wish": "abort"}})
    assert replay(kept)[0]["index"] == 20


def test_a_hold_that_was_cut_short_is_noticed():
    kept = rollout("good")
    last = next(entry for entry in kept["record"] if entry["phase"] == "deciding")
    last["at"] -= 60
    assert replay(kept)[0]["decided"] == {"phase": "holding"}


def test_what_follows_from_a_difference_is_not_told_again():
    kept = rollout("good")
    kept["record"].remove(entries(kept, "shift")[1])
    assert len(replay(kept)) < 5
