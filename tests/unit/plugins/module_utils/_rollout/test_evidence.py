"""What a look makes of the counters."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counters
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.evidence import Evidence
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.machine import PAUSE, RESUME, Seen, advance
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import HOLDING, begin
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import plan


def test_requests_of_a_pause_are_not_taken_for_those_of_the_moment_since():
    rollout = plan(steps=[20, 100], gates=[{"kind": "throughput", "floor": 1}])
    state, shifted = begin(rollout, read_rule("v1:100"), None, 0.0), time.time() - 3600
    counters: dict[str, Any] = asdict(
        Counters(shifted, {"v1": {}, "v2": {}}, totals={"v1": {}, "v2": {"requests": 60}})
    )
    for seen in (
        *(Seen(shifted) for _action in ("mark", "prepare", "prove")),
        Seen(shifted, counters=counters),
        Seen(shifted + 1, wish=PAUSE),
        Seen(time.time() - 1, wish=RESUME),
    ):
        state = advance(state, seen)
    assert (state.phase, state.shifted) == (HOLDING, True)
    state = advance(state, Evidence(rollout, None, None).look(state))  # type: ignore[arg-type]
    assert state.window is not None and state.window["seconds"] == pytest.approx(3600, abs=5)
    assert state.verdicts[0]["outcome"] == "insufficient", "60 requests in an hour are less than one a second"
