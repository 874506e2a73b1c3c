# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The gateway Pods that serve a model, and how to ask each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ._cluster.client import Client
from ._cluster.errors import ClusterError
from ._cluster.reach import Answer, ask
from ._cluster.read import get, list_kind
from ._cluster.readiness import is_ready
from ._render.meta import Object

PLAIN, SECURE = ("HTTP", "HTTP2", "GRPC"), ("HTTPS",)


@dataclass(frozen=True)
class GatewayPod:
    """A Pod that requests come in by."""

    namespace: str
    pod: str

    def still_there(self, client: Client) -> bool:
        """Whether the Pod is still one that gets requests; its successor has the routes before it is ready."""
        pod = get(client, "Pod", self.namespace, self.pod)
        return pod is not None and is_ready(pod)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod}"


@dataclass(frozen=True)
class Entrance(GatewayPod):
    """The port that one listens on, and what a request for the model has to carry."""

    port: int
    tls: bool
    host: str
    path: str

    def get(self, client: Client, headers: Mapping[str, str], timeout: float = 5.0) -> Answer:
        return ask(client, (self.namespace, self.pod), self.port, self.path, headers, self.host, self.tls, timeout)

    def post(self, client: Client, headers: Mapping[str, str], method: str, body: Any, timeout: float) -> Answer:
        """What the model answers to a request for TensorFlow Serving's ``method``: predict, classify, regress."""
        path, pod = f"{self.path}:{method}", (self.namespace, self.pod)
        return ask(client, pod, self.port, path, headers, self.host, self.tls, timeout, body)


def entrances(client: Client, root: Object | None) -> list[Entrance]:
    """The ready gateway Pods behind the VirtualService of a model; none where it has no gateway."""
    if root is None:
        return []
    gateway = _gateway(client, root, next(iter(root["spec"].get("gateways") or ()), ""))
    host = _host(root["spec"]["hosts"])
    server = _server(gateway, host)
    pods = _pods(client, gateway)
    services = {place: list_kind(client, "Service", place) for place in {pod["metadata"]["namespace"] for pod in pods}}
    return [
        Entrance(
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            _listening(pod, services[pod["metadata"]["namespace"]], int(server["port"]["number"])),
            server["port"]["protocol"].upper() in SECURE,
            "" if host == "*" else host,
            _own_path(root),
        )
        for pod in pods
    ]


def gateway_pods(client: Client, service: Object) -> list[tuple[str, str]]:
    """Namespace and name of the ready Pods of every gateway that a VirtualService is bound to; none where it is for sidecars alone."""
    bound = [reference for reference in service["spec"].get("gateways") or () if reference != "mesh"]
    pods = [pod for reference in bound for pod in _pods(client, _gateway(client, service, reference))]
    return list(dict.fromkeys((pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods))


def _gateway(client: Client, service: Object, reference: str) -> Object:
    namespace, _slash, name = reference.rpartition("/")
    found = get(client, "Gateway", namespace or service["metadata"]["namespace"], name)
    if found is None:
        raise ClusterError(
            f"Gateway {reference} does not exist, so nobody outside reaches the model; create it (role gateway) or name another in gateway"
        )
    return found


def _pods(client: Client, gateway: Object) -> list[Object]:
    """The ready Pods of a gateway."""
    selector = ",".join(f"{key}={value}" for key, value in sorted(gateway["spec"].get("selector", {}).items()))
    if not selector:  # every proxy of the mesh: which of them are gateways cannot be told
        return []
    return [pod for pod in list_kind(client, "Pod", None, selector) if is_ready(pod)]


def _server(gateway: Object, host: str) -> Mapping[str, Any]:
    """The gateway's server for the host: a plain one where there is one, because more ways lead to it."""
    servers = [
        server
        for server in gateway["spec"].get("servers") or ()
        if server["port"]["protocol"].upper() in PLAIN + SECURE
    ]
    servers = [server for server in servers if not (server.get("tls") or {}).get("httpsRedirect")]
    fitting = [
        server for server in servers if any(_covers(pattern.rpartition("/")[2], host) for pattern in server["hosts"])
    ]
    if not fitting:
        name = f"{gateway['metadata']['namespace']}/{gateway['metadata']['name']}"
        raise ClusterError(
            f"Gateway {name} has no HTTP or HTTPS server for host {host}; add one, or name another gateway"
        )
    return min(fitting, key=lambda server: server["port"]["protocol"].upper() in SECURE)


def _covers(pattern: str, host: str) -> bool:
    return pattern in ("*", host) or host == "*" or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _host(hosts: Iterable[str]) -> str:
    """A host that the model answers for."""
    first = next(iter(hosts))
    return f"proof{first[1:]}" if first.startswith("*.") else first


def _own_path(root: Object) -> str:
    """TensorFlow Serving's path of the model: the route that is not rewritten."""
    for route in root["spec"]["http"]:
        for match in route.get("match") or ():
            if "rewrite" not in route and "exact" in match.get("uri", {}):
                return str(match["uri"]["exact"])
    raise ClusterError(
        f"VirtualService {root['metadata']['namespace']}/{root['metadata']['name']} has no route of this collection; somebody has edited it. "
        "Delete it and run again"
    )


def _listening(pod: Object, services: Iterable[Object], port: int) -> int:
    """The port of the Pod behind a port of its Service: that is what Istio makes the proxy listen on."""
    labels = pod["metadata"].get("labels") or {}
    for service in services:
        selector = service["spec"].get("selector")
        if not selector or any(labels.get(key) != value for key, value in selector.items()):
            continue
        for entry in service["spec"].get("ports") or ():
            if entry["port"] == port:
                return _number(pod, entry.get("targetPort", port), port)
    return port


def _number(pod: Object, target: int | str, port: int) -> int:
    if isinstance(target, int):
        return target
    ports = [
        port
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("name") == target
    ]
    if ports:
        return int(ports[0]["containerPort"])
    return int(target) if target.isdecimal() else port
