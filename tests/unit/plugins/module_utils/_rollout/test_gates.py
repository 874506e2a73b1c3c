from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counts
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.gates import (
    FAIL,
    INSUFFICIENT,
    PASS,
    Verdict,
    Window,
    filled,
    judge,
    looked,
    window_of,
)
from ansible_collections.tfserving.istio.plugins.module_utils._spec.gate import Gate, read_gate

PROMQL = read_gate({"kind": "promql", "query": "up", "at_least": 1, "at_most": 2})
WEBHOOK = read_gate({"kind": "webhook", "url": "https://example.com/gate"})
COMMAND = read_gate({"kind": "command", "argv": ["true"]})
GATES = [
    *map(read_gate, ("success_rate", "latency", "throughput", "approval")),
    PROMQL,
    WEBHOOK,
    COMMAND,
]


def verdict(gate: Gate, seconds: float = 60.0, **window: Any) -> Verdict:
    return judge(gate, Window(seconds, **window), 0.001, 0.05)


def outcome(gate: Gate, **window: Any) -> str:
    return verdict(gate, **window).outcome


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.kind)
def test_a_window_without_anything_is_insufficient(gate: Gate):
    said = judge(gate, Window(0.0), 0.05)
    assert (said.gate, said.outcome) == (gate.name, INSUFFICIENT)
    assert said.reason


@pytest.mark.parametrize(("requests", "expected"), [(0, INSUFFICIENT), (29, INSUFFICIENT), (30, PASS), (300, PASS)])
def test_less_traffic_than_wanted_is_insufficient_and_never_a_failure(requests: int, expected: str):
    assert outcome(read_gate("throughput"), candidate=Counts(requests, requests)) == expected


def test_throughput_says_what_there_is():
    assert verdict(read_gate("throughput"), candidate=Counts(12)).reason == (
        "the candidate gets 0.2 requests a second, less than the 0.5 wanted"
    )


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([], INSUFFICIENT),
        ([None], INSUFFICIENT),
        ([1.0], PASS),
        ([2.0], PASS),
        ([0.9], INSUFFICIENT),
        ([2.1], INSUFFICIENT),
        ([0.0, 0.0, 0.0], FAIL),
        ([0.0, 3.0, 0.0], FAIL),
        ([0.0, 0.0, 1.0, 0.0], INSUFFICIENT),
        ([1.0, 0.0, 0.0, 0.0], FAIL),
        ([0.0, 0.0, 0.0, None], INSUFFICIENT),
        ([0.0, 0.0, 0.0, 1.0], PASS),
    ],
)
def test_a_query_fails_by_looks_in_a_row(looks: list[float | None], expected: str):
    assert outcome(PROMQL, values={"promql": looks}) == expected


@given(st.lists(st.one_of(st.none(), st.sampled_from([0.0, 1.5, 3.0])), max_size=12))
def test_the_looks_that_are_kept_say_what_all_of_them_say(values: list[float | None]):
    kept: list[float | None] = []
    for value in values:
        kept = looked(PROMQL, kept, value)
    assert len(kept) <= PROMQL.failures + 1
    assert outcome(PROMQL, values={"promql": kept}) == outcome(PROMQL, values={"promql": values})


def test_a_query_says_what_it_gives():
    assert verdict(PROMQL, values={"promql": [0.0, 0.0]}).reason == (
        "the query gives 0 and should be at least 1 and at most 2, 2 of 3 looks in a row"
    )


def test_placeholders_and_dollars_of_regular_expressions():
    gate = read_gate({"kind": "promql", "query": 'a{b=~"$model-${candidate}$",c="$$x"}[$interval]', "at_least": 0})
    words = {"model": "mnist", "candidate": "v2", "interval": "73s"}
    assert filled(gate, words) == 'a{b=~"mnist-v2$",c="$x"}[73s]'


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (200, PASS),
        (204, PASS),
        *((code, FAIL) for code in (400, 406, 409, 412, 418, 422)),
        *((code, INSUFFICIENT) for code in (None, 302, 401, 403, 404, 408, 429, 500, 503)),
    ],
)
def test_a_webhook_passes_by_2xx_and_fails_by_a_clear_no(code: int | None, expected: str):
    assert outcome(WEBHOOK, answers={"webhook": {"code": code, "text": "x"}}) == expected


@pytest.mark.parametrize(
    ("code", "expected"), [(0, PASS), (1, FAIL), *((code, INSUFFICIENT) for code in (None, 2, 75, 126, 127, 137, -9))]
)
def test_a_command_passes_by_0_and_fails_by_1(code: int | None, expected: str):
    assert outcome(COMMAND, answers={"command": {"code": code, "text": "x"}}) == expected


def test_an_answer_is_quoted_on_one_line():
    assert verdict(COMMAND, answers={"command": {"code": 1, "text": "too\nslow\n"}}).reason == (
        "the command ends with 1: too slow"
    )
    assert verdict(WEBHOOK, answers={"webhook": {"code": None, "text": "refused"}}).reason == (
        "the webhook gives no answer: refused"
    )
    assert verdict(WEBHOOK).reason == "the webhook was not asked yet"


def test_approval():
    gate = read_gate("approval")
    assert verdict(gate).reason == "waits for approval"
    said = verdict(gate, answers={"approval": {"by": "ana"}})
    assert (said.outcome, said.reason) == (PASS, "approved by ana")


COUNTS = st.builds(
    lambda timed, requests, errors, slow: Counts(requests, min(errors, requests), timed, {"250": min(slow, timed)}),
    *[st.integers(0, 3000)] * 4,
)


@given(COUNTS, COUNTS, st.lists(st.one_of(st.none(), st.floats(-5, 5)), max_size=4), st.sampled_from(GATES))
def test_a_window_that_was_kept_gives_the_same_verdict(
    candidate: Counts, baseline: Counts, looks: list[float | None], gate: Gate
):
    window = Window(30.0, candidate, baseline, {"promql": looks}, {"webhook": {"code": 200, "text": ""}})
    again = window_of(json.loads(json.dumps(asdict(window))))
    assert again == window
    said = judge(gate, window, 0.001, 0.05)
    assert judge(read_gate(json.loads(json.dumps(gate.kept()))), again, 0.001, 0.05) == said
    assert json.loads(json.dumps(asdict(said), allow_nan=False)) == asdict(said)


@given(COUNTS, st.sampled_from(GATES))
def test_a_candidate_without_requests_never_fails(baseline: Counts, gate: Gate):
    assert outcome(gate, baseline=baseline, candidate=Counts(0, 0, 0, {"250": 0})) == INSUFFICIENT
