"""Variables, commands and arguments of containers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sandbox.node.environment import (
    ConfigError,
    command_line,
    container_environment,
    expand,
    service_variables,
)

POD: dict[str, Any] = {
    "metadata": {
        "name": "mnist-v1-abc",
        "namespace": "kubeflow",
        "uid": "u-1",
        "labels": {"app": "mnist", "version": "v1"},
        "annotations": {"note": 'says "hi"'},
    },
    "spec": {"nodeName": "sandbox", "serviceAccountName": "default", "containers": []},
}
ADDRESSES = {"podIP": "10.244.0.9", "hostIP": "10.244.0.1"}
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("configmaps", "settings"): {"data": {"LEVEL": "debug"}, "binaryData": {"RAW": base64.b64encode(b"raw").decode()}},
    ("secrets", "keys"): {"data": {"PASSWORD": base64.b64encode(b"s3cret").decode()}},
}


def environment(container: dict[str, Any], **more: Any) -> dict[str, str]:
    arguments: dict[str, Any] = {"services": {}, "image": {}, **more}
    return container_environment(
        POD, container, lookup=lambda kind, name: OBJECTS.get((kind, name)), addresses=ADDRESSES, **arguments
    )


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)", "x1y$(B)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
    ],
)
def test_expansion_is_that_of_kubernetes(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1"}) == expanded


def test_later_variables_see_earlier_ones_only() -> None:
    entries = [
        {"name": "FIRST", "value": "$(SECOND)"},
        {"name": "SECOND", "value": "2"},
        {"name": "THIRD", "value": "$(SECOND)3"},
    ]
    values = environment({"env": entries})
    assert values == {"FIRST": "$(SECOND)", "SECOND": "2", "THIRD": "23"}


def test_env_wins_over_env_from_over_services_over_the_image() -> None:
    container = {
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "env": [{"name": "LEVEL", "value": "info"}],
    }
    values = environment(container, services={"RAW": "service", "S": "1"}, image={"S": "image", "PATH": "/bin"})
    assert values == {"LEVEL": "info", "RAW": "raw", "S": "1", "PATH": "/bin"}


def test_env_from_takes_a_prefix() -> None:
    assert environment({"envFrom": [{"prefix": "K_", "secretRef": {"name": "keys"}}]}) == {"K_PASSWORD": "s3cret"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "mnist-v1-abc"),
        ("metadata.labels['version']", "v1"),
        ("metadata.labels", 'app="mnist"\nversion="v1"'),
        ("metadata.annotations", 'note="says \\"hi\\""'),
        ("metadata.annotations['none']", ""),
        ("spec.nodeName", "sandbox"),
        ("status.podIP", "10.244.0.9"),
        ("status.hostIP", "10.244.0.1"),
    ],
)
def test_field_references(path: str, value: str) -> None:
    assert environment({"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}]}) == {"X": value}


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.cpu"}, "2"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "1500"),
        ({"resource": "requests.memory", "divisor": "1Mi"}, "1024"),
        ({"resource": "requests.cpu"}, "0"),
        ({"resource": "limits.memory", "divisor": "1Gi"}, "128"),
    ],
)
def test_resource_references(reference: dict[str, str], value: str) -> None:
    container = {
        "name": "c",
        "resources": {"limits": {"cpu": "1500m"}, "requests": {"memory": "1Gi"}},
        "env": [{"name": "X", "valueFrom": {"resourceFieldRef": reference}}],
    }
    assert environment(container) == {"X": value}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapKeyRef": {"name": "gone", "key": "k"}}, 'configmap "gone" not found'),
        ({"secretKeyRef": {"name": "gone", "key": "k"}}, 'secret "gone" not found'),
        ({"configMapKeyRef": {"name": "settings", "key": "k"}}, "couldn't find key k in ConfigMap kubeflow/settings"),
        ({"secretKeyRef": {"name": "keys", "key": "k"}}, "couldn't find key k in Secret kubeflow/keys"),
        ({"fieldRef": {"fieldPath": "spec.nonsense"}}, "unsupported fieldPath: spec.nonsense"),
    ],
)
def test_what_is_missing_is_named_as_a_kubelet_names_it(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        environment({"env": [{"name": "X", "valueFrom": source}]})
    assert str(caught.value) == message


def test_what_is_optional_may_be_missing() -> None:
    container = {
        "envFrom": [{"configMapRef": {"name": "gone", "optional": True}}],
        "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k", "optional": True}}}],
    }
    assert environment(container) == {}


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({}, ["entry", "$(A)"]),
        ({"args": ["$(A)"]}, ["entry", "1"]),
        ({"command": ["own"]}, ["own"]),
        ({"command": ["own"], "args": ["$(A)", "$$(A)"]}, ["own", "1", "$(A)"]),
    ],
)
def test_command_and_args_replace_those_of_the_image(container: dict[str, Any], words: list[str]) -> None:
    assert command_line(container, ("entry",), ("$(A)",), {"A": "1"}) == words


def test_a_container_without_any_command_is_refused() -> None:
    with pytest.raises(ConfigError, match="no command specified"):
        command_line({}, (), (), {})


def service(namespace: str, name: str, address: str, *ports: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"clusterIP": address, "ports": list(ports)}}


def test_services_of_the_own_namespace_and_the_api_server_are_in_the_environment() -> None:
    services = [
        service("default", "kubernetes", "10.96.0.1", {"name": "https", "port": 443}),
        service("kubeflow", "my-model", "10.96.0.7", {"name": "http-rest", "port": 8500}),
        service("kubeflow", "headless", "None", {"port": 1}),
        service("other", "hidden", "10.96.0.8", {"port": 1}),
    ]
    values = service_variables(services, "kubeflow", links=True)
    assert values["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"
    assert values["MY_MODEL_SERVICE_PORT_HTTP_REST"] == "8500"
    assert values["MY_MODEL_PORT_8500_TCP"] == "tcp://10.96.0.7:8500"
    assert not any(name.startswith(("HEADLESS", "HIDDEN")) for name in values)
    without = service_variables(services, "kubeflow", links=False)
    assert {name.split("_")[0] for name in without} == {"KUBERNETES"}
