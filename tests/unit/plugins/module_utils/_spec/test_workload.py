from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.record import read
from ansible_collections.tfserving.istio.plugins.module_utils._spec.workload import (
    OWN_FLAGS,
    Autoscale,
    Batching,
    Resources,
    Warmup,
    Workload,
)


def workload(**keys: Any) -> Workload:
    return read(Workload, {"base_path": "/models/mnist", **keys})


def error(**keys: Any) -> str:
    with pytest.raises(SpecError) as error:
        workload(**keys)
    return str(error.value)


@pytest.mark.parametrize("path", ["/models/mnist", "gs://bucket/mnist", "s3://bucket/mnist", "hdfs://host:9000/m"])
def test_base_paths(path: str):
    assert workload(base_path=path).base_path == path


@pytest.mark.parametrize("path", ["models/mnist", "gs:/bucket", "", "/a b", "gs://bucket/a\n"])
def test_what_is_no_base_path(path: str):
    assert "is not an absolute path or a URL" in error(base_path=path)


def test_resources_are_kubeflows_where_nothing_is_said():
    assert workload().resources == Resources(
        requests={"cpu": "1", "memory": "1Gi"}, limits={"cpu": "4", "memory": "4Gi"}
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [("a", "a"), (1, "1"), (True, "true"), (False, "false"), (1.5, "1.5"), ("", "")],
)
def test_values_of_the_environment_are_strings(value: object, written: str):
    assert workload(env={"A": value}).env == {"A": {"value": written}}


def test_a_value_from_a_secret_is_passed_on():
    source = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    assert workload(env={"A": source}).env == {"A": source}


@pytest.mark.parametrize("value", [{"value": "hunter2-secret"}, ["hunter2-secret"], {"valueFrom": "hunter2-secret"}])
def test_a_wrong_value_of_the_environment_is_not_repeated_in_the_message(value: object):
    message = error(env={"A": value})
    assert message.startswith("env.A: ")
    assert "hunter2" not in message


@pytest.mark.parametrize("name", ["1A", "A B", "A=", ""])
def test_names_that_are_none_of_the_environment(name: str):
    assert "is not the name of an environment variable" in error(env={name: "x"})


@pytest.mark.parametrize("flag", OWN_FLAGS)
def test_a_flag_that_a_key_stands_for_is_refused(flag: str):
    assert f"--{flag} is set by the collection" in error(args=[f"--{flag}=1"])


@pytest.mark.parametrize("flag", ["x", "-x=1", "--X=1", "--x 1", 1])
def test_what_is_no_flag(flag: object):
    assert "is not a flag of tensorflow_model_server" in error(args=[flag])


def test_batching_is_on_with_the_servers_own_parameters_or_off():
    assert workload(batching=True).batching == Batching()
    assert workload(batching=False).batching is None
    assert workload(batching={"max_batch_size": 8}).batching.max_batch_size == 8


@pytest.mark.parametrize("value", [90, "90", "1.5m", {"duration": "90s"}])
def test_warm_up_is_a_time_or_a_mapping(value: object):
    assert workload(warmup=value).warmup == Warmup(duration=90.0)


def test_an_autoscaler_needs_its_largest_number():
    assert error(autoscale={}) == "autoscale.max: is required"
    assert workload(autoscale={"max": 2}).autoscale == Autoscale(max=2)


@pytest.mark.parametrize(("value", "read_as"), [("50%", "50%"), (1, 1), ("1", 1)])
def test_a_disruption_budget_counts_pods_or_percents(value: object, read_as: object):
    assert workload(pod_disruption_budget={"min_available": value}).pod_disruption_budget.min_available == read_as


@pytest.mark.parametrize("value", ["%", "x%", "-1", "half"])
def test_what_is_no_disruption_budget(value: str):
    assert error(pod_disruption_budget={"min_available": value}).startswith("pod_disruption_budget.min_available: ")


def test_a_volume_needs_its_source():
    assert error(volumes=[{"name": "a", "mount_path": "a"}]).splitlines() == [
        "volumes[0].mount_path: 'a' is not an absolute path",
        "volumes[0].source: is required",
    ]
