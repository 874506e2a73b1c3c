from __future__ import annotations

from ansible_collections.tfserving.istio.plugins.module_utils._plan.model_plan import plan_model
from ansible_collections.tfserving.istio.plugins.module_utils._plan.removal_plan import plan_removal
from ansible_collections.tfserving.istio.plugins.module_utils._plan.step import Stage
from ansible_collections.tfserving.istio.tests.unit.support.cluster import Cluster
from ansible_collections.tfserving.istio.tests.unit.support.models import read


def deployed(*versions: str) -> Cluster:
    cluster = Cluster()
    cluster.run(plan_model(read(*versions, traffic={versions[0]: 100}), cluster.live(), "secret"))
    return cluster


def test_routes_go_first_the_roots_before_what_they_delegate_to():
    plan = plan_removal(deployed("v1").live())
    routes = [step.object["metadata"]["name"] for step in plan.steps if step.stage is Stage.UNROUTE]
    assert routes == ["mnist", "mnist-mesh", "mnist-rule"]
    assert [step.stage for step in plan.steps] == sorted(step.stage for step in plan.steps)


def test_every_version_is_silent_before_it_goes():
    plan = plan_removal(deployed("v1", "v2").live())
    assert [step.version for step in plan.steps if step.action == "quiet"] == ["v1", "v2"]


def test_nothing_is_left_and_a_second_run_has_nothing_to_do():
    cluster = deployed("v1", "v2")
    cluster.run(plan_removal(cluster.live()))
    assert cluster.objects == {}
    assert plan_removal(cluster.live()).steps == ()


def test_a_run_killed_when_the_routes_were_gone_still_waits_for_silence():
    cluster = deployed("v1")
    steps = plan_removal(cluster.live()).steps
    cluster.run(plan_removal(cluster.live()), [step for step in steps if step.stage is Stage.UNROUTE])
    assert [step.version for step in plan_removal(cluster.live()).steps if step.action == "quiet"] == ["v1"]


def test_a_virtual_service_of_ours_with_another_name_goes_too():
    cluster = deployed("v1")
    stray = cluster.objects["VirtualService", "mnist-mesh"]
    cluster.objects["VirtualService", "copy"] = {**stray, "metadata": {**stray["metadata"], "name": "copy"}}
    gone = [
        step.object["metadata"]["name"] for step in plan_removal(cluster.live()).steps if step.stage is Stage.UNROUTE
    ]
    assert "copy" in gone
