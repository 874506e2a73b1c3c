"""What stands behind the destinations of a route."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.behind import (
    Behind,
    is_pinned,
    model_name,
    series,
    targets,
)

Object = dict[str, Any]
HOST = "mnist.kubeflow.svc.cluster.local"
ROUTE = [{"destination": {"host": "mnist", "subset": version}} for version in ("v1", "v2")]
RULE = {
    "metadata": {"namespace": "kubeflow"},
    "spec": {"host": "mnist", "subsets": [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")]},
}
PORTS = [{"name": "grpc", "port": 8500}, {"name": "http-serving", "port": 8501}]


def pod(name: str, version: str, ready: bool = True, **container: Any) -> Object:
    owner = {"kind": "ReplicaSet", "name": f"mnist-{version}-5b7d"}
    labels = {"app": "mnist", "version": version, "pod-template-hash": "5b7d"}
    return {
        "metadata": {"name": name, "namespace": "kubeflow", "labels": labels, "ownerReferences": [owner]},
        "spec": {"containers": [container]},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def slices(*names: str, service: str = "mnist", ports: list[Object] | None = None, ready: bool = True) -> Object:
    points = [{"targetRef": {"namespace": "kubeflow", "name": name}, "conditions": {"ready": ready}} for name in names]
    metadata = {"namespace": "kubeflow", "labels": {"kubernetes.io/service-name": service}}
    return {"metadata": metadata, "endpoints": points, "ports": PORTS if ports is None else ports}


ITS = targets("mnist", "kubeflow", ROUTE)
PODS = [pod("a", "v1"), pod("b", "v2"), pod("c", "v2", ready=False), pod("d", "v2")]


def seen(found: Behind) -> dict[str, list[str]]:
    return {version: [one["metadata"]["name"] for one in pods] for version, pods in found.pods.items()}


def test_a_subset_has_the_pods_with_its_labels_that_get_requests():
    assert seen(Behind(ITS, [slices("a", "b", "c")], PODS, [RULE])) == {"v1": ["a"], "v2": ["b"]}
    assert seen(Behind(ITS, [slices("a", "b", ready=False)], PODS, [RULE])) == {"v1": [], "v2": []}


def test_a_service_a_version_needs_no_subset():
    its = targets(
        "mnist", "kubeflow", [{"destination": {"host": f"mnist-{v}.kubeflow.svc.cluster.local"}} for v in ("v1", "v2")]
    )
    found = Behind(its, [slices("a", service="mnist-v1"), slices("b", "d", service="mnist-v2")], PODS, [])
    assert seen(found) == {"v1": ["a"], "v2": ["b", "d"]}
    assert series(its, found)["v2"] == {"destination_service": "mnist-v2.kubeflow.svc.cluster.local"}


def test_a_destination_of_a_subset_that_does_not_exist_is_named():
    found = Behind(ITS, [slices("a", "b")], PODS, [])
    with pytest.raises(
        ClusterError, match=f"no DestinationRule has subset v2 of {HOST}, so proxies would answer 503 for v2"
    ):
        found.unready(["v2"])
    assert Behind(ITS, [slices("a")], PODS, [RULE]).unready(["v1", "v2"]) == ["v2"]
    with pytest.raises(ClusterError, match="version v2 has no ready endpoint"):
        Behind(ITS, [slices("a")], PODS, [RULE]).assure(["v2"])


def test_versions_behind_one_service_are_known_by_their_workload_and_their_label():
    assert series(ITS, Behind(ITS, [slices("a", "b", "d")], PODS, [RULE])) == {
        version: {
            "destination_service": HOST,
            "destination_workload": f"mnist-{version}",
            "destination_version": version,
        }
        for version in ("v1", "v2")
    }


@pytest.mark.parametrize(
    ("ports", "number"),
    [
        (PORTS, 8501),
        ([{"name": "a", "port": 1}, {"name": "b", "port": 2, "appProtocol": "http"}], 2),
        ([{"name": "", "port": 8500}], 8500),
        ([{"name": "a", "port": 1}, {"name": "b", "port": 2}], None),
        ([{"name": "https", "port": 1}, {"name": "grpc", "port": 2}], None),
        ([], None),
    ],
)
def test_the_port_of_the_rest_api_is_the_one_that_speaks_http(ports: list[Object], number: int | None):
    assert Behind(ITS, [slices("a", ports=ports)], PODS, [RULE]).rest_port(ITS[0]) == number


@pytest.mark.parametrize(
    ("container", "name"),
    [
        ({"readinessProbe": {"httpGet": {"path": "/v1/models/digits/versions/1/metadata"}}}, "digits"),
        ({"args": ["--port=1", "--model_name=digits"]}, "digits"),
        ({"env": [{"name": "MODEL_NAME", "value": "digits"}]}, "digits"),
        ({"livenessProbe": {"httpGet": {"path": "/healthz"}}}, "mnist"),
        ({}, "mnist"),
    ],
)
def test_the_models_name_is_found_where_people_write_it(container: Object, name: str):
    assert model_name(pod("a", "v1", **container), "mnist") == name


def test_a_server_with_a_configuration_file_may_be_pinned():
    assert is_pinned(pod("a", "v1", command=["server", "--model_config_file=/c"]))
    assert not is_pinned(pod("a", "v1", args=["--model_base_path=/m"]))
