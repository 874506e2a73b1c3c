from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._render.pod import grace, template
from ansible_collections.tfserving.istio.tests.unit.support.models import mnist, read


def pod(**keys: Any) -> dict[str, Any]:
    model = read("v1", **keys)
    return template(model, model.versions[0])


def container(**keys: Any) -> dict[str, Any]:
    return pod(**keys)["spec"]["containers"][0]


def test_the_server_is_the_first_process_with_kubeflows_ports():
    assert container()["command"] == ["/usr/bin/tensorflow_model_server"]
    assert container()["args"][:2] == ["--port=9000", "--rest_api_port=8500"]
    assert [port["containerPort"] for port in container()["ports"]] == [9000, 8500]


def test_a_pod_drains_before_it_goes_and_has_time_for_its_longest_request():
    assert container()["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}
    assert grace(read("v1")) == 45
    assert grace(read("v1", timeout=0.2)) == 16
    assert pod(timeout=60)["spec"]["terminationGracePeriodSeconds"] == 75


def test_the_sidecar_drains_as_long():
    annotations = pod(inject_istio=True)["metadata"]["annotations"]
    assert annotations["proxy.istio.io/config"] == '{"terminationDrainDuration": "40s"}'


@pytest.mark.parametrize(("inject", "label"), [(True, "true"), (False, "false")])
def test_injection_is_always_said(inject: bool, label: str):
    assert pod(inject_istio=inject)["metadata"]["labels"]["sidecar.istio.io/inject"] == label


def test_readiness_asks_for_metadata_of_the_pinned_integer():
    assert container()["readinessProbe"]["httpGet"]["path"] == "/v1/models/mnist/versions/1/metadata"


def test_a_changed_configuration_file_takes_new_pods():
    def digest(**keys: Any) -> str:
        return pod(**keys)["metadata"]["annotations"]["tfserving.istio/config"]

    assert digest() == digest()
    assert digest() != digest(batching=True)
    assert "annotations" not in pod_without_files()["metadata"]


def pod_without_files() -> dict[str, Any]:
    given = mnist(prometheus=False)
    del given["versions"][0]["model_version"]
    from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import read_model

    model = read_model(given)
    return template(model, model.versions[0])


def test_without_files_flags_say_everything_and_nothing_is_mounted():
    spec = pod_without_files()["spec"]
    assert "volumes" not in spec
    assert spec["containers"][0]["args"][2:] == ["--model_name=mnist", "--model_base_path=gs://models/mnist/v1"]


def test_gpus_are_a_limit():
    assert container(gpus=2)["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert container(gpus=2)["image"].endswith("-gpu")


def test_credentials_of_google_are_where_kubeflow_had_them():
    env = {entry["name"]: entry["value"] for entry in container(gcp={"secret": "s"})["env"]}
    assert env == {"GOOGLE_APPLICATION_CREDENTIALS": "/secret/gcp-credentials/user-gcp-sa.json"}
    volumes = {volume["name"]: volume for volume in pod(gcp={"secret": "s"})["spec"]["volumes"]}
    assert volumes["gcp-credentials"]["secret"] == {"secretName": "s"}


def test_credentials_of_s3_come_from_the_secret():
    env = {entry["name"]: entry for entry in container(s3={"secret": "s", "verify_ssl": False})["env"]}
    assert env["AWS_ACCESS_KEY_ID"]["valueFrom"]["secretKeyRef"] == {"name": "s", "key": "AWS_ACCESS_KEY_ID"}
    assert (env["S3_USE_HTTPS"]["value"], env["S3_VERIFY_SSL"]["value"]) == ("1", "0")


def test_the_users_environment_wins():
    env = {entry["name"]: entry.get("value") for entry in container(s3={"secret": "s"}, env={"AWS_REGION": "x"})["env"]}
    assert env["AWS_REGION"] == "x"


def test_labels_of_the_collection_win():
    assert pod(pod_labels={"team": "a"})["metadata"]["labels"] == {
        "app": "mnist",
        "version": "v1",
        "team": "a",
        "app.kubernetes.io/managed-by": "tfserving.istio",
        "sidecar.istio.io/inject": "false",
    }


def test_no_token_is_mounted_without_a_service_account():
    assert pod()["spec"]["automountServiceAccountToken"] is False
    assert "automountServiceAccountToken" not in pod(service_account="s")["spec"]
