from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._plan.model_plan import plan_model
from ansible_collections.tfserving.istio.plugins.module_utils._plan.step import Plan, Stage
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.tests.unit.support.cluster import Cluster
from ansible_collections.tfserving.istio.tests.unit.support.models import read


def run(cluster: Cluster, *versions: str, purge: bool = False, wait: bool = True, **keys: Any) -> Plan:
    """Deploy the versions and return the plan that did it."""
    plan = planned(cluster, *versions, purge=purge, wait=wait, **keys)
    cluster.run(plan)
    return plan


def planned(cluster: Cluster, *versions: str, purge: bool = False, wait: bool = True, **keys: Any) -> Plan:
    return plan_model(read(*versions, **keys), cluster.live(), "secret", purge, wait)


def actions(plan: Plan, stage: Stage) -> list[str]:
    return [f"{step.action} {step.target}" for step in plan.steps if step.stage is stage]


def test_a_first_deployment_of_one_version_gets_all_traffic():
    plan = run(Cluster(), "v1")
    assert (plan.before, str(plan.after)) == (None, "v1:100")


def test_a_first_deployment_of_several_versions_without_a_rule_is_an_error_that_says_what_to_write():
    with pytest.raises(SpecError, match=r'needs traffic, for example "v1:100:v2:0"'):
        planned(Cluster(), "v1", "v2")


def test_steps_come_in_the_order_of_their_stages():
    cluster = Cluster()
    run(cluster, "v1")
    plan = run(cluster, "v2", traffic="v2:100", purge=True)
    stages = [step.stage for step in plan.steps]
    assert stages == sorted(stages)
    order = ["CREATE", "READY", "PREVIEW", "ANSWER", "SHIFT", "SELECT", "PROVE", "QUIET", "REMOVE"]
    assert list(dict.fromkeys(stage.name for stage in stages)) == order


def test_a_new_version_without_a_rule_is_deployed_at_0_percent():
    cluster = Cluster()
    run(cluster, "v1")
    plan = run(cluster, "v1", "v2")
    assert str(plan.after) == "v1:100"
    assert not actions(plan, Stage.SHIFT)
    assert not actions(plan, Stage.SELECT)


def test_a_version_that_the_list_omits_is_kept():
    cluster = Cluster()
    run(cluster, "v1", "v2", traffic="v1:100:v2:0")
    run(cluster, "v1")
    assert ("Deployment", "mnist-v2") in cluster.objects


def test_purge_keeps_a_version_that_has_traffic_and_says_so():
    cluster = Cluster()
    run(cluster, "v1", "v2", traffic="v1:90:v2:10")
    plan = run(cluster, "v1", purge=True)
    assert ("Deployment", "mnist-v2") in cluster.objects
    assert any("v2 is not removed, it has 10 percent" in warning for warning in plan.warnings)


def test_a_killed_purge_goes_on_when_the_deployment_is_gone_and_the_rest_is_not():
    cluster = Cluster()
    run(cluster, "v1", "v2", traffic="v1:100:v2:0")
    plan = planned(cluster, "v1", purge=True)
    cluster.run(plan, [s for s in plan.steps if s.action == "quiet" or s.target == "Deployment kubeflow/mnist-v2"])
    run(cluster, "v1", purge=True)
    assert [key for key in cluster.objects if key[1] == "mnist-v2"] == []


def test_a_purge_whose_rule_names_what_was_purged_can_run_again():
    cluster = Cluster()
    run(cluster, "v1", "v2", traffic="v1:100")
    run(cluster, "v1", traffic="v1:100:v2:0", purge=True)
    assert not planned(cluster, "v1", traffic="v1:100:v2:0", purge=True).changed


def test_without_wait_routes_are_written_only_where_none_stood():
    cluster = Cluster()
    first = planned(cluster, "v1", wait=False)
    assert actions(first, Stage.SHIFT) == ["apply VirtualService kubeflow/mnist-rule"]
    run(cluster, "v1")
    second = planned(cluster, "v1", "v2", traffic="v2:100", wait=False)
    assert not actions(second, Stage.SHIFT)
    assert "wait is false" in second.warnings[-1]


