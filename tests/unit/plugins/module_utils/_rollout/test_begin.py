"""What a rollout lacks on the host is named before it begins. The host's packages are made up: the tests' own has all of them."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.begin import read

PLAN = {"name": "mnist", "candidate": "v2"}


def test_an_assertion_without_jmespath_is_refused_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "jmespath", None)
    asserted = {"request": {"instances": [1.0]}, "assertion": "length(predictions) == `1`"}
    with pytest.raises(ImportError) as refused:
        read({**PLAN, "golden": [asserted]}, None)
    assert refused.value.name == "jmespath"
    assert read(PLAN, None)[0].candidate == "v2", "nothing else needs it"
