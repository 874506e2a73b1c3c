"""How a slice begins beside an API server that is away, or was just started."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._rollout import slice as slices
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.lease import Held
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import (
    ABORTED,
    ABORTING,
    HOLDING,
    PAUSED,
    begin,
)
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.store import Kept
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import plan

AWAY, REFUSED, WRONG = ClusterError("away"), ClusterError("forbidden", 403), ClusterError("wrong", 422)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait lasts a second, of a clock that nobody waits for."""
    now = [1000.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(slices.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(slices.time, "sleep", wait)


def answers(*given):
    left = list(given)

    def work():
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return work


def test_a_driver_that_notices_an_abort_is_left_to_end_it(monkeypatch: pytest.MonkeyPatch):
    state = begin(plan(), read_rule("v1:100"), None, 0.0)
    phases = [HOLDING, ABORTING, ABORTING, ABORTED]
    monkeypatch.setattr(slices, "load", lambda *place: Kept(replace(state, phase=phases.pop(0)), []))
    slices._react(None, state)  # type: ignore[arg-type]
    assert phases == []


@pytest.mark.parametrize(
    "meanwhile", [[AWAY] * 100, [AWAY] * 60 + [REFUSED] * 10, [REFUSED] * 10, [ClusterError("etcd", 503)] * 5]
)
def test_an_api_server_that_comes_back_is_waited_for(meanwhile):
    assert slices.patiently(answers(*meanwhile, "there"), 120) == "there"


@pytest.mark.parametrize(
    ("patience", "given"),
    [(0, AWAY), (0, REFUSED), (120, WRONG), (120, Held("somebody drives")), (120, REFUSED), (120, AWAY)],
)
def test_what_does_not_pass_is_said(patience, given):
    with pytest.raises(ClusterError) as said:
        slices.patiently(answers(given), patience)
    assert said.value is given


def test_lost_rights_are_not_waited_for_as_long_as_a_lost_server():
    began = slices.time.monotonic()
    with pytest.raises(ClusterError, match="forbidden"):
        slices.patiently(answers(REFUSED), 120)
    assert slices.time.monotonic() - began <= slices.STARTING + slices.AGAIN


class Taken:
    """A Lease that was free. Whether another driver comes between a look and it cannot be had at will."""

    released: bool | None = None

    def __init__(self, *_given: object) -> None:
        self.take = self.renew = lambda *_given, **_more: None

    def stop(self, release: bool) -> None:
        Taken.released = release


def test_a_rollout_that_was_abandoned_a_moment_ago_and_is_not_any_more_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    """By a run with another plan, which would have taken its traffic back."""
    state = replace(begin(plan(on_abandoned="abort"), read_rule("v1:100"), None, 0.0), phase=HOLDING, due=1.0)
    now = replace(state, phase=PAUSED, awaiting=True, due=0.0)
    monkeypatch.setattr(slices, "Lease", Taken)
    monkeypatch.setattr(slices, "load", lambda *place: Kept(now, [], "2"))
    monkeypatch.setattr(slices, "Driver", lambda *given: pytest.fail("it is driven by somebody else's plan"))
    params = {"lease_timeout": 0, "patience": 0, "slice": False, "slice_seconds": 5, "slice_due": 600, "holder": "me"}
    with pytest.raises(SpecError, match="another rollout is under way"):
        slices.drive(None, params, Kept(state, [], "1"), plan(steps=[50, 100]), None, "me")  # type: ignore[arg-type]
    assert Taken.released