def test_a_version_without_replicas_gets_no_share():
    with pytest.raises(SpecError, match="version v1 has 0 replicas and 100 percent"):
        planned(Cluster(), "v1", replicas=0)


def test_a_live_version_without_replicas_that_the_list_omits_gets_no_share():
    cluster = Cluster()
    run(cluster, "v1")
    run(cluster, "v2", replicas=0)
    with pytest.raises(SpecError, match="v2 has 0 replicas"):
        planned(cluster, "v1", traffic="v2:100")


def test_an_autoscaled_number_of_replicas_is_left_alone():
    cluster = Cluster()
    run(cluster, "v1", autoscale={"max": 5})
    cluster.autoscale("v1", 4)
    assert not planned(cluster, "v1", autoscale={"max": 5}).changed


def test_a_fixed_number_of_replicas_stays_when_an_autoscaler_takes_over():
    cluster = Cluster()
    run(cluster, "v1", replicas=3)
    run(cluster, "v1", autoscale={"max": 5})
    assert cluster.objects["Deployment", "mnist-v1"]["spec"]["replicas"] == 3
    assert not planned(cluster, "v1", autoscale={"max": 5}).changed


def test_giving_up_an_autoscaler_for_a_fixed_number_takes_one_run():
    cluster = Cluster()
    run(cluster, "v1", autoscale={"max": 5})
    cluster.autoscale("v1", 4)
    run(cluster, "v1", replicas=3)
    assert ("HorizontalPodAutoscaler", "mnist-v1") not in cluster.objects
    assert not planned(cluster, "v1", replicas=3).changed
    assert cluster.objects["Deployment", "mnist-v1"]["spec"]["replicas"] == 3


def test_a_run_killed_when_the_autoscaler_was_gone_takes_its_number_back_too():
    cluster = Cluster()
    run(cluster, "v1", autoscale={"max": 5})
    cluster.autoscale("v1", 4)
    first = planned(cluster, "v1", replicas=3)
    cluster.run(first, [step for step in first.steps if step.action == "delete"])
    assert ("HorizontalPodAutoscaler", "mnist-v1") not in cluster.objects
    run(cluster, "v1", replicas=3)
    assert cluster.objects["Deployment", "mnist-v1"]["spec"]["replicas"] == 3


def test_the_number_of_an_autoscaler_of_somebody_else_is_left_alone():
    cluster = Cluster()
    run(cluster, "v1", autoscale={"max": 5})
    cluster.autoscale("v1", 4)
    scaler = cluster.objects["HorizontalPodAutoscaler", "mnist-v1"]
    cluster.objects["HorizontalPodAutoscaler", "theirs"] = {
        **scaler,
        "metadata": {**scaler["metadata"], "name": "theirs", "namespace": "kubeflow", "labels": {}},
    }
    del cluster.objects["HorizontalPodAutoscaler", "mnist-v1"]
    assert not planned(cluster, "v1", replicas=3).changed


def test_a_number_that_a_person_wrote_is_not_taken_by_force():
    cluster = Cluster()
    run(cluster, "v1", autoscale={"max": 5})
    cluster.autoscale("v1", 4)
    cluster.objects["Deployment", "mnist-v1"]["metadata"]["managedFields"][1]["manager"] = "kubectl"
    del cluster.objects["HorizontalPodAutoscaler", "mnist-v1"]
    assert [step.force for step in planned(cluster, "v1", replicas=3).steps if step.object] == [False]


def test_an_autoscaler_begins_with_a_pod_where_there_was_none():
    """Kubernetes switches an autoscaler off while its Deployment is scaled to 0."""
    cluster = Cluster()
    run(cluster, "v1")
    run(cluster, "v2", replicas=0)
    run(cluster, "v2", autoscale={"max": 5})
    assert cluster.objects["Deployment", "mnist-v2"]["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({"autoscale": {"max": 3}}, "HorizontalPodAutoscaler"),
        ({"pod_disruption_budget": {"min_available": 1}}, "PodDisruptionBudget"),
    ],
)
def test_what_a_version_asks_for_no_more_goes(keys: dict[str, Any], kind: str):
    cluster = Cluster()
    run(cluster, "v1", **keys)
    run(cluster, "v1")
    assert (kind, "mnist-v1") not in cluster.objects


