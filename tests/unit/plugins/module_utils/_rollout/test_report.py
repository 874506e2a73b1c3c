"""The evidence as report.json holds it."""

from __future__ import annotations

import json

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.report import report
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import World, drive, plan

GATES = [
    {"kind": "success_rate"},
    {"kind": "webhook", "url": "https://gate.example/?key=hunter2", "headers": {"Authorization": "hunter2"}},
]


def test_it_says_what_came_of_it():
    made = report(drive(plan(), World(errors=(0.2, 0.0))))
    assert made["rollout"] == {
        "id": made["rollout"]["id"],
        "namespace": "kubeflow",
        "name": "mnist",
        "candidate": "v2",
        "baseline": "v1",
        "strategy": "canary",
    }
    outcome = made["outcome"]
    assert (outcome["phase"], outcome["weight"], outcome["step"], outcome["steps"]) == ("aborted", 0, 1, 3)
    assert outcome["rule"] == {"before": "v1:100", "after": "v1:100"}
    assert outcome["reason"].startswith("gate success_rate: ")
    assert outcome["began"] == "2026-09-21T14:13:20.000Z" and outcome["ended"] == outcome["last_seen"]
    assert made["replay"] == [] and made["left_out"] == 0


def test_it_holds_plan_observations_queries_verdicts_patches_and_times():
    kept = drive(plan(), World())
    made = json.loads(json.dumps(report(kept)))
    assert made["plan"] == kept["state"]["plan"]
    assert [entry["at"] for entry in made["record"]] == [entry["at"] for entry in kept["record"]]
    looks = [entry for entry in made["record"] if entry["action"] == "look"]
    assert all(entry["seen"]["window"]["candidate"]["requests"] for entry in looks[3:])
    assert all(entry["seen"]["queries"] and len(entry["verdicts"]) == 2 for entry in looks)
    assert {"gate", "outcome", "reason", "numbers"} == set(looks[0]["verdicts"][0])
    patches = [patch for entry in made["record"] for patch in entry["seen"].get("patches", ())]
    assert [patch["changes"][0]["after"] for patch in patches] == [
        "v1:100",
        "v1:95:v2:5",
        "v1:75:v2:25",
        "v2:100",
        "v2:100",
    ]
    assert made["record"][0]["time"].startswith("2026-09-21T14:13:20.1")


def test_a_rollout_under_way_is_not_replayed_unless_asked():
    kept = drive(plan(), World(), longest=100)
    assert report(kept, replayed=False)["replay"] is None
    assert report(kept)["replay"] == []
    assert report(kept)["outcome"]["ended"] is None


def test_nothing_secret_is_in_it():
    assert "hunter2" not in json.dumps(report(drive(plan(gates=GATES), World(), longest=300)))
