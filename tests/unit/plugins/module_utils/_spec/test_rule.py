from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import (
    all_to,
    check_versions,
    from_weights,
    read_rule,
)
from ansible_collections.tfserving.istio.tests.unit.support.models import rules

NAMES = ["v1", "v2", "blue-green", "1", "v10"]


def error_of(value: object) -> str:
    with pytest.raises(SpecError) as error:
        read_rule(value)
    return str(error.value)


@given(rules(NAMES))
def test_all_forms_of_a_rule_are_equal(percents: dict[str, float]):
    rule = read_rule(percents)
    pairs = [f"{name}:{percent}" for name, percent in percents.items()]
    assert read_rule(":".join(pairs)) == rule
    assert read_rule(",".join(pairs)) == rule
    assert read_rule(" , ".join(pairs)) == rule
    assert read_rule({name: str(percent) for name, percent in percents.items()}) == rule


@given(rules(NAMES))
def test_what_a_rule_says_of_itself_reads_as_the_same_rule(percents: dict[str, float]):
    rule = read_rule(percents)
    assert read_rule(str(rule)) == rule
    assert read_rule(rule.percents()) == rule
    assert rule.percents() == percents


@given(rules(NAMES))
def test_weights_leave_out_zeros_and_keep_the_shares(percents: dict[str, float]):
    rule = read_rule(percents)
    weights = rule.weights()
    assert 0 not in weights.values()
    assert sum(weights.values()) in (100, 1000)
    assert from_weights(weights).same_as(rule)


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(1, 10**6), min_size=1))
def test_any_live_weights_make_a_rule_that_is_off_by_less_than_a_tenth_of_a_percent(weights: dict[str, int]):
    rule, total = from_weights(weights), sum(weights.values())
    assert sum(share for _name, share in rule.tenths) == 1000
    assert all(abs(rule.share(name) - weight * 1000 / total) < 1 for name, weight in weights.items())


def test_the_weight_of_a_single_destination_does_not_matter():
    assert from_weights({"v1": 0}) == from_weights({"v1": 7}) == all_to("v1")


@given(rules(NAMES), st.randoms())
def test_neither_order_nor_zeros_make_another_rule(percents: dict[str, float], chance):
    names = [name for name, percent in percents.items() if percent]
    chance.shuffle(names)
    assert read_rule({name: percents[name] for name in names}).same_as(read_rule(percents))


@given(rules(NAMES), rules(NAMES))
def test_rules_that_send_other_shares_are_not_the_same(one: dict[str, float], other: dict[str, float]):
    equal = all(one.get(name, 0) == other.get(name, 0) for name in NAMES)
    assert read_rule(one).same_as(read_rule(other)) == equal


def test_the_largest_share_leads_and_a_tie_changes_nothing():
    assert read_rule("v1:40:v2:60").largest("v1") == "v2"
    assert read_rule("v1:50:v2:50").largest("v2") == "v2"
    assert read_rule("v1:50:v2:50").largest() == "v1"
    assert read_rule("v1:50:v2:50").largest("v3") == "v1"


@pytest.mark.parametrize(
    ("rule", "sum_"), [("v1:90:v2:20", "110"), ("v1:90", "90"), ("v1:33.3,v2:33.3,v3:33.3", "99.9"), ("v1:0", "0")]
)
def test_a_sum_other_than_100_is_named(rule: str, sum_: str):
    assert error_of(rule) == f"rule {rule}: the percents add up to {sum_}, not to 100"


def test_a_negative_share_is_named():
    message = error_of("v1:110:v2:-10")
    assert message == "rule v1:110:v2:-10: v2 has -10 percent; a share cannot be negative"


@pytest.mark.parametrize("rule", ["v1:50:v1:50", "v1:50,v1:50"])
def test_a_version_that_stands_in_it_twice_is_named(rule: str):
    assert error_of(rule) == f"rule {rule}: v1 stands in it twice"


def test_a_number_and_a_string_of_it_are_one_version():
    assert "1 stands in it twice" in error_of({1: 50, "1": 50})


def test_a_share_finer_than_a_tenth_is_refused():
    assert "a tenth of a percent is the smallest share" in error_of("v1:99.95:v2:0.05")


@pytest.mark.parametrize("percent", ["many", "", True, None, [], "NaN", "inf", "0x10"])
def test_what_is_no_percent_is_named(percent: object):
    message = error_of({"v1": percent, "v2": 100})
    assert "v1 has" in message
    assert "which is not a percent" in message


@pytest.mark.parametrize("percent", ["1e999999999", "1e400", "-1e999999999"])
def test_a_share_beyond_all_measure_is_an_error_like_others(percent: str):
    assert f"v1:{percent}:v2:100" in error_of(f"v1:{percent}:v2:100")


def test_every_wrong_share_is_told_at_once():
    message = error_of("v1:-1:v2:many:V3:1.23")
    assert all(word in message for word in ("v1 has -1", "v2 has 'many'", "V3"))


@pytest.mark.parametrize("rule", ["", ":", "v1", "v1:", "v1:50:v2", ":100", "v1::100", {}, [], ["v1:100"], None, True])
def test_what_is_no_rule_says_how_one_is_written(rule: object):
    assert '"v1:90:v2:10", "v1:90,v2:10" or {v1: 90, v2: 10}' in error_of(rule)


def test_a_rule_that_names_an_unknown_version_says_which_was_meant():
    with pytest.raises(SpecError) as error:
        check_versions(read_rule("v1:90:candidat:10"), ["v1", "candidate"], "kubeflow/mnist traffic")
    assert str(error.value).startswith("kubeflow/mnist traffic: rule v1:90:candidat:10 names candidat")
    assert "did you mean candidate?" in str(error.value)
