# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A model as it is on the cluster, read from its objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from .._render.meta import Object
from .._render.rule import DECLARED, PREVIOUS, ROLLOUT, Policy, Record
from .._spec import names
from .._spec.errors import SpecError, wrong
from .._spec.rule import Rule, from_weights, read_rule

Key = tuple[str, str]
"""Kind and name within a namespace."""

VERSION_KINDS = (
    "Deployment",
    "Service",
    "ConfigMap",
    "DestinationRule",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
)


@dataclass(frozen=True)
class LiveRule:
    """MODEL-rule as it stands."""

    rule: Rule
    record: Record
    policy: Policy
    previews: tuple[str, ...]
    resource_version: str


@dataclass(frozen=True)
class Live:
    """One model's objects of ours, and its neighbours in the namespace, which may stand in its place."""

    namespace: str
    name: str
    objects: Mapping[Key, Object] = field(default_factory=dict)
    neighbours: Mapping[Key, Object] = field(default_factory=dict)
    scaled: frozenset[str] = frozenset()
    """Deployments of the namespace that an autoscaler of somebody else has in hand."""

    def get(self, kind: str, name: str) -> Object | None:
        return self.objects.get((kind, name)) or self.neighbours.get((kind, name))

    @cached_property
    def rule(self) -> LiveRule | None:
        found = self.get("VirtualService", names.rule(self.name))
        return read_live_rule(found) if found and is_ours(found) else None

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions that have a Deployment."""
        return self._labelled("Deployment")

    @property
    def remnants(self) -> tuple[str, ...]:
        """Versions that have any object: a removal that was cut short leaves some."""
        return self._labelled(*VERSION_KINDS)

    def _labelled(self, *kinds: str) -> tuple[str, ...]:
        labels = [entry["metadata"]["labels"] for (kind, _name), entry in self.objects.items() if kind in kinds]
        return tuple(sorted({label["version"] for label in labels if "version" in label}))

    @property
    def selected(self) -> str | None:
        """The version that the Service MODEL selects."""
        service = self.get("Service", self.name)
        return ((service or {}).get("spec", {}).get("selector") or {}).get("version")

    def of_version(self, version: str) -> list[Object]:
        """Our objects of a version, whatever kinds there are."""
        name = names.version(self.name, version)
        found = (self.get(kind, name) for kind in VERSION_KINDS)
        return [
            entry
            for entry in found
            if entry and is_ours(entry) and entry["metadata"]["labels"].get("version") == version
        ]


def is_ours(entry: Mapping[str, Any]) -> bool:
    return (entry["metadata"].get("labels") or {}).get(names.MANAGED_BY) == names.MANAGER


def owner(entry: Mapping[str, Any]) -> str | None:
    """The model that one of our objects belongs to."""
    return (entry["metadata"].get("labels") or {}).get("app") if is_ours(entry) else None


def serves_as(deployment: Mapping[str, Any]) -> str:
    """TensorFlow Serving's name of the model of a Deployment, from the path of its own readiness probe."""
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    match = re.match(r"/v1/models/([^/]+)", container.get("readinessProbe", {}).get("httpGet", {}).get("path", ""))
    return match[1] if match else ""


def group(namespace: str, objects: Iterable[Object], models: Iterable[str] = ()) -> dict[str, Live]:
    """The models that have objects in a namespace, and ``models`` that may have none yet, by name."""
    everything = {
        (entry["kind"], entry["metadata"]["name"]): entry
        for entry in objects
        if entry["metadata"]["namespace"] == namespace
    }
    result: dict[str, dict[Key, Object]] = {}
    for key, entry in everything.items():
        model = owner(entry)
        if model:
            result.setdefault(model, {})[key] = entry
    scaled = frozenset(
        entry["spec"]["scaleTargetRef"]["name"]
        for (kind, _name), entry in everything.items()
        if kind == "HorizontalPodAutoscaler"
        and not is_ours(entry)
        and entry["spec"]["scaleTargetRef"].get("kind") == "Deployment"
    )
    for model in models:
        result.setdefault(model, {})
    return {model: Live(namespace, model, found, everything, scaled) for model, found in result.items()}


def read_live_rule(entry: Mapping[str, Any]) -> LiveRule:
    """MODEL-rule from its VirtualService. Raises SpecError where somebody else has made it unreadable."""
    metadata, http = entry["metadata"], entry.get("spec", {}).get("http") or []
    name = f"{metadata['namespace']}/{metadata['name']}"
    model = str(metadata["labels"]["app"])
    routes = {route.get("name"): route for route in http}
    if "rest" not in routes or not routes["rest"].get("route"):
        raise wrong(f"VirtualService {name} has no route named rest; somebody has edited it. Delete it and run again")
    weights = {
        _version(model, target["destination"]["host"]): target.get("weight", 0) for target in routes["rest"]["route"]
    }
    annotations = metadata.get("annotations") or {}
    return LiveRule(
        rule=from_weights(weights),
        record=Record(
            _remembered(annotations.get(DECLARED)),
            _remembered(annotations.get(PREVIOUS)),
            annotations.get(ROLLOUT),
        ),
        policy=Policy(
            _seconds(routes["rest"].get("timeout")), (routes["rest"].get("retries") or {}).get("attempts", 0)
        ),
        previews=tuple(
            _version(model, r["route"][0]["destination"]["host"])
            for n, r in routes.items()
            if str(n).startswith("preview-rest-")
        ),
        resource_version=metadata["resourceVersion"],
    )


def _version(model: str, host: str) -> str:
    return host.split(".", 1)[0].removeprefix(f"{model}-")


@lru_cache(maxsize=1024)
def _remembered(text: str | None) -> Rule | None:
    """A rule from an annotation; one that cannot be read is as good as none."""
    try:
        return read_rule(text) if text else None
    except SpecError:
        return None


def _seconds(duration: str | None) -> float | None:
    """Istio's duration, as this collection writes it, in seconds."""
    match = re.fullmatch(r"([0-9.]+)s", duration or "")
    return float(match[1]) if match else None
