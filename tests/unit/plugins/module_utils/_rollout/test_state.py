from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import begin, digest, read_state, rule_at
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import read_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import WHOLE, Rule, read_rule

RULES = st.lists(st.integers(1, 300), min_size=1, max_size=4).map(
    lambda parts: (
        Rule(tuple((f"v{index}", share) for index, share in enumerate([*parts, WHOLE - sum(parts)])))
        if sum(parts) < WHOLE
        else Rule((("v0", WHOLE),))
    )
)


@given(RULES, st.integers(1, WHOLE))
def test_the_candidate_gets_its_share_and_the_others_keep_their_proportions(before, tenths):
    rule = rule_at(before, "candidate", tenths)
    assert sum(share for _name, share in rule.tenths) == WHOLE
    assert rule.share("candidate") == tenths
    for name, share in before.tenths:
        assert abs(rule.share(name) - share * (WHOLE - tenths) / WHOLE) < 1


def test_a_candidate_with_a_share_is_not_counted_among_the_others():
    assert str(rule_at(read_rule("v1:80:v2:20"), "v2", 500)) == "v1:50:v2:50"
    assert str(rule_at(read_rule("v1:60:v3:20:v2:20"), "v2", 200)) == "v1:60:v3:20:v2:20"


def test_a_state_survives_json_and_keys_of_a_later_release():
    rollout = read_rollout({"name": "mnist", "candidate": "v2", "gates": ["success_rate"]})
    state = begin(rollout, read_rule("v1:90:v3:10"), None, 12.5)
    assert state.baseline == "v1"
    assert read_state(json.loads(json.dumps(state.to_json())) | {"invented": 1}) == state


def test_the_same_plan_has_the_same_digest_and_another_has_another():
    plans = [read_rollout({"name": "mnist", "candidate": "v2", "hold": hold}).to_json() for hold in (60, "1m", 61)]
    assert digest(plans[0]) == digest(plans[1]) != digest(plans[2])
    assert read_rollout(plans[0]).to_json() == plans[0]
