"""What is kept of each step on the way of a rollout."""

from __future__ import annotations

import base64
import json
import zlib

from ansible_collections.tfserving.istio.plugins.module_utils._rollout import store
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.machine import LOOK, PREPARE, Seen
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.record import entry, seen_of
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import begin
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import World, drive, plan

STATE = begin(plan(), read_rule("v1:100"), None, 0.0)


def test_what_was_seen_comes_back_without_the_driver_s_own_notes():
    seen = Seen(5.0, served=[2], notes=["a"], counters={"a": 1}, restore={"c": 2}, queries=["up"])
    kept = json.loads(json.dumps(entry(LOOK, STATE, seen, STATE)))
    assert kept["seen"] == {"served": [2], "notes": ["a"], "queries": ["up"]}
    assert seen_of(kept) == Seen(5.0, served=[2], notes=["a"], queries=["up"])


def test_that_nothing_is_served_is_not_nothing():
    assert seen_of(entry(PREPARE, STATE, Seen(5.0, served=[]), STATE)).served == []
    assert seen_of(entry(PREPARE, STATE, Seen(5.0), STATE)).served is None


def test_keys_of_a_later_release_are_left_alone():
    kept = entry(PREPARE, STATE, Seen(5.0), STATE)
    kept["seen"]["weather"] = "fine"
    assert seen_of(kept) == Seen(5.0)


def test_a_record_fits_into_its_object(monkeypatch):
    record = drive(plan(), World())["record"]
    for longest in (4000, 400, 20):
        monkeypatch.setattr(store, "LONGEST_RECORD", longest)
        packed = base64.b64decode(store._packed(record))
        kept = json.loads(zlib.decompress(packed))
        assert len(packed) <= longest
        assert not kept or len(kept) + sum(made.get("left_out", 0) for made in kept) == len(record)
