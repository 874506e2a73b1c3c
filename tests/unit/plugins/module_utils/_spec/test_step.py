from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import read_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._spec.step import SHORT, STEP

TESTERS = {"match": [{"header": "x-tester", "exact": "yes"}, {"cookie": "beta", "exact": "1"}]}
KEPT = {"weight": 20, "sticky": "variant"}


def plan(**given: Any) -> Any:
    return read_rollout({"name": "mnist", "candidate": "v2", **given})


def errors(**given: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        plan(**given)
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    ("step", "told", "tenths", "burden"),
    [
        (5, "5 percent", 50, 50),
        ({"mirror": 12.5}, "copies of 12.5 percent", 0, 125),
        (TESTERS, "callers with header x-tester = yes or cookie beta = 1", 0, 1000),
        (KEPT, "20 percent of the callers, by cookie variant", 200, 200),
    ],
)
def test_what_the_candidate_gets(step: Any, told: str, tenths: int, burden: int):
    read = STEP(step)
    assert (str(read), read.tenths, read.burden, read.plain) == (told, tenths, burden, step == 5)


@pytest.mark.parametrize("strategy", SHORT)
def test_the_short_form_of_a_strategy_is_one_of_its_plans(strategy: str):
    assert [step.tenths for step in plan(strategy=strategy).steps][-1] == 1000


@pytest.mark.parametrize(
    ("strategy", "steps"),
    [
        ("mirror", [{"mirror": 10, "hold": "1m"}, {"mirror": 10, "pause": True}, {"mirror": 100}, 5, 100]),
        ("ab", [TESTERS, 100]),
        ("ab", [KEPT, {"weight": 50, "sticky": "variant"}, 100]),
        ("ab", [TESTERS, KEPT, 100]),
    ],
)
def test_a_plan_that_was_kept_is_read_as_the_same_plan(strategy: str, steps: list[Any]):
    read = plan(strategy=strategy, steps=steps)
    assert read_rollout(read.to_json()) == read


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({}, "steps[0].weight: is required, or mirror or match: what the candidate is to get"),
        ({"hold": 3}, "steps[0].weight: is required, or mirror or match: what the candidate is to get"),
        (
            {"mirror": 50, "weight": 5},
            "steps[0].mirror: goes with no weight: a step is one of weight, mirror and match",
        ),
        ({**TESTERS, "mirror": 5}, "steps[0].match: goes with no mirror: a step is one of weight, mirror and match"),
        ({"mirror": 0}, "steps[0].mirror: 0 is not a share of the requests: a percent from 0.1 to 100"),
        ({"mirror": 101}, "steps[0].mirror: 101 is not a share of the requests"),
        ({"weight": 0}, "steps[0].weight: 0 is not a weight: a percent from 0.1 to 100 with one decimal at most"),
        (
            {"mirror": 5, "sticky": "a"},
            "steps[0].sticky: goes with a weight: it keeps the callers that are drawn by it",
        ),
        ({"weight": 5, "sticky": "a b"}, "steps[0].sticky: 'a b' is not the name of a cookie"),
        ({"match": []}, "steps[0].match: is empty, at least 1 is needed"),
        ({"match": [{"header": "a"}]}, "steps[0].match[0].exact: is required, or prefix or regex: one of them"),
        ({"miror": 5}, "steps[0].miror: unknown key; did you mean mirror?"),
    ],
)
def test_what_is_wrong_with_a_step(step: dict[str, Any], message: str):
    assert any(line.startswith(message) for line in errors(strategy="mirror", steps=[step, 100]))


@pytest.mark.parametrize(
    ("strategy", "steps", "message"),
    [
        ("canary", [50, 20, 100], "steps: the weights 50, 20, 100 do not rise; write them from the smallest to 100"),
        ("canary", [50], "steps: the weights 50 do not end at 100; add 100 as the last step"),
        ("canary", [{"mirror": 5}, 100], "steps[0].mirror: is of the strategy mirror, and this is canary"),
        ("canary", [TESTERS, 100], "steps[0].match: is of the strategy ab, and this is canary"),
        ("mirror", [{"mirror": 5}, KEPT, 100], "steps[1].sticky: is of the strategy ab, and this is mirror"),
        ("blue_green", [50, 100], "steps: a blue-green rollout has one step, of weight 100"),
        ("mirror", [5, 100], "steps: a rollout that mirrors first has a step with mirror: {mirror: 100}"),
        ("mirror", [{"mirror": 5}], "steps: no step has a weight; add 100 as the last step"),
        (
            "mirror",
            [5, {"mirror": 5}, 100],
            "steps[1]: copies of 5 percent come before the weights: once it has a share, it does not lose it again",
        ),
        (
            "mirror",
            [{"mirror": 50}, {"mirror": 5}, 100],
            "steps: the percents 50, 5 that are mirrored fall; write them from the smallest on",
        ),
        (
            "ab",
            None,
            "steps: an A/B test has to be told who gets the candidate: give a step with match, or with weight",
        ),
        (
            "ab",
            [100],
            "steps: an A/B test has to be told who gets the candidate: give a step with match, or with weight",
        ),
        (
            "ab",
            [TESTERS, 20, 100],
            "steps[1]: 20 percent at random is no A/B test; give it sticky, the name of a cookie",
        ),
        (
            "ab",
            [{"weight": 100, "sticky": "a"}],
            "steps[0].sticky: is for a part of the callers; the last step is for all",
        ),
    ],
)
def test_what_is_wrong_with_the_steps_of_a_strategy(strategy: str, steps: Any, message: str):
    (found,) = errors(strategy=strategy, steps=steps)
    assert found.startswith(message)
