"""Every parameter of Kubeflow's tf-serving prototypes has a home in a model."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._ksonnet import from_ksonnet
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import Model, read_model

DEPLOYMENT = {"name": "mnist", "modelBasePath": "gs://bucket/mnist"}
SECRET = {
    "s3SecretName": "keys",
    "s3SecretAccesskeyidKeyName": "id",
    "s3SecretSecretaccesskeyKeyName": "key",
    "s3AwsRegion": "eu-central-1",
    "s3UseHttps": "false",
    "s3VerifySsl": False,
    "s3Endpoint": "minio.example.com:9000",
}


def translated(**parameters: Any) -> Model:
    return read_model(from_ksonnet({**DEPLOYMENT, **parameters}))


def test_the_smallest_prototype_is_a_model_of_one_version():
    assert from_ksonnet(DEPLOYMENT) == {
        "name": "mnist",
        "versions": [{"name": "v1", "base_path": "gs://bucket/mnist"}],
    }


@pytest.mark.parametrize(
    ("parameter", "value", "key", "expected"),
    [
        ("name", "digits", "name", "digits"),
        ("modelName", "digits", "model_name", "digits"),
        ("serviceType", "NodePort", "service_type", "NodePort"),
    ],
)
def test_a_parameter_of_the_model(parameter: str, value: Any, key: str, expected: Any):
    assert getattr(translated(**{parameter: value}), key) == expected


@pytest.mark.parametrize(
    ("parameter", "value", "key", "expected"),
    [
        ("versionName", "v7", "name", "v7"),
        ("modelBasePath", "s3://bucket/m", "base_path", "s3://bucket/m"),
        ("numGpus", "2", "gpus", 2),
        ("injectIstio", "true", "inject_istio", True),
        ("injectIstio", False, "inject_istio", False),
        ("enablePrometheus", "false", "prometheus", False),
        ("defaultCpuImage", "tensorflow/serving:1.11.1", "image", "tensorflow/serving:1.11.1"),
    ],
)
def test_a_parameter_of_the_version(parameter: str, value: Any, key: str, expected: Any):
    (version,) = translated(**{parameter: value}).versions
    assert getattr(version, key) == expected


@pytest.mark.parametrize(("gpus", "image"), [("0", "cpu"), (0, "cpu"), ("1", "gpu"), (2, "gpu")])
def test_the_image_follows_the_gpus(gpus: Any, image: str):
    model = translated(numGpus=gpus, defaultCpuImage="cpu", defaultGpuImage="gpu")
    assert model.versions[0].server_image == image


def test_the_rule_in_both_its_forms():
    for rule in ("v1:90:v2:10", "v1:90,v2:10"):
        assert str(translated(trafficRule=rule).traffic) == "v1:90:v2:10"


def test_credentials_of_google():
    assert translated(gcpCredentialSecretName="sa").versions[0].gcp.secret == "sa"


def test_credentials_of_an_s3_store():
    s3 = translated(s3Enable="true", **SECRET).versions[0].s3
    assert (s3.secret, s3.access_key, s3.secret_key) == ("keys", "id", "key")
    assert (s3.region, s3.endpoint) == ("eu-central-1", "minio.example.com:9000")
    assert (s3.use_https, s3.verify_ssl) == (False, False)


@pytest.mark.parametrize("off", ["false", False, None, "null"])
def test_a_store_that_is_switched_off_is_left_out(off: Any):
    assert translated(s3Enable=off, **SECRET).versions[0].s3 is None


@pytest.mark.parametrize("parameter", ["gcpCredentialSecretName", "s3SecretName", "numGpus", "trafficRule", "dataset"])
@pytest.mark.parametrize("nothing", [None, "null"])
def test_what_ksonnet_writes_for_nothing_is_nothing(parameter: str, nothing: Any):
    assert from_ksonnet({**DEPLOYMENT, parameter: nothing}) == from_ksonnet(DEPLOYMENT)


def test_a_service_and_its_deployments_are_one_model():
    given = [
        {"name": "mnist-v1", "modelName": "mnist", "versionName": "v1", "modelBasePath": "gs://b/1"},
        {"name": "mnist-v2", "modelName": "mnist", "versionName": "v2", "modelBasePath": "gs://b/2"},
        {"name": "mnist-service", "modelName": "mnist", "trafficRule": "v1:90,v2:10", "serviceType": "NodePort"},
    ]
    for order in (given, given[::-1]):
        model = read_model(from_ksonnet(order))
        assert (model.name, model.model_name, model.service_type) == ("mnist", "mnist", "NodePort")
        assert str(model.traffic) == "v1:90:v2:10"
        assert {version.name: version.base_path for version in model.versions} == {"v1": "gs://b/1", "v2": "gs://b/2"}


def errors(value: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        from_ksonnet(value)
    return str(error.value).splitlines()


def test_an_unknown_parameter_says_which_was_meant():
    assert "did you mean trafficRule?" in errors({**DEPLOYMENT, "traficRule": "v1:100"})[0]


@pytest.mark.parametrize("parameter", ["gcpProject", "dataset", "table"])
def test_the_request_log_is_refused_by_name(parameter: str):
    assert errors({**DEPLOYMENT, parameter: "x"})[0].startswith(f"{parameter}: the request log is not available")


def test_problems_of_a_list_name_their_entry():
    assert [line.split(":")[0] for line in errors([DEPLOYMENT, "x", {"nome": "m"}])] == ["[1]", "[2].nome"]


@pytest.mark.parametrize("value", [None, "mnist", 1])
def test_what_is_no_mapping(value: Any):
    assert "is not a mapping of ksonnet parameters" in errors(value)[0]


@pytest.mark.parametrize(("parameter", "value"), [("numGpus", "two"), ("numGpus", []), ("s3Enable", "perhaps")])
def test_a_value_that_decides_about_others_is_named_when_it_is_wrong(parameter: str, value: Any):
    (message,) = errors({**DEPLOYMENT, parameter: value})
    assert message.startswith(f"{parameter}: ")
