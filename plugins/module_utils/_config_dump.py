# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Proof by what a gateway Pod's Envoy itself says that it routes by: for routes that carry no mark of this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ._cluster.client import Client
from ._cluster.reach import Answer, ask
from ._gateways import GatewayPod, gateway_pods
from ._proof import Proof, located, prove, settle
from ._render.meta import Object
from ._spec.rule import Rule, from_weights

ADMIN_PORT = 15000
"""Where Istio's proxies have Envoy's admin interface: on the Pod's localhost, which a port-forward reaches and the Pod proxy does not."""

ROUTES = "/config_dump?resource=dynamic_route_configs"

Target = tuple[str, str, str]
"""A destination: name and namespace of its Service, and its subset, empty for none."""


class Admin(GatewayPod):
    """The admin interface of one gateway Pod."""

    def get(self, client: Client, headers: Mapping[str, str], timeout: float = 5.0) -> Answer:
        """The routes that its Envoy has. Raises ClusterError."""
        answer = ask(client, (self.namespace, self.pod), ADMIN_PORT, ROUTES, headers, host="localhost", timeout=timeout)
        return replace(answer, transport=f"config dump by {answer.transport}")


def prove_weights(
    client: Client, service: Object, route: str | None, versions: Mapping[Target, str], rule: Rule, timeout: float
) -> Proof:
    """Every gateway Pod of a VirtualService shares the requests of a route by the rule. Raises ClusterError after ``timeout`` seconds."""
    pods = located(lambda: gateway_pods(client, service))
    if isinstance(pods, Proof):
        return pods
    name = f"VirtualService {service['metadata']['namespace']}/{service['metadata']['name']}"
    if not pods:
        return settle(f"{name} is bound to no gateway that has Pods; sidecars of callers are not asked")

    def unlike(answer: Answer) -> str | None:
        found = rules(answer.json(), service, route, versions) if answer.status == 200 else []
        if not found:
            return f"it has no such route of {name}"
        other = next((other for other in found if other is None or not other.same_as(rule)), rule)
        return None if other is rule else f"it still routes by {other or 'other destinations'}"

    return prove(client, [Admin(*pod) for pod in pods], {}, unlike, timeout)


def rules(dump: Any, service: Object, route: str | None, versions: Mapping[Target, str]) -> list[Rule | None]:
    """By what rule each of an Envoy's routes shares its requests that Istio has made of an http route: one for each of its matches and
    hosts. None for one that leads elsewhere than to ``versions``. ``route``: its name, None where it is the only one with destinations."""
    result: list[Rule | None] = []
    for entry in _routes(dump, service):
        weights = _weights(entry)
        name = str(entry.get("name", ""))
        if weights and (route is None or name == route or name.startswith(f"{route}.")):
            known = {versions[target]: weight for target, weight in weights.items() if target in versions}
            result.append(from_weights(known) if len(known) == len(weights) else None)
    return result


def _routes(dump: Any, service: Object) -> Iterator[Mapping[str, Any]]:
    """The routes that Istio notes to be of the VirtualService."""
    metadata = service["metadata"]
    config = f"/namespaces/{metadata['namespace']}/virtual-service/{metadata['name']}"
    for entry in dump.get("configs") or () if isinstance(dump, dict) else ():
        for host in (entry.get("route_config") or {}).get("virtual_hosts") or ():
            for route in host.get("routes") or ():
                noted = ((route.get("metadata") or {}).get("filter_metadata") or {}).get("istio") or {}
                if str(noted.get("config", "")).endswith(config):
                    yield route


def _weights(route: Mapping[str, Any]) -> dict[Target, int]:
    """Weights by destination; none for a route that answers or redirects by itself. A single destination has them all."""
    action = route.get("route") or {}
    clusters = (action.get("weighted_clusters") or {}).get("clusters") or ()
    if "cluster" in action:
        clusters = [{"name": action["cluster"], "weight": 1}]
    result: dict[Target, int] = {}
    for cluster in clusters:
        _direction, _port, subset, host = [*str(cluster["name"]).split("|"), "", "", ""][:4]
        name, _dot, rest = host.partition(".")
        target = (name, rest.partition(".")[0], subset)
        result[target] = result.get(target, 0) + int(cluster.get("weight") or 0)
    return result
