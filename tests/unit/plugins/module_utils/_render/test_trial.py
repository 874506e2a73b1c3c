"""Routes beside the rule: what a step of a rollout has more than shares."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.live import read_live_rule
from ansible_collections.tfserving.istio.plugins.module_utils._render.rule import Policy, Record, rule_service
from ansible_collections.tfserving.istio.plugins.module_utils._render.trial import Cookie, Trial, asked
from ansible_collections.tfserving.istio.plugins.module_utils._report import brief
from ansible_collections.tfserving.istio.plugins.module_utils._spec.condition import CONDITION
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule

MATCH = tuple(CONDITION(one) for one in ({"header": "x-tier", "prefix": "beta"}, {"cookie": "b.c", "exact": "y*"}))
COOKIE = Cookie("variant", "0a1b-1700000000", 1.5)
V2 = {"host": "mnist-v2.kubeflow.svc.cluster.local", "port": {"number": 8500}}


def routes(rule: str, trial: Trial | None) -> dict[str, dict[str, Any]]:
    return {route["name"]: route for route in service(rule, trial)["spec"]["http"]}


def service(rule: str, trial: Trial | None) -> dict[str, Any]:
    return rule_service("mnist", "kubeflow", read_rule(rule), Policy(), Record(rollout="v2"), (), trial)


def test_copies_go_to_the_candidate_by_the_protocol_that_was_asked_by():
    found = routes("v1:90:v3:10", Trial("v2", mirror=12.5))
    assert list(found) == ["proof", "grpc", "rest"]
    assert found["rest"]["mirror"] == V2
    assert found["grpc"]["mirror"] == {**V2, "port": {"number": 9000}}
    assert found["rest"]["mirrorPercentage"] == found["grpc"]["mirrorPercentage"] == {"value": 12.5}
    assert [target["weight"] for target in found["rest"]["route"]] == [90, 10]


def test_callers_that_match_are_routed_before_the_shares():
    found = routes("v1:100", Trial("v2", match=MATCH))
    assert list(found) == ["proof", "match-grpc-v2", "match-rest-v2", "grpc", "rest"]
    grpc = {"content-type": {"prefix": "application/grpc"}}
    headers = [{"x-tier": {"prefix": "beta"}}, {"cookie": {"regex": r"(.*;\s*)?b\.c=y\*(;.*)?"}}]
    assert found["match-rest-v2"]["match"] == [{"headers": one} for one in headers]
    assert found["match-grpc-v2"]["match"] == [{"headers": {**one, **grpc}} for one in headers]
    assert found["match-rest-v2"]["route"] == [{"destination": V2, "weight": 100}]
    assert [target["destination"]["host"] for target in found["rest"]["route"]] == [V2["host"].replace("v2", "v1")]


def test_who_was_drawn_is_told_by_a_cookie_and_kept_by_it():
    found = routes("v1:60:v3:20:v2:20", Trial("v2", cookie=COOKIE))
    assert list(found)[1:] == [
        *(f"sticky-{p}-{v}" for v in ("v1", "v3", "v2") for p in ("grpc", "rest")),
        "grpc",
        "rest",
    ]
    for version, weight, target in zip(("v1", "v3", "v2"), (60, 20, 20), found["rest"]["route"], strict=True):
        given = {"response": {"add": {"set-cookie": f"variant={version}.0a1b-1700000000; Path=/; Max-Age=2"}}}
        assert target["weight"] == weight and target["headers"] == given
        (kept,) = found[f"sticky-rest-{version}"]["route"]
        assert kept == {**target, "weight": 100}, "every answer renews it"
        (match,) = found[f"sticky-rest-{version}"]["match"]
        cookie = given["response"]["add"]["set-cookie"].partition(";")[0]
        assert re.fullmatch(match["headers"]["cookie"]["regex"], f"a=1; {cookie}; b=2")


@pytest.mark.parametrize(
    ("cookies", "matches"),
    [
        ("a=1", True),
        ("b=2; a=1", True),
        ("b=2;a=1;c=3", True),
        ("a=12", False),
        ("a=", False),
        ("ba=1", False),
        ("b=2; ba=1", False),
        ("b=a=1", False),
        ("A=1", False),
    ],
)
def test_a_cookie_is_found_among_others_and_no_other_one(cookies: str, matches: bool):
    regex = asked(CONDITION({"cookie": "a", "exact": "1"}))["cookie"]["regex"]
    assert bool(re.fullmatch(regex, cookies)) == matches


def test_a_prefix_of_a_cookie_ends_with_the_cookie():
    regex = asked(CONDITION({"cookie": "a", "prefix": "1"}))["cookie"]["regex"]
    assert re.fullmatch(regex, "a=123; b=2") and not re.fullmatch(regex, "a=2; b=1")


@pytest.mark.parametrize("trial", [Trial("v2", mirror=10), Trial("v2", match=MATCH), Trial("v2", cookie=COOKIE), None])
def test_the_rule_is_read_as_it_is_and_the_beacon_tells_what_is_beside_it(trial: Trial | None):
    entry = service("v1:70:v3:30", trial)
    entry["metadata"]["resourceVersion"] = "7"
    live = read_live_rule(entry)
    assert str(live.rule) == "v1:70:v3:30" and live.previews == () and live.policy == Policy()
    plain = service("v1:70:v3:30", None)
    assert (entry["spec"]["http"][0] == plain["spec"]["http"][0]) == (trial is None)


def test_a_report_names_the_copies():
    told = brief("spec.http", service("v1:100", Trial("v2", mirror=10))["spec"]["http"])
    assert "rest: mnist-v1 100, copies of 10 percent to mnist-v2, 2 retries" in told
