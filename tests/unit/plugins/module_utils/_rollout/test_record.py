"""What is kept of each step on the way of a rollout."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace

from ansible_collections.tfserving.istio.plugins.module_utils._rollout import store
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import (
    MOST,
    REQUESTS,
    Counters,
    Series,
    advance,
)
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.machine import LOOK, PREPARE, Seen
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.record import entry, seen_of
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import begin
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.store import Kept
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import BEGAN, World, drive, plan

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


def test_a_record_fits_into_its_object():
    record = drive(plan(), World())["record"]
    for longest in (4000, 400, 20):
        packed = store._fitting(record, longest)
        kept = json.loads(zlib.decompress(packed))
        assert len(packed) <= longest
        assert not kept or len(kept) + sum(made.get("left_out", 0) for made in kept) == len(record)


def test_a_state_of_many_proxies_and_its_record_fit_into_their_object_together(client, server):
    """As many series as a rollout goes by, of proxies that are scraped when they please, and a record that can hardly be packed: 2.5 MB together."""
    chance = random.Random(1)
    counters = advance(Counters(BEGAN, {"v1": {"destination_service": "v1"}}), _scraped(chance, MOST))
    record = [{**made, "line": f"{chance.getrandbits(48_000):x}"} for made in drive(plan(), World())["record"]]
    server.fallback = lambda request: (200, {**json.loads(request["body"]), "metadata": {"resourceVersion": "1"}})
    saved = Kept(replace(STATE, counters=asdict(counters)), record)
    store.save(client, saved)
    written = json.loads(server.requests[0]["body"])
    data = [text.encode() for text in written["data"].values()]
    binary = [base64.b64decode(text) for text in written["binaryData"].values()]
    assert len(counters.series) == MOST and len(json.dumps(counters.series)) > 1_300_000
    assert len(zlib.compress(json.dumps(record).encode(), 9)) > 500_000
    assert sum(map(len, data + binary)) <= 1_048_576
    kept = store.read_kept({**written, "metadata": {"name": "a", "namespace": "b", "resourceVersion": "1"}})
    assert kept is not None and kept.state == saved.state and 0 < len(kept.record) < len(record)


def _scraped(chance: random.Random, most: int) -> Iterator[Series]:
    """Eight series a proxy, each with two scrapes."""
    for number in range(most):
        pod, moment = f"caller-{number // 8}", BEGAN + random.Random(number // 8).random() * 15
        labels = {"__name__": REQUESTS, "destination_service": "v1", "pod": pod, "response_code": str(200 + number % 8)}
        first = chance.randrange(1_000_000)
        yield Series(labels, ((moment, float(first)), (moment + 15, float(first + chance.randrange(10_000)))))
