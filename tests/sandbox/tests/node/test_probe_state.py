"""Thresholds of probes."""

from __future__ import annotations

import pytest

from sandbox.node.probe_state import ProbeState, Timing


def test_defaults_are_those_of_the_api() -> None:
    assert Timing.from_spec({}) == Timing(0, 10, 1, 1, 3)


def test_a_spec_says_every_number() -> None:
    spec = {
        "initialDelaySeconds": 1,
        "periodSeconds": 2,
        "timeoutSeconds": 3,
        "successThreshold": 4,
        "failureThreshold": 5,
    }
    assert Timing.from_spec(spec) == Timing(1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("results", "values"),
    [
        ("F F F", [True, True, False]),
        ("F F P F F F", [True, True, True, True, True, False]),
        ("F F F P", [True, True, False, True]),
    ],
)
def test_failures_count_only_in_a_row(results: str, values: list[bool]) -> None:
    state = ProbeState(Timing(failure_threshold=3), value=True)
    seen = []
    for result in results.split():
        state.record(result == "P")
        seen.append(state.value)
    assert seen == values


def test_a_threshold_is_reported_each_time_it_is_reached() -> None:
    state = ProbeState(Timing(failure_threshold=2), value=False)
    assert [state.record(False) for _ in range(4)] == [False, True, True, True]


def test_success_can_need_several_results() -> None:
    state = ProbeState(Timing(success_threshold=2), value=False)
    assert [state.record(True), state.value, state.record(True), state.value] == [False, False, True, True]
