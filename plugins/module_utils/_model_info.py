# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the module ``model_info`` does: the models of a cluster as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ._cluster.client import Client
from ._cluster.errors import ClusterError
from ._cluster.read import OURS, list_kind
from ._cluster.readiness import is_ready, pods_of, ready_endpoints
from ._plan.live import Live, group, serves_as
from ._render.meta import Object
from ._rollout.info import rollouts
from ._serving import served
from ._spec import names
from ._spec.errors import SpecError

KINDS = ("VirtualService", "Deployment", "Service", "EndpointSlice", "Pod")

Result = dict[str, Any]


def read_info(client: Client, params: Mapping[str, Any]) -> Result:
    """The module's result: one entry a model. Raises ClusterError."""
    namespace, name = params["namespace"], params["name"]
    selector = f"{OURS},app={name}" if name else OURS
    found = dict(client.every(lambda kind: (kind, list_kind(client, kind, namespace, selector)), KINDS))
    objects = [*found["VirtualService"], *found["Deployment"], *found["Service"]]
    models = [
        _model(live, found["Pod"], found["EndpointSlice"])
        for place in sorted({entry["metadata"]["namespace"] for entry in objects})
        for _name, live in sorted(group(place, objects).items())
    ]
    moved = rollouts(client, namespace, name)
    for model in models:
        model["rollout"] = moved.get((model["namespace"], model["name"]))
    if params["served"]:
        _add_served(client, models, found["Pod"])
    foreign = [
        {"name": key[1], "namespace": key[0], "virtual_service": rollout["virtual_service"], "rollout": rollout}
        for key, rollout in sorted(moved.items())
        if rollout.get("virtual_service")
    ]
    return {"changed": False, "models": models, "foreign": foreign}


def _model(live: Live, pods: Iterable[Object], slices: Iterable[Object]) -> Result:
    result: Result = {
        "name": live.name,
        "namespace": live.namespace,
        "rule": None,
        "declared_rule": None,
        "previous_rule": None,
        "selected": live.selected,
        "problems": [],
    }
    try:
        rule = live.rule
    except SpecError as error:
        rule = None
        result["problems"].append(str(error))
    if rule:
        result |= {
            "rule": rule.rule.percents(),
            "declared_rule": rule.record.declared.percents() if rule.record.declared else None,
            "previous_rule": rule.record.previous.percents() if rule.record.previous else None,
        }
    endpoints = ready_endpoints(entry for entry in slices if entry["metadata"]["namespace"] == live.namespace)
    result["versions"] = [
        _version(live, version, endpoints, rule.rule.percents() if rule else {}) for version in live.versions
    ]
    return result


def _version(live: Live, version: str, endpoints: Mapping[str, int], percents: Mapping[str, Any]) -> Result:
    name = names.version(live.name, version)
    deployment = live.objects["Deployment", name]
    containers, status = deployment["spec"]["template"]["spec"]["containers"], deployment.get("status", {})
    return {
        "name": version,
        "percent": percents.get(version, 0),
        "model_name": serves_as(deployment),
        "images": [container["image"] for container in containers],
        "replicas": deployment["spec"].get("replicas", 1),
        "ready_replicas": status.get("readyReplicas", 0),
        "ready_endpoints": endpoints.get(name, 0),
        "served": None,
        "conditions": [
            {key: condition.get(key) for key in ("type", "status", "reason", "message")}
            for condition in status.get("conditions") or ()
        ],
    }


def _add_served(client: Client, models: list[Result], pods: list[Object]) -> None:
    """Ask every ready version which integers it serves; one that does not answer is a problem of its model, not of the module."""
    asked = [(model, version) for model in models for version in model["versions"] if version["ready_replicas"]]

    def ask(entry: tuple[Result, Result]) -> list[int] | str:
        model, version = entry
        its = filter(is_ready, pods_of(pods, model["namespace"], model["name"], version["name"]))
        try:
            return served(client, its, version["model_name"])
        except ClusterError as error:
            return str(error)

    for (model, version), answer in zip(asked, client.every(ask, asked), strict=True):
        if isinstance(answer, str):
            model["problems"].append(answer)
        else:
            version["served"] = answer
