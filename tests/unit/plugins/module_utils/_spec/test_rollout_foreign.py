"""A rollout in a VirtualService of somebody else's, as it is written."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import Rollout, read_rollout

FOREIGN = {"name": "mnist", "candidate": "v2", "manage": "weights", "virtual_service": "mnist-routes"}


def read(**more: Any) -> Rollout:
    return read_rollout({**FOREIGN, **more})


def test_the_candidate_is_a_destination_with_or_without_the_models_name():
    assert read(candidate="mnist-v2").candidate == read().candidate == "v2"
    assert read(candidate="blue").candidate == "blue"
    own = read_rollout({"name": "mnist", "candidate": "mnist-v2"})
    assert own.candidate == "mnist-v2", "a version of this collection may be called so"


def test_the_plan_says_what_it_moves_and_is_read_again():
    assert read().moves == "mnist-routes" and read_rollout({"name": "mnist", "candidate": "v2"}).moves == "mnist-rule"
    plan = read(route="predictions")
    assert read_rollout(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"virtual_service": None}, "virtual_service: is required by manage: weights"),
        ({"manage": "rule"}, "virtual_service: goes with manage: weights"),
        ({"manage": None, "virtual_service": None, "route": "r"}, "route: goes with manage: weights"),
        ({"manage": "weight"}, "manage: 'weight' is not one of rule, weights"),
        ({"virtual_service": "A b"}, "virtual_service: 'A b' is not the name of a Kubernetes object"),
        ({"strategy": "mirror"}, "strategy: mirror needs routes of its own, and manage: weights writes none"),
        ({"strategy": "ab", "steps": [{"match": [{"header": "x", "exact": "y"}]}, 100]}, "strategy: ab needs routes"),
        ({"keep_candidate": False}, "keep_candidate: false would scale a workload of somebody else's"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], says: str):
    with pytest.raises(SpecError) as error:
        read(**given)
    assert str(error.value).startswith(says)
