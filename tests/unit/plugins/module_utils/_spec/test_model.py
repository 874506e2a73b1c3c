from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import LATER, read_model, unpinned
from ansible_collections.tfserving.istio.tests.unit.support.models import mnist, models, read


def errors(given: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        read_model(given)
    return str(error.value).splitlines()


@given(models())
def test_every_model_that_can_be_written_can_be_read(given: dict[str, Any]):
    model = read_model(given)
    assert [version.name for version in model.versions] == [version["name"] for version in given["versions"]]


@given(models(), st.data())
def test_one_wrong_field_is_one_error_at_its_place(given: dict[str, Any], data: st.DataObject):
    field = data.draw(st.sampled_from(["replicas", "gpus", "base_path", "image", "env", "volumes", "warmup"]))
    index = data.draw(st.integers(0, len(given["versions"]) - 1))
    given["versions"][index][field] = {"nobody": "knows", "this": 1} if field != "env" else "x"
    assert {line.split(":")[0].split(".")[0] for line in errors(given)} == {f"versions[{index}]"}
    assert all(line.startswith(f"versions[{index}].{field}") for line in errors(given) if "autoscale" not in line)


def test_what_is_not_given_has_a_default():
    model = read("v1")
    assert model.model_name == "mnist"
    assert model.path == "/istio/tfserving/models/mnist"
    assert model.gateway_ref == "kubeflow/kubeflow-gateway"
    assert (model.traffic, model.hosts, model.retries, model.timeout) == (None, ("*",), 2, None)


def test_a_gateway_without_a_namespace_is_in_the_models():
    assert read("v1", gateway="gw").gateway_ref == "kubeflow/gw"
    assert read("v1", gateway="istio-system/gw").gateway_ref == "istio-system/gw"
    assert read("v1", gateway="mesh").gateway_ref == ""


def test_keys_of_the_model_are_defaults_of_its_versions():
    given = mnist("v1", "v2", replicas=3, env={"A": "1"})
    given["versions"][1] |= {"replicas": 1, "env": {"B": "2"}}
    model = read_model(given)
    assert [version.replicas for version in model.versions] == [3, 1]
    assert model.version("v2").env == {"B": {"value": "2"}}


def test_an_autoscaler_of_the_version_takes_the_place_of_the_models_replicas():
    given = mnist(replicas=3)
    given["versions"][0]["autoscale"] = {"max": 5}
    assert read_model(given).versions[0].autoscale.max == 5


def test_every_problem_is_told_at_once_with_its_place():
    given = {
        "name": "Mnist",
        "trafic": "v1:100",
        "versions": [{"name": "v1", "base_path": "models"}, {"base_path": "/m", "replica": 1}, "v3"],
        "traffic": "v1:90",
        "hosts": ["*", "Example.com"],
    }
    starts = [line.split(" ")[0] for line in errors(given)]
    assert starts == [
        "trafic:",
        "name:",
        "traffic:",
        "hosts[1]:",
        "versions[0].base_path:",
        "versions[1].replica:",
        "versions[1].name:",
        "versions[2]:",
    ]
    assert "trafic: unknown key; did you mean traffic?" in errors(given)
    assert "versions[1].replica: unknown key; did you mean replicas?" in errors(given)


def test_a_wrong_default_is_told_once_where_it_stands():
    assert errors(mnist("v1", "v2", replicas="many")) == [
        "replicas: 'many' is not a whole number of at least 0",
    ]


def test_a_wrong_base_path_of_the_model_is_not_also_missing_in_its_versions():
    assert len(errors({"name": "mnist", "base_path": "models", "versions": [{"name": "v1"}]})) == 1


@pytest.mark.parametrize("key", ["name", "base_path"])
@pytest.mark.parametrize("given", [{}, {"base_path": None}])
def test_what_a_version_lacks_is_told_though_the_model_has_a_key_of_that_name(key: str, given: dict[str, Any]):
    version = {"name": "v1", "base_path": "/m"}
    del version[key]
    assert errors({"name": "mnist", "versions": [version], **given}) == [f"versions[0].{key}: is required"]


@pytest.mark.parametrize("key", LATER)
def test_a_key_that_has_no_code_yet_is_refused_by_name(key: str):
    (message,) = errors(mnist(**{key: {"a": 1}}))
    assert message == f"{key}: is not available in this release of the collection; leave it out"


def test_a_key_of_rollouts_says_where_it_belongs():
    (message,) = errors(mnist(manage="weights"))
    assert message.startswith("manage: is an option of rollouts: tfserving.istio.rollout with manage: weights moves")


def test_versions_on_one_base_path_must_both_be_pinned():
    given = mnist("v1", "v2")
    for version in given["versions"]:
        version["base_path"] = "gs://models/mnist"
    given["versions"][1]["base_path"] += "/"
    assert read_model(given)
    del given["versions"][1]["model_version"]
    (message,) = errors(given)
    assert message.startswith("versions[1].model_version: is required: v1 has the same base path")


def test_a_version_without_a_pin_is_warned_about():
    given = mnist()
    del given["versions"][0]["model_version"]
    (warning,) = unpinned(read_model(given))
    assert "kubeflow/mnist version v1: without model_version" in warning
    assert unpinned(read("v1")) == []


def test_two_versions_of_one_name():
    assert errors(mnist("v1", "v1")) == ["versions[1].name: v1 is the name of an earlier version too"]


def test_names_that_are_too_long_for_a_service_together():
    assert read_model({**mnist("v" * 20), "name": "m" * 42})
    (message,) = errors({**mnist("v" * 20), "name": "m" * 43})
    assert "has 64 characters; model and version together may have 62" in message


@pytest.mark.parametrize("value", [None, [], "mnist", 1])
def test_what_is_no_model(value: object):
    assert "is not a mapping (its keys: name, namespace" in errors(value)[0]


@pytest.mark.parametrize("versions", ["v1", {"v1": {}}, 1])
def test_what_is_no_list_of_versions(versions: object):
    assert errors({**mnist(), "versions": versions}) == ["versions: is not a list"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "1mnist"),
        ("namespace", "Kube"),
        ("model_name", "a b"),
        ("model_name", "a/b"),
        ("hosts", []),
        ("hosts", ["http://a"]),
        ("hosts", ["*."]),
        ("gateway", "a/b/c"),
        ("path", "mnist"),
        ("path", "/mnist/"),
        ("path", "/mnist:"),
        ("path", "/a b"),
        ("service_type", "ExternalName"),
        ("timeout", 0),
        ("timeout", "soon"),
        ("retries", 11),
        ("ambassador", "perhaps"),
    ],
)
def test_what_a_field_refuses(key: str, value: Any):
    lines = errors({**mnist(), key: value})
    assert lines[0].startswith(key)
    assert len(lines) == 1
