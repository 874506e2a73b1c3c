"""What a wish comes to. Whether a rollout ends just before it is to be aborted cannot be had from a cluster at will: the driver is a mock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout import run
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.lease import Held
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import (
    ABORTING,
    COMPLETE,
    HOLDING,
    PROMOTING,
    begin,
)
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.store import Kept
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import plan

STATE = replace(begin(plan(), read_rule("v1:100"), None, 0.0), phase=HOLDING)
PARAMS = {"name": "mnist", "namespace": "kubeflow", "state": "aborted", "holder": "", "patience": 0, "reason": None}


@pytest.mark.parametrize("driven", [True, False])
def test_an_abort_that_comes_too_late_says_so(monkeypatch: pytest.MonkeyPatch, driven: bool):
    def drive(*_given, **_more):
        if driven:
            raise Held("somebody drives")
        return {"phase": COMPLETE}

    monkeypatch.setattr(run, "load", lambda *place: Kept(STATE, []))
    monkeypatch.setattr(run, "wish", lambda *given: None)
    monkeypatch.setattr(run, "drive", drive)
    monkeypatch.setattr(run, "await_driver", lambda *given: {"phase": COMPLETE})
    with pytest.raises(SpecError, match="was complete before it could be aborted: v2 has 100 percent"):
        run.run_rollout(None, PARAMS, False)  # type: ignore[arg-type]


@pytest.mark.parametrize(("phase", "wanted"), [(PROMOTING, "paused"), (ABORTING, "paused"), (ABORTING, "promoted")])
def test_what_can_change_nothing_any_more_is_refused(monkeypatch: pytest.MonkeyPatch, phase: str, wanted: str):
    left: list[str] = []
    state = replace(STATE, phase=phase, tenths=1000, shifted=True)
    monkeypatch.setattr(run, "load", lambda *place: Kept(state, []))
    monkeypatch.setattr(run, "wish", lambda *given: left.append(wanted))
    with pytest.raises(SpecError, match=f"cannot be {wanted} any more, it is {phase}: mnist v2 100 %"):
        run.run_rollout(None, {**PARAMS, "state": wanted}, False)  # type: ignore[arg-type]
    assert not left
