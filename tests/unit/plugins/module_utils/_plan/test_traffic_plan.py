from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.decide import moved
from ansible_collections.tfserving.istio.plugins.module_utils._plan.guard import refuse_in_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._plan.model_plan import plan_model
from ansible_collections.tfserving.istio.plugins.module_utils._plan.step import Stage, Step
from ansible_collections.tfserving.istio.plugins.module_utils._plan.traffic_plan import select_step, shift_steps
from ansible_collections.tfserving.istio.plugins.module_utils._render.rule import DECLARED, Record, rule_service
from ansible_collections.tfserving.istio.plugins.module_utils._render.service import model_service
from ansible_collections.tfserving.istio.plugins.module_utils._render.trial import Trial
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.cluster import Cluster
from ansible_collections.tfserving.istio.tests.unit.support.models import read

VERSIONS = ("v1", "v2", "v3")


def deployed(rule: str) -> Cluster:
    cluster = Cluster()
    cluster.run(plan_model(read(*VERSIONS, traffic=rule), cluster.live(), "secret"))
    return cluster


def steps(cluster: Cluster, rule: str, undo: bool = False) -> list[Step]:
    live = cluster.live()
    assert live.rule is not None
    wanted, record = moved(live.rule, read_rule(rule))
    return list(shift_steps(live, wanted, live.rule.policy, record, "secret", undo))


def stages(found: list[Step]) -> list[Stage]:
    return [step.stage for step in found]


def test_a_version_that_gets_its_first_share_answers_before_the_shift():
    found = steps(deployed("v1:100"), "v1:90:v2:10")
    assert stages(found) == [Stage.PREVIEW, Stage.ANSWER, Stage.SHIFT, Stage.PROVE]
    assert found[1].version == "v2"


def test_versions_that_have_a_share_need_no_preview():
    assert stages(steps(deployed("v1:90:v2:10"), "v1:10:v2:90")) == [Stage.SHIFT, Stage.PROVE]


def test_a_version_that_is_named_with_0_percent_needs_no_preview():
    assert stages(steps(deployed("v1:90:v2:10"), "v1:50:v2:50:v3:0")) == [Stage.SHIFT, Stage.PROVE]


def test_an_undo_writes_at_once_and_waits_for_nothing():
    assert stages(steps(deployed("v1:100"), "v2:100", undo=True)) == [Stage.SHIFT]


def test_the_rule_that_is_live_needs_no_step():
    assert steps(deployed("v1:90:v2:10"), "v2:10:v1:90:v3:0") == []


def test_every_write_of_the_rule_is_under_the_version_that_was_read():
    cluster = deployed("v1:100")
    live = cluster.live().rule
    assert live is not None
    writes = [step for step in steps(cluster, "v1:90:v2:10") if step.object]
    assert [step.resource_version for step in writes] == [live.resource_version] * 2


def test_the_hidden_route_leaves_the_rule_and_its_record_as_they_are():
    cluster = deployed("v1:100")
    before = cluster.objects["VirtualService", "mnist-rule"]
    hidden, shift = (step.target_object for step in steps(cluster, "v1:90:v2:10:v3:0") if step.object)
    assert hidden["spec"]["http"][-1] == before["spec"]["http"][-1]
    assert hidden["metadata"]["annotations"] == before["metadata"]["annotations"] != shift["metadata"]["annotations"]
    assert DECLARED in hidden["metadata"]["annotations"]


def test_every_preview_has_a_secret_of_its_own():
    hidden = next(step.target_object for step in steps(deployed("v1:100"), "v1:80:v2:10:v3:10") if step.object)
    tokens = {
        match["headers"]["x-tfserving-preview"]["exact"]
        for route in hidden["spec"]["http"]
        for match in route.get("match", ())
        if "x-tfserving-preview" in match.get("headers", {})
    }
    assert tokens == {"secret-v2", "secret-v3"}


def test_a_write_says_what_moves_only_where_something_moves():
    assert [step.reason for step in steps(deployed("v1:90:v2:10"), "v1:50:v2:50") if step.stage is Stage.SHIFT] == [
        "rule v1:90:v2:10 -> v1:50:v2:50"
    ]


def test_on_a_tie_the_service_stays_where_it_is():
    cluster = deployed("v1:10:v2:90")
    model = read(*VERSIONS)
    live = cluster.live()
    assert list(select_step(live, read_rule("v1:50:v2:50"), lambda name: model_service(model, name))) == []
    (step,) = select_step(live, read_rule("v1:51:v2:49"), lambda name: model_service(model, name))
    assert step.reason == "selects v1, which has the largest share, in place of v2"


def test_what_a_rollout_has_beside_the_rule_is_no_difference():
    cluster = deployed("v1:100")
    live = cluster.live().rule
    assert live is not None
    record = Record(live.record.declared, live.rule, "v2")
    mirrored = rule_service("mnist", "kubeflow", live.rule, live.policy, record, (), Trial("v2", mirror=10))
    cluster.run(plan_model(read(*VERSIONS), cluster.live(), "secret"), [Step(Stage.SHIFT, "apply", "", "", mirrored)])
    assert plan_model(read(*VERSIONS, traffic="v1:100"), cluster.live(), "secret").steps == ()
    with pytest.raises(SpecError, match=r"a rollout to v2 is under way, .*VirtualService kubeflow/mnist-rule"):
        refuse_in_rollout(cluster.live(), plan_model(read(*VERSIONS, timeout=3), cluster.live(), "secret"))
    with pytest.raises(SpecError, match=r"a rollout to v2 is under way, .*VirtualService kubeflow/mnist-rule"):
        refuse_in_rollout(cluster.live(), plan_model(read(*VERSIONS, traffic="v1:90:v2:10"), cluster.live(), "secret"))
