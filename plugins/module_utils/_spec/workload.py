# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a version's Pods are made of. A model may give each of these keys as the default of its versions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .check import (
    ABSOLUTE_PATH,
    ANY_TEXT,
    DNS_LABEL,
    LABEL_KEY,
    LABEL_VALUE,
    OBJECT_NAME,
    Check,
    kubernetes_mapping,
    list_of,
    map_of,
    plain,
    quantity,
    seconds,
    text,
    truth,
    whole,
)
from .errors import wrong
from .quantity import amount
from .record import key, read, record

IMAGE = "tensorflow/serving:2.20.0"
DRAIN = 10.0
"""Seconds that a Pod goes on serving after it was told to stop, while proxies and kube-proxy learn of it."""

OWN_FLAGS = (
    "port",
    "rest_api_port",
    "model_name",
    "model_base_path",
    "model_config_file",
    "monitoring_config_file",
    "enable_batching",
    "batching_parameters_file",
)
SECRET_KEY = text(r"[-._a-zA-Z0-9]+", "a key of a Secret", longest=253)
BASE_PATH = text(r"(/|[a-z][a-z0-9+.-]*://)[^\s]+", "an absolute path or a URL such as gs://bucket/path")


@dataclass(frozen=True, kw_only=True)
class Autoscale:
    """A HorizontalPodAutoscaler."""

    min: int = key(whole(1), 1)
    max: int = key(whole(1))
    cpu: int | None = key(whole(1, 1000), None)
    memory: int | None = key(whole(1, 1000), None)


@dataclass(frozen=True, kw_only=True)
class Resources:
    requests: dict[str, str] = key(map_of(LABEL_KEY, quantity()), {"cpu": "1", "memory": "1Gi"})
    limits: dict[str, str] = key(map_of(LABEL_KEY, quantity()), {"cpu": "4", "memory": "4Gi"})


@dataclass(frozen=True, kw_only=True)
class Gcp:
    """Credentials for Google Cloud Storage from a Secret."""

    secret: str = key(OBJECT_NAME)
    key: str = key(SECRET_KEY, "user-gcp-sa.json")


@dataclass(frozen=True, kw_only=True)
class S3:
    """Credentials and address of an S3 store; the key pair comes from a Secret."""

    secret: str = key(OBJECT_NAME)
    access_key: str = key(SECRET_KEY, "AWS_ACCESS_KEY_ID")
    secret_key: str = key(SECRET_KEY, "AWS_SECRET_ACCESS_KEY")
    region: str = key(ANY_TEXT, "us-west-1")
    endpoint: str = key(ANY_TEXT, "s3.us-west-1.amazonaws.com")
    use_https: bool = key(truth(), True)
    verify_ssl: bool = key(truth(), True)


@dataclass(frozen=True, kw_only=True)
class Batching:
    """TensorFlow Serving's batching parameters; what is not given is left to its own defaults."""

    max_batch_size: int | None = key(whole(1), None)
    batch_timeout_micros: int | None = key(whole(0), None)
    max_enqueued_batches: int | None = key(whole(1), None)
    num_batch_threads: int | None = key(whole(1), None)
    pad_variable_length_inputs: bool | None = key(truth(), None)
    allowed_batch_sizes: tuple[int, ...] = key(list_of(whole(1)), ())


@dataclass(frozen=True, kw_only=True)
class Warmup:
    """How a new Pod's share of its version's requests grows: Istio's slow start."""

    duration: float = key(seconds(1))
    minimum_percent: int = key(whole(1, 100), 10)
    aggression: int = key(whole(1, 10), 1)


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume and where it is mounted; ``source`` is Kubernetes' own volume source."""

    name: str = key(DNS_LABEL)
    mount_path: str = key(ABSOLUTE_PATH)
    source: dict[str, Any] = key(kubernetes_mapping())
    read_only: bool = key(truth(), True)
    sub_path: str | None = key(ANY_TEXT, None)


def _count(value: Any) -> str | int:
    return text(r"\d{1,3}%", "a number or a percent such as 50%")(value) if str(value).endswith("%") else whole()(value)


@dataclass(frozen=True, kw_only=True)
class DisruptionBudget:
    """A PodDisruptionBudget: one of the two, a number or a percent such as 50%."""

    min_available: str | int | None = key(Check("raw", _count), None)
    max_unavailable: str | int | None = key(Check("raw", _count), None)


