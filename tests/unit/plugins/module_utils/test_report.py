from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.model_plan import plan_model
from ansible_collections.tfserving.istio.plugins.module_utils._plan.owned import Change
from ansible_collections.tfserving.istio.plugins.module_utils._plan.step import Plan, Stage, Step
from ansible_collections.tfserving.istio.plugins.module_utils._report import HIDDEN, plan_text, step_result
from ansible_collections.tfserving.istio.tests.unit.support.cluster import Cluster
from ansible_collections.tfserving.istio.tests.unit.support.models import read

SECRET, TOKEN = "hunter2", "preview-token"
REFERENCE = {"valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}


def planned(before: dict[str, Any], after: dict[str, Any]) -> Plan:
    """What is planned when a model's keys change from the one to the other, with a second version that gets all traffic."""
    cluster = Cluster()
    cluster.run(plan_model(read("v1", **before), cluster.live(), "old-token"))
    return plan_model(read("v1", "v2", **after, traffic="v2:100"), cluster.live(), TOKEN)


def told(plan: Plan) -> str:
    return json.dumps([step_result(step) for step in plan.steps]) + plan_text([plan])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"env": {"A": SECRET}}),
        ({"env": {"A": SECRET}}, {}),
        ({"env": {"A": SECRET}}, {"env": {"A": f"{SECRET}-2"}}),
        ({"env": {"A": "x"}}, {"env": {"A": "x", "B": SECRET}}),
        ({"env": {"A": SECRET}}, {"env": {"A": REFERENCE}}),
        ({"env": {"A": REFERENCE}}, {"env": {"A": SECRET}}),
    ],
)
def test_values_of_the_environment_are_never_told(before: dict[str, Any], after: dict[str, Any]):
    plan = planned(before, after)
    assert any(".containers" in change.path for step in plan.steps for change in step.changes)
    assert SECRET not in told(plan)


def test_the_token_of_a_preview_is_never_told():
    plan = planned({}, {})
    assert TOKEN in json.dumps([step.object for step in plan.steps])
    assert TOKEN not in told(plan)


CONTAINERS = "spec.template.spec.containers"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{CONTAINERS}[mnist].env[A].value", SECRET),
        (f"{CONTAINERS}[mnist].env[A]", {"name": "A", "value": SECRET}),
        (f"{CONTAINERS}[mnist].env[0]", {"name": "A", "value": SECRET}),
        (f"{CONTAINERS}[mnist].env", [{"name": "A", "value": SECRET}]),
        (f"{CONTAINERS}[mnist]", {"name": "mnist", "env": [{"name": "A", "value": SECRET}]}),
        (CONTAINERS, [{"name": "mnist", "env": [{"name": "A", "value": SECRET}]}]),
        ("spec", {"template": {"spec": {"containers": [{"env": [{"name": "A", "value": SECRET}]}]}}}),
        ("", {"spec": {"template": {"spec": {"containers": [{"env": [{"name": "A", "value": SECRET}]}]}}}}),
        ("spec.http", [{"match": [{"headers": {"x-tfserving-preview": {"exact": SECRET}}}]}]),
    ],
)
def test_a_secret_is_hidden_however_much_of_the_object_changes(path: str, value: Any):
    step = Step(Stage.CREATE, "apply", "kubeflow/mnist", "", {}, (Change(path, None, value), Change(path, value, None)))
    result = json.dumps(step_result_of(step))
    assert SECRET not in result
    assert HIDDEN in result


def step_result_of(step: Step) -> dict[str, Any]:
    named = {"kind": "Deployment", "metadata": {"namespace": "kubeflow", "name": "mnist-v1"}}
    return step_result(Step(step.stage, step.action, step.model, step.reason, named, step.changes))


def test_a_reference_to_a_secret_is_no_secret():
    step = Step(Stage.CREATE, "apply", "kubeflow/mnist", "", {}, (Change("a.env[A].valueFrom", None, "mnist-secret"),))
    assert "mnist-secret" in json.dumps(step_result_of(step))


def test_a_plan_reads_as_a_list_of_what_is_done_and_why():
    text = plan_text([planned({}, {"timeout": 5})])
    first, *rest = text.splitlines()
    assert first == "kubeflow/mnist: v1:100 -> v2:100"
    assert rest[0].startswith("   1. apply    ")
    assert any("rule v1:100 -> v2:100" in line for line in rest)
    assert all(len(line) < 450 for line in rest)


def test_a_plan_without_steps_is_not_told():
    assert plan_text([Plan("kubeflow", "mnist", None, None)]) == ""
