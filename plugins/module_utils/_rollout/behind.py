# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What stands behind the destinations of a route that somebody else owns: Pods, their ports, and how Istio's metrics name them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._cluster.errors import ClusterError
from .._cluster.readiness import is_ready, is_serving
from .._plan.endpoints import SERVICE
from .._spec import names
from .weights import Destinations, versions

Pod = Mapping[str, Any]


@dataclass(frozen=True)
class Destination:
    """A version as a route names it: a Service's host in full, and the subset, empty for none."""

    version: str
    host: str
    subset: str

    @property
    def service(self) -> tuple[str, str]:
        """Name and namespace of the Service."""
        name, namespace = self.host.split(".")[:2]
        return name, namespace


def targets(model: str, namespace: str, destinations: Destinations) -> list[Destination]:
    """The destinations of a route; a host without a dot is one of the VirtualService's own ``namespace``, as Istio reads it."""
    result = []
    for version, entry in zip(versions(model, destinations), destinations, strict=True):
        host = str(entry["destination"]["host"])
        full = host if "." in host else names.host(host, namespace)
        result.append(Destination(version, full, str(entry["destination"].get("subset") or "")))
    return result


class Behind:
    """One look at a cluster: from EndpointSlices, Pods and DestinationRules of the namespaces that are concerned."""

    def __init__(
        self,
        destinations: Iterable[Destination],
        slices: Iterable[Mapping[str, Any]],
        pods: Iterable[Pod],
        rules: Iterable[Mapping[str, Any]],
    ) -> None:
        self._slices, rules = list(slices), list(rules)
        ready = {_key(pod): pod for pod in pods if is_ready(pod)}
        self.pods: dict[str, list[Pod]] = {}
        """Pods that get requests, by version."""
        self.no_subset: list[Destination] = []
        """Destinations whose subset no DestinationRule has: a proxy answers 503 for them."""
        for destination in destinations:
            labels = _labels(destination, rules)
            if labels is None:
                self.no_subset.append(destination)
            behind = (ready[key] for key in self._served_by(destination) if key in ready)
            self.pods[destination.version] = [pod for pod in behind if labels is not None and _has(pod, labels)]

    def unready(self, wanted: Iterable[str]) -> list[str]:
        """Those of the versions that nobody would answer for. Raises ClusterError where one of them has no subset."""
        versions_ = list(wanted)
        for destination in self.no_subset:
            if destination.version in versions_:
                raise ClusterError(
                    f"no DestinationRule has subset {destination.subset} of {destination.host}, so proxies would answer 503 for {destination.version}; "
                    "have it written first"
                )
        return [version for version in versions_ if not self.pods.get(version)]

    def assure(self, wanted: Iterable[str]) -> None:
        """Raise ClusterError where a version has no Pod that gets requests."""
        empty = self.unready(wanted)
        if empty:
            raise ClusterError(f"version {', '.join(empty)} has no ready endpoint")

    def rest_port(self, destination: Destination) -> int | None:
        """The port of its Pods that speaks HTTP: by the name of the Service's port, or the only one there is."""
        ports = [port for entry in self._of(destination) for port in entry.get("ports") or () if port.get("port")]
        speaking = [port for port in ports if re.match(r"http(?!s)", port.get("appProtocol") or port.get("name") or "")]
        numbers = dict.fromkeys(int(port["port"]) for port in speaking or ports)
        return next(iter(numbers)) if speaking or len(numbers) == 1 else None

    def _of(self, destination: Destination) -> list[Mapping[str, Any]]:
        name, namespace = destination.service
        return [
            entry
            for entry in self._slices
            if entry["metadata"]["namespace"] == namespace
            and (entry["metadata"].get("labels") or {}).get(SERVICE) == name
        ]

    def _served_by(self, destination: Destination) -> list[tuple[str, str]]:
        points = (point for entry in self._of(destination) for point in entry.get("endpoints") or ())
        found = (
            (p["targetRef"].get("namespace", ""), p["targetRef"]["name"])
            for p in points
            if is_serving(p) and "targetRef" in p
        )
        return list(dict.fromkeys(found))


def series(destinations: list[Destination], behind: Behind) -> dict[str, dict[str, str]]:
    """By version, the labels that Istio's metrics have of it: the Service, and, where versions share one, workload and version of its Pods."""
    hosts = [destination.host for destination in destinations]
    result = {}
    for destination in destinations:
        labels = {"destination_service": destination.host}
        if hosts.count(destination.host) > 1:
            found = behind.pods.get(destination.version, [])
            for name, values in (
                ("destination_workload", {workload(pod) for pod in found}),
                ("destination_version", {(pod["metadata"].get("labels") or {}).get("version", "") for pod in found}),
            ):
                if len(values) == 1 and "" not in values:
                    labels[name] = values.pop()
        result[destination.version] = labels
    return result


def workload(pod: Pod) -> str:
    """The Pod's Deployment, as Istio names workloads: its ReplicaSet's name without the hash; or whatever else made it."""
    owner = next(iter(pod["metadata"].get("ownerReferences") or ()), None)
    if owner is None:
        return str(pod["metadata"]["name"])
    hashed = (pod["metadata"].get("labels") or {}).get("pod-template-hash", "")
    return str(owner["name"]).removesuffix(f"-{hashed}") if owner["kind"] == "ReplicaSet" else str(owner["name"])


def model_name(pod: Pod, default: str) -> str:
    """TensorFlow Serving's name of the model in a Pod: from its probes, its arguments or its image's variable; else ``default``."""
    for container in pod["spec"]["containers"]:
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            match = re.match(
                r"/v1/models/([^/:]+)", ((container.get(probe) or {}).get("httpGet") or {}).get("path") or ""
            )
            if match:
                return match[1]
        for word in _words(container):
            if word.startswith("--model_name="):
                return word.partition("=")[2]
        for entry in container.get("env") or ():
            if entry.get("name") == "MODEL_NAME" and entry.get("value"):
                return str(entry["value"])
    return default


def is_pinned(pod: Pod) -> bool:
    """Whether a Pod's server is told which integers to serve, as far as its arguments show."""
    return any(has_flag(container, "model_config_file") for container in pod["spec"]["containers"])


def has_flag(container: Mapping[str, Any], name: str) -> bool:
    """Whether a container's program is given ``--name=``."""
    return any(word.startswith(f"--{name}=") for word in _words(container))


def _words(container: Mapping[str, Any]) -> list[str]:
    return [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]


def _labels(destination: Destination, rules: Iterable[Mapping[str, Any]]) -> Mapping[str, str] | None:
    """The labels of a subset; none of them where there is no subset, and None where it does not exist."""
    if not destination.subset:
        return {}
    for rule in rules:
        host = str(rule["spec"]["host"])
        full = host if "." in host else names.host(host, rule["metadata"]["namespace"])
        for subset in rule["spec"].get("subsets") or ():
            if full.split(".")[:2] == destination.host.split(".")[:2] and subset["name"] == destination.subset:
                return dict(subset.get("labels") or {})
    return None


def _has(pod: Pod, labels: Mapping[str, str]) -> bool:
    return labels.items() <= (pod["metadata"].get("labels") or {}).items()


def _key(pod: Pod) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]
