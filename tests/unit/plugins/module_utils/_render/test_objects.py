"""The smaller kinds: Services, scaling, DestinationRules, configuration files and values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from ansible_collections.tfserving.istio.plugins.module_utils._render.deployment import deployment
from ansible_collections.tfserving.istio.plugins.module_utils._render.destination import destination_rule
from ansible_collections.tfserving.istio.plugins.module_utils._render.meta import digest, duration, present
from ansible_collections.tfserving.istio.plugins.module_utils._render.model import render
from ansible_collections.tfserving.istio.plugins.module_utils._render.routes import gateway_service
from ansible_collections.tfserving.istio.plugins.module_utils._render.scaling import autoscaler, disruption_budget
from ansible_collections.tfserving.istio.plugins.module_utils._render.server_config import files, flags
from ansible_collections.tfserving.istio.plugins.module_utils._render.service import model_service, version_service
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import read_model
from ansible_collections.tfserving.istio.tests.unit.support.models import models, read


def first(render_one: Any, **keys: Any) -> Any:
    model = read("v1", **keys)
    return render_one(model, model.versions[0])


@given(models())
def test_every_object_is_named_once_and_carries_the_collections_labels(given: dict[str, Any]):
    model = read_model(given)
    objects = render(model, model.traffic)
    keys = [(entry["kind"], entry["metadata"]["name"]) for entry in objects]
    assert len(set(keys)) == len(keys)
    for entry in objects:
        assert entry["metadata"]["namespace"] == model.namespace
        assert entry["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "tfserving.istio"
        assert entry["metadata"]["labels"]["app"] == model.name


def test_the_delegate_is_rendered_before_what_delegates_to_it():
    names = [entry["metadata"]["name"] for entry in render(read("v1"), read("v1", traffic="v1:100").traffic)]
    assert names.index("mnist-rule") < names.index("mnist-mesh")
    assert names[-3:] == ["mnist-rule", "mnist", "mnist-mesh"]


def test_services_have_kubeflows_ports_and_names():
    ports = [(port["name"], port["port"]) for port in first(version_service)["spec"]["ports"]]
    assert ports == [("grpc-tf-serving", 9000), ("http-tf-serving", 8500)]
    assert model_service(read("v1", service_type="NodePort"), "v1")["spec"]["type"] == "NodePort"


def test_no_pod_leaves_before_its_successor_is_ready():
    spec = first(deployment, replicas=3)["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["replicas"] == 3
    assert spec["selector"]["matchLabels"] == {"app": "mnist", "version": "v1"}


def test_an_autoscaler_decides_the_number_of_pods():
    assert "replicas" not in first(deployment, autoscale={"max": 3})["spec"]
    assert first(autoscaler) is None


@pytest.mark.parametrize(
    ("targets", "metrics"),
    [({}, {"cpu": 80}), ({"memory": 70}, {"memory": 70}), ({"cpu": 5, "memory": 6}, {"cpu": 5, "memory": 6})],
)
def test_what_an_autoscaler_aims_at(targets: dict[str, int], metrics: dict[str, int]):
    spec = first(autoscaler, autoscale={"max": 3, **targets})["spec"]
    found = {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in spec["metrics"]}
    assert found == metrics


def test_a_disruption_budget_has_one_limit():
    assert first(disruption_budget) is None
    spec = first(disruption_budget, pod_disruption_budget={"max_unavailable": 0})["spec"]
    assert (spec["maxUnavailable"], "minAvailable" in spec) == (0, False)


def test_slow_start_is_there_only_where_it_is_wanted():
    def balancer(**keys: Any) -> dict[str, Any]:
        return first(destination_rule, **keys)["spec"]["trafficPolicy"]["loadBalancer"]

    assert balancer() == {"simple": "LEAST_REQUEST"}
    assert balancer(warmup="90s")["warmup"] == {
        "duration": "90s",
        "minimumPercent": 10,
        "aggression": 1,
    }


def test_batching_parameters_are_in_their_text_form():
    text = first(
        files, batching={"max_batch_size": 8, "allowed_batch_sizes": [4, 8], "pad_variable_length_inputs": True}
    )
    assert text["batching.config"] == (
        "max_batch_size { value: 8 }\nallowed_batch_sizes: 4\nallowed_batch_sizes: 8\npad_variable_length_inputs: true\n"
    )
    assert "--enable_batching=true" in first(flags, batching=True)


def test_a_pinned_models_file():
    assert first(files)["models.config"].splitlines() == [
        "model_config_list {",
        "  config {",
        '    name: "mnist"',
        '    base_path: "gs://models/mnist/v1"',
        '    model_platform: "tensorflow"',
        "    model_version_policy { specific { versions: 1 } }",
        "  }",
        "}",
    ]


def test_a_model_of_the_mesh_only_has_no_route_at_a_gateway():
    assert gateway_service(read("v1", gateway="mesh")) is None


def test_grpc_through_the_gateway_says_its_model_in_a_header():
    last = gateway_service(read("v1", model_name="MNIST"))["spec"]["http"][-1]
    assert last["match"] == [
        {"uri": {"prefix": "/tensorflow.serving."}, "headers": {"x-tfserving-model": {"exact": "MNIST"}}}
    ]


def test_durations_as_istio_writes_them():
    assert [duration(seconds) for seconds in (30, 0.25, 0.001, 100, 1.5)] == ["30s", "0.25s", "0.001s", "100s", "1.5s"]


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 2, "b": 1})


def test_what_is_empty_is_left_out_and_what_is_false_or_zero_is_not():
    assert present({"a": None, "b": "", "c": [], "d": {}, "e": (), "f": 0, "g": False}) == {"f": 0, "g": False}