def _resources(value: Any) -> Resources:
    """A limit below a default request is a request too: Kubernetes refuses requests above limits."""
    given = read(Resources, value)
    if isinstance(value, dict) and value.get("requests") is None:
        limits = given.limits
        lower = {
            name: limits[name]
            for name, request in given.requests.items()
            if name in limits and (amount(limits[name]) or 0) < (amount(request) or 0)
        }
        given = replace(given, requests={**given.requests, **lower})
    above = [
        name
        for name, request in given.requests.items()
        if name in given.limits and (amount(request) or 0) > (amount(given.limits[name]) or 0)
    ]
    for name in above:
        raise wrong(f"the request {given.requests[name]} is above the limit {given.limits[name]}", f"requests.{name}")
    return given


def _or_true(cls: type) -> Check:
    """A nested record, or ``true`` for one with its defaults, or ``false`` for none."""

    def get(value: Any) -> Any:
        if isinstance(value, bool):
            return read(cls, {}) if value else None
        return read(cls, value)

    return Check("raw", get, record=cls)


def _warmup(value: Any) -> Warmup:
    return read(Warmup, value if isinstance(value, dict) else {"duration": value})


def _env(value: Any) -> dict[str, Any]:
    """Values by name; a value from a Secret or ConfigMap is written as Kubernetes' own ``valueFrom``."""
    names = text(r"[-._a-zA-Z][-._a-zA-Z0-9]*", "the name of an environment variable")

    def entry(item: Any) -> Any:
        if isinstance(item, dict):
            if set(item) != {"valueFrom"}:
                raise wrong("is neither a value nor {valueFrom: ...}")  # values stay out of messages: any may be secret
            if not isinstance(item["valueFrom"], dict):
                raise wrong("valueFrom is not a mapping (secretKeyRef, configMapKeyRef, fieldRef or resourceFieldRef)")
            return {"valueFrom": plain(item["valueFrom"])}
        if isinstance(item, bool):
            return {"value": str(item).lower()}
        if isinstance(item, (str, int, float)):
            return {"value": str(item)}
        raise wrong("is neither a value nor {valueFrom: ...}")

    return map_of(names, Check("raw", entry))(value)


def _flag(value: Any) -> str:
    flag = text(r"--[a-z][a-z0-9_]*(=.*)?", "a flag of tensorflow_model_server such as --rest_api_num_threads=16")(
        value
    )
    name = flag[2:].split("=")[0]
    if name in OWN_FLAGS:
        raise wrong(f"--{name} is set by the collection; use the key that stands for it")
    return flag


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Keys that a version has, and that a model may give as their default."""

    base_path: str = key(BASE_PATH)
    image: str | None = key(text(r"[^\s]+", "an image name"), None)
    replicas: int = key(whole(0), 1)
    autoscale: Autoscale | None = key(record(Autoscale), None)
    resources: Resources = key(Check("dict", _resources, record=Resources), Resources())
    gpus: int = key(whole(0), 0)
    gcp: Gcp | None = key(record(Gcp), None)
    s3: S3 | None = key(record(S3), None)
    env: dict[str, Any] = key(Check("dict", _env), {})
    args: tuple[str, ...] = key(list_of(Check("str", _flag)), ())
    batching: Batching | None = key(_or_true(Batching), None)
    warmup: Warmup | None = key(Check("raw", _warmup, record=Warmup), None)
    service_account: str | None = key(OBJECT_NAME, None)
    node_selector: dict[str, str] = key(map_of(LABEL_KEY, LABEL_VALUE), {})
    tolerations: tuple[dict[str, Any], ...] = key(list_of(kubernetes_mapping()), ())
    affinity: dict[str, Any] = key(kubernetes_mapping(), {})
    volumes: tuple[Volume, ...] = key(list_of(record(Volume)), ())
    pod_labels: dict[str, str] = key(map_of(LABEL_KEY, LABEL_VALUE), {})
    pod_annotations: dict[str, str] = key(map_of(LABEL_KEY, ANY_TEXT), {})
    pod_disruption_budget: DisruptionBudget | None = key(record(DisruptionBudget), None)
    inject_istio: bool = key(truth(), False)
    prometheus: bool = key(truth(), True)
