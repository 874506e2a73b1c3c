from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.fleet import read_models
from ansible_collections.tfserving.istio.tests.unit.support.models import mnist


def model(name: str, *versions: str, **keys: Any) -> dict[str, Any]:
    return {**mnist(*versions), "name": name, **keys}


def errors(*models: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        read_models(list(models))
    return str(error.value).splitlines()


def test_models_that_get_along():
    models = read_models([model("mnist", "v1", "v2"), model("mnist2"), model("mnist", namespace="other", gateway="gw")])
    assert [entry.key for entry in models] == ["kubeflow/mnist", "kubeflow/mnist2", "other/mnist"]


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        (model("mnist", "v1"), model("mnist-v1", "x"), "Service kubeflow/mnist-v1"),
        (model("a", "b-c"), model("a-b", "c"), "Service kubeflow/a-b-c"),
        (model("mnist"), model("mnist-rule", "x"), "VirtualService kubeflow/mnist-rule"),
        (model("mnist"), model("mnist-mesh", "x"), "VirtualService kubeflow/mnist-mesh"),
    ],
)
def test_names_that_collide_are_refused_in_either_order(one: dict, other: dict, name: str):
    for pair in ((one, other), (other, one)):
        (message,) = errors(*pair)
        assert message.startswith("models[1].name: ")
        assert name in message
        assert "give one of them another name" in message


def test_a_model_that_stands_in_the_list_twice():
    assert "is twice in the list" in errors(model("mnist"), model("mnist"))[0]


def test_two_namespaces_with_models_of_one_name_on_one_gateway():
    own, legacy = errors(model("mnist"), model("mnist", namespace="other"))
    start = "models[1]: other/mnist and kubeflow/mnist would both answer on"
    assert own.startswith(f"{start} /istio/tfserving/models/mnist of gateway kubeflow/kubeflow-gateway; ")
    assert legacy.startswith(f"{start} /v1/models/mnist of gateway kubeflow/kubeflow-gateway; ")


def test_other_hosts_part_them():
    assert read_models([model("mnist", hosts=["a.com"]), model("mnist", namespace="other", hosts=["b.com"])])


def test_paths_are_compared_without_case_as_tensorflow_serving_does():
    (message,) = errors(model("a", model_name="MNIST"), model("b", model_name="mnist"))
    assert "/v1/models/mnist" in message.lower()


def test_a_path_below_another_models_is_caught_by_it():
    (message,) = errors(model("a", path="/models/a"), model("b", path="/models/a/b"))
    assert "/models/a" in message


def test_every_model_that_collides_is_told():
    assert len(errors(model("a", path="/x"), model("b", path="/x"), model("c", path="/y"), model("d", path="/y"))) == 2


def test_problems_of_all_models_are_told_at_once():
    assert [line.split(":")[0] for line in errors(model("A"), model("mnist", hosts=[]), "x")] == [
        "models[0].name",
        "models[1].hosts",
        "models[2]",
    ]


@pytest.mark.parametrize("value", [None, "mnist", {"name": "mnist"}])
def test_what_is_no_list_of_models(value: object):
    with pytest.raises(SpecError, match=r"models: .* is not a list"):
        read_models(value)