def test_the_route_of_a_gateway_that_is_given_up_goes_before_anything_else_is_removed():
    cluster = Cluster()
    run(cluster, "v1")
    plan = run(cluster, "v1", gateway="mesh")
    assert actions(plan, Stage.UNROUTE) == ["delete VirtualService kubeflow/mnist"]


def test_an_object_of_somebody_else_is_refused():
    cluster = Cluster()
    run(cluster, "v1")
    live = cluster.objects["Service", "mnist"]
    cluster.objects["Service", "mnist"] = {**live, "metadata": {**live["metadata"], "labels": {}}}
    with pytest.raises(SpecError, match="Service mnist exists and was not created by this collection"):
        cluster_live = cluster.live()
        plan_model(read("v1"), cluster_live, "secret")


def test_an_object_of_another_model_is_refused():
    cluster = Cluster()
    run(cluster, "v1")
    live = cluster.objects["Service", "mnist"]
    labels = {**live["metadata"]["labels"], "app": "other"}
    cluster.objects["Service", "mnist"] = {**live, "metadata": {**live["metadata"], "labels": labels}}
    with pytest.raises(SpecError, match="Service mnist belongs to model other"):
        plan_model(read("v1"), cluster.live(), "secret")


def test_a_version_whose_deployment_never_became_ready_is_waited_for_again():
    cluster = Cluster()
    plan = planned(cluster, "v1")
    cluster.run(plan, [step for step in plan.steps if step.stage is Stage.CREATE])
    assert [step.version for step in planned(cluster, "v1").steps if step.stage is Stage.READY] == ["v1"]


def test_an_update_that_was_killed_before_it_was_ready_is_waited_for_again():
    cluster = Cluster()
    run(cluster, "v1")
    plan = planned(cluster, "v1", env={"LEVEL": "2"})
    cluster.run(plan, [step for step in plan.steps if step.stage is Stage.CREATE])
    live = cluster.objects["Deployment", "mnist-v1"]
    unready = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}
    cluster.objects["Deployment", "mnist-v1"] = {
        **live,
        "metadata": {**live["metadata"], "generation": 2},
        "status": {**unready, "unavailableReplicas": 1},
    }
    again = planned(cluster, "v1", env={"LEVEL": "2"})
    assert [step.version for step in again.steps if step.stage is Stage.READY] == ["v1"]


def test_an_object_with_our_label_that_was_never_applied_is_applied_as_a_whole():
    cluster = Cluster()
    run(cluster, "v1")
    live = cluster.objects["Service", "mnist-v1"]
    cluster.objects["Service", "mnist-v1"] = {**live, "metadata": {**live["metadata"], "managedFields": []}}
    (step,) = (step for step in planned(cluster, "v1").steps if step.object)
    assert (step.target, step.reason) == ("Service kubeflow/mnist-v1", "everything differs")


def test_a_first_route_at_a_gateway_is_proved():
    cluster = Cluster()
    assert actions(run(cluster, "v1"), Stage.PROVE) == ["prove kubeflow/mnist"]
    assert not actions(run(cluster, "v1"), Stage.PROVE), "nothing was written"


def test_a_model_that_is_reached_in_another_way_is_proved():
    cluster = Cluster()
    run(cluster, "v1")
    plan = run(cluster, "v1", hosts=["mnist.example.com"])
    assert not actions(plan, Stage.SHIFT)
    assert actions(plan, Stage.PROVE) == ["prove kubeflow/mnist"]


@pytest.mark.parametrize("keys", [{"wait": False}, {"gateway": "mesh"}])
def test_nothing_is_proved_without_waiting_or_a_gateway(keys: dict[str, Any]):
    assert not actions(planned(Cluster(), "v1", **keys), Stage.PROVE)
