from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.decide import Decision, decide, moved, undone
from ansible_collections.tfserving.istio.plugins.module_utils._plan.live import LiveRule
from ansible_collections.tfserving.istio.plugins.module_utils._render.rule import Policy, Record
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import Rule, read_rule
from ansible_collections.tfserving.istio.tests.unit.support.models import read


def live(rule: str, declared: str | None = None, previous: str | None = None) -> LiveRule:
    record = Record(*(text and read_rule(text) for text in (declared, previous)))
    return LiveRule(read_rule(rule), record, Policy(), (), "1")


def decided(traffic: str | None, now: LiveRule | None) -> Decision:
    return decide(read("v1", "v2", traffic=traffic), now, ("v1", "v2"))


def rule(text: str) -> Rule:
    return read_rule(text)


def test_without_a_declaration_the_live_rule_stays():
    now = live("v1:30:v2:70", "v1:90:v2:10", "v1:100")
    assert decided(None, now) == Decision(now.rule, now.record)


def test_a_changed_declaration_moves_traffic_and_remembers_the_rule_before():
    decision = decided("v1:50:v2:50", live("v1:90:v2:10", "v1:90:v2:10"))
    assert decision == Decision(rule("v1:50:v2:50"), Record(rule("v1:50:v2:50"), rule("v1:90:v2:10")))


def test_a_repeated_declaration_does_not_take_back_what_was_moved_since():
    decision = decided("v1:90:v2:10", live("v2:100", "v1:90:v2:10", "v1:90:v2:10"))
    assert str(decision.rule) == "v2:100"
    assert "Nothing is shifted" in decision.warnings[0]
    assert 'traffic: "v2:100"' in decision.warnings[0]


def test_a_declaration_of_what_is_live_becomes_the_last_declared_one():
    decision = decided("v2:100", live("v2:100", "v1:90:v2:10", "v1:90:v2:10"))
    assert decision == Decision(rule("v2:100"), Record(rule("v2:100"), rule("v1:90:v2:10")))


def test_the_order_of_a_rule_is_no_change():
    now = live("v1:90:v2:10", "v1:90:v2:10")
    assert decided("v2:10:v1:90", now).rule.same_as(now.rule)


def test_a_rule_may_name_a_version_that_is_live_only():
    assert str(decide(read("v1", traffic="v9:100"), live("v1:100"), ("v1", "v9")).rule) == "v9:100"


def test_a_rule_that_names_an_unknown_version_says_which_there_are():
    with pytest.raises(SpecError) as error:
        decide(read("v1", traffic="candidate:100"), live("v1:100"), ("v1",))
    assert "rule candidate:100 names candidate" in str(error.value)
    assert "known are v1" in str(error.value)
    assert "v1, v1" not in str(error.value)


def test_a_move_outside_a_declaration_keeps_what_was_declared():
    now = live("v1:100", "v1:100")
    assert moved(now, rule("v2:100")) == (rule("v2:100"), Record(rule("v1:100"), rule("v1:100")))


def test_an_undo_goes_back_once():
    back, record = undone(live("v2:100", "v1:100", "v1:100"))
    assert (str(back), record) == ("v1:100", Record(rule("v1:100")))
    again = live("v1:100", "v1:100")
    assert undone(again) == (again.rule, again.record)


def test_a_move_to_what_is_live_remembers_what_was_remembered():
    now = live("v1:90:v2:10", "v1:100", "v2:100")
    assert moved(now, rule("v2:10:v1:90")) == (now.rule, now.record)
