from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._plan.live import read_live_rule
from ansible_collections.tfserving.istio.plugins.module_utils._render.rule import (
    Policy,
    Preview,
    Record,
    beacon,
    rule_service,
)
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.models import rules

NAMES = ["v1", "v2", "blue-green"]


def service(rule: Any, how: Policy | None = None, record: Record | None = None, *previews: Preview) -> dict[str, Any]:
    return rule_service("mnist", "kubeflow", read_rule(rule), how or Policy(), record or Record(), previews)


def test_it_has_neither_hosts_nor_gateways():
    assert set(service("v1:100")["spec"]) == {"http"}


def test_routes_are_tried_from_the_most_special_to_the_most_general():
    names = [route["name"] for route in service("v1:100", None, None, Preview("v2", "t"))["spec"]["http"]]
    assert names == ["proof", "preview-grpc-v2", "preview-rest-v2", "grpc", "rest"]


def test_every_preview_has_routes_of_its_own_name():
    http = service("v1:100", None, None, Preview("v2", "a"), Preview("v3", "b"))["spec"]["http"]
    names = [route["name"] for route in http]
    assert len(set(names)) == len(names)


@given(rules(NAMES), rules(NAMES))
def test_the_beacon_tells_routes_apart(one: dict[str, float], other: dict[str, float]):
    same = read_rule(one).weights() == read_rule(other).weights()
    answers = [service(rule)["spec"]["http"][0]["directResponse"]["body"]["string"] for rule in (one, other)]
    if same and list(read_rule(one).weights()) == list(read_rule(other).weights()):
        assert answers[0] == answers[1]
    elif not same:
        assert answers[0] != answers[1]


def test_the_beacon_answers_only_who_asks_for_it():
    assert beacon([])["match"] == [{"headers": {"x-tfserving-rule": {"exact": "digest"}}}]


def test_retries_are_those_that_cannot_run_a_request_twice():
    rest = service("v1:100", Policy(None, 3))["spec"]["http"][-1]
    assert rest["retries"] == {"attempts": 3, "retryOn": "connect-failure,refused-stream,reset-before-request"}
    assert service("v1:100", Policy(None, 0))["spec"]["http"][-1]["retries"] == {"attempts": 0}


@given(
    rules(NAMES),
    st.none() | rules(NAMES),
    st.none() | rules(NAMES),
    st.none() | st.integers(1, 10**6).map(lambda ms: ms / 1000),
    st.integers(0, 10),
)
def test_what_is_written_can_be_read_again(
    rule: Any, declared: Any, previous: Any, timeout: float | None, retries: int
):
    record = Record(declared and read_rule(declared), previous and read_rule(previous))
    entry = service(rule, Policy(timeout, retries), record)
    entry["metadata"]["resourceVersion"] = "7"
    live = read_live_rule(entry)
    assert live.rule.same_as(read_rule(rule))
    assert live.record == record
    assert live.policy == Policy(timeout, retries)
    assert live.resource_version == "7"
