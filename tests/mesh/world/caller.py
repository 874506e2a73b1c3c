"""Callers inside the cluster: Pods that run the load generator, with a sidecar or without one."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mesh.load
from kubernetes import watch

from .cluster import Cluster, all_ready
from .models import NUMBERS, PREDICTIONS
from .settings import Settings

SOURCE = Path(mesh.load.__file__).parent
PACKAGES = "aiohttp grpcio protobuf"
"""What the load generator needs, where the image has it not."""


class Caller:
    """One Pod that sends requests until it is asked for its answers."""

    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self.cluster, self.namespace, self.name = cluster, namespace, name

    def started(self) -> None:
        """Wait for the first answer, of which the load generator tells."""
        log = self.cluster.core.read_namespaced_pod_log
        lines = watch.Watch().stream(log, self.name, self.namespace, container="caller", _request_timeout=300)
        assert any(" answers " in line for line in lines), f"{self.name} ended before it had an answer"

    def answers(self) -> list[dict[str, Any]]:
        """End the load and return every answer, versions by their names."""
        place = ("-n", self.namespace, self.name, "-c", "caller")
        self.cluster.kubectl("exec", *place, "--", "sh", "-c", "kill -INT 1")
        self.cluster.wait(
            self.cluster.core.list_namespaced_pod,
            self.namespace,
            field_selector=f"metadata.name={self.name}",
            done=lambda pods: all(_ended(pod) for pod in pods),
        )
        lines = self.cluster.kubectl("logs", *place).splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [{**answer, "version": NUMBERS.get(answer["version"], answer["version"])} for answer in found]


def _ended(pod: Any) -> bool:
    return any(state.name == "caller" and state.state.terminated for state in pod.status.container_statuses or [])


def good(answers: list[dict[str, Any]]) -> Counter[str]:
    """Count the answers by version; fails if one of them is bad, or if there are none."""
    bad = [answer for answer in answers if answer["error"]]
    assert answers, "the caller asked nothing"
    assert not bad, f"{len(bad)} of {len(answers)} requests failed, such as {bad[:5]}"
    return Counter(answer["version"] for answer in answers)


@contextmanager
def callers(
    cluster: Cluster, settings: Settings, namespace: str, urls: dict[str, str], sidecar: bool = False, rate: float = 20
) -> Iterator[dict[str, Caller]]:
    """Pods that ask ``urls``, by name; each has its first answer when the block begins."""
    cluster.apply(
        _source(namespace), *(_pod(settings, namespace, name, url, sidecar, rate) for name, url in urls.items())
    )
    cluster.wait(
        cluster.core.list_namespaced_pod,
        namespace,
        label_selector=f"caller={'sidecar' if sidecar else 'plain'}",
        done=all_ready(len(urls)),
    )
    found = {name: Caller(cluster, namespace, name) for name in urls}
    for caller in found.values():
        caller.started()
    yield found


def _source(namespace: str) -> dict[str, Any]:
    """The load generator, as a volume: no image has to be built."""
    files = {path.name: base64.b64encode(path.read_bytes()).decode() for path in SOURCE.iterdir() if path.is_file()}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "load", "namespace": namespace},
        "binaryData": files,
    }


def _pod(settings: Settings, namespace: str, name: str, url: str, sidecar: bool, rate: float) -> dict[str, Any]:
    versions = ",".join(f"{version}={number}" for version, number in PREDICTIONS.items())
    get = "" if url.endswith(":predict") or url.startswith("grpc:") else "--get"
    install = f"python3 -c 'import aiohttp, grpc, google.protobuf' || python3 -m pip install --quiet {PACKAGES}"
    load = f"python3 -m mesh.load {url} --rate {rate} --seconds 600 --versions {versions} --json /dev/stdout {get}"
    volumes = {"source": {"configMap": {"name": "load"}}}
    if settings.caller_packages:
        volumes["packages"] = {"hostPath": {"path": settings.caller_packages}}
    mounts = {"source": "/source/mesh/load", "packages": "/packages"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"caller": "sidecar" if sidecar else "plain", "sidecar.istio.io/inject": str(sidecar).lower()},
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [
                {
                    "name": "caller",
                    "image": settings.caller_image,
                    "command": ["sh", "-c", f"{install}; exec {load}"],
                    "env": [
                        {"name": "PYTHONPATH", "value": "/source:/packages"},
                        {"name": "PYTHONUNBUFFERED", "value": "1"},
                    ],
                    "volumeMounts": [{"name": volume, "mountPath": mounts[volume]} for volume in volumes],
                }
            ],
            "volumes": [{"name": volume, **source} for volume, source in volumes.items()],
        },
    }
