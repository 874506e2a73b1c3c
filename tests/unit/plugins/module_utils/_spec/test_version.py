from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.version import RESERVED_LABELS, read_version

V1 = {"name": "v1", "base_path": "/models/mnist"}


def errors(**keys: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        read_version({**V1, **keys}, {})
    return str(error.value).splitlines()


def test_the_image_follows_the_gpus():
    assert read_version(V1, {}).server_image == "tensorflow/serving:2.20.0"
    assert read_version({**V1, "gpus": 1}, {}).server_image == "tensorflow/serving:2.20.0-gpu"
    assert read_version({**V1, "gpus": 1, "image": "mine"}, {}).server_image == "mine"


def test_an_autoscaler_decides_the_number_of_pods_alone():
    assert errors(autoscale={"max": 2}, replicas=1) == [
        "replicas: cannot be given together with autoscale, which decides the number"
    ]


def test_an_autoscalers_bounds():
    assert errors(autoscale={"min": 3, "max": 2}) == ["autoscale: min 3 is more than max 2"]


@pytest.mark.parametrize("budget", [{}, {"min_available": 1, "max_unavailable": 1}])
def test_a_disruption_budget_has_one_of_its_two_keys(budget: dict[str, int]):
    assert errors(pod_disruption_budget=budget) == [
        "pod_disruption_budget: give either min_available or max_unavailable"
    ]


@pytest.mark.parametrize("label", RESERVED_LABELS)
def test_labels_that_the_collection_needs_are_not_to_be_set(label: str):
    assert errors(pod_labels={label: "x"}) == [f"pod_labels.{label}: is set by the collection"]


def test_two_volumes_of_one_name():
    volume = {"name": "a", "mount_path": "/a", "source": {"emptyDir": {}}}
    assert errors(volumes=[volume, {**volume, "mount_path": "/b"}]) == [
        "volumes: a is taken twice, or by the collection itself"
    ]


def test_two_volumes_at_one_place():
    volume = {"name": "a", "mount_path": "/a", "source": {"emptyDir": {}}}
    assert "/a" in errors(volumes=[volume, {**volume, "name": "b"}])[0]


@pytest.mark.parametrize("name", ["tfserving-config", "gcp-credentials"])
def test_a_volume_of_a_name_that_the_collection_uses(name: str):
    volume = {"name": name, "mount_path": "/a", "source": {"emptyDir": {}}}
    assert name in errors(volumes=[volume], gcp={"secret": "s"})[0]


def test_a_default_request_is_no_more_than_a_lower_limit():
    resources = read_version({**V1, "resources": {"limits": {"cpu": "2", "memory": "512Mi"}}}, {}).resources
    assert resources.requests == {"cpu": "1", "memory": "512Mi"}
    assert resources.limits == {"cpu": "2", "memory": "512Mi"}


@pytest.mark.parametrize(("request_", "limit"), [("1Gi", "512Mi"), ("1.1", "1000m"), ("1025", "1Ki")])
def test_a_request_above_its_limit(request_: str, limit: str):
    assert errors(resources={"requests": {"memory": request_}, "limits": {"memory": limit}}) == [
        f"resources.requests.memory: the request {request_} is above the limit {limit}"
    ]


def test_a_request_of_its_limit_in_another_unit():
    resources = {"requests": {"cpu": "1000m"}, "limits": {"cpu": "1"}}
    assert read_version({**V1, "resources": resources}, {}).resources.requests == {"cpu": "1000m"}


def test_a_version_is_read_with_the_defaults_of_its_model():
    version = read_version({"name": "v1"}, {"base_path": "/models/mnist", "replicas": 2})
    assert (version.base_path, version.replicas, version.model_version) == ("/models/mnist", 2, None)
