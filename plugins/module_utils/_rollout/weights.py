# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The weights of one route in a VirtualService that somebody else owns: what they are, and the patch that changes nothing but them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._plan.live import is_ours
from .._spec import names
from .._spec.errors import did_you_mean, wrong
from .._spec.rule import Rule, from_weights

Operation = dict[str, Any]
"""One operation of a JSON patch (RFC 6902)."""

Destinations = list[dict[str, Any]]
"""``spec.http[].route`` as it is written: each entry has a ``destination`` and, or not, a ``weight``."""


@dataclass(frozen=True)
class Route:
    """A route as it was read: ``entry`` at ``index`` of ``spec.http``."""

    index: int
    entry: dict[str, Any]

    @property
    def destinations(self) -> Destinations:
        return list(self.entry["route"])

    @property
    def name(self) -> str | None:
        return self.entry.get("name")


def find(service: Mapping[str, Any], name: str | None) -> Route:
    """The http route that is called ``name``, or the only one with destinations. Raises SpecError with those that there are."""
    place = f"VirtualService {service['metadata']['namespace']}/{service['metadata']['name']}"
    if is_ours(service):
        raise wrong(
            f"virtual_service: {place} is one of this collection; leave manage, virtual_service and route out to move MODEL-rule"
        )
    http = service.get("spec", {}).get("http") or []
    routes = [Route(index, entry) for index, entry in enumerate(http) if entry.get("route")]
    known = [route.name for route in routes if route.name]
    if name is None:
        if len(routes) == 1:
            return routes[0]
        why = f"say which one in route: {', '.join(known) or 'give the one that is to be moved a name first'}"
        raise wrong(f"route: {place} has {len(routes)} http routes with destinations; {why}")
    found = [route for route in routes if route.name == name]
    if len(found) != 1:
        what = "no http route with destinations" if not found else f"{len(found)} http routes"
        raise wrong(f"route: {place} has {what} called {name}; {did_you_mean(name, known)}")
    return found[0]


def versions(model: str, destinations: Destinations) -> list[str]:
    """The name of each destination: its subset, or the first label of its host. Raises SpecError where two have one name."""
    found = []
    for entry in destinations:
        target = entry["destination"]
        found.append(names.destination(model, target.get("subset") or target["host"].split(".", 1)[0]))
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise wrong(f"route: two of its destinations are called {twice[0]}, so weights could not tell them apart")
    return found


def rule_of(model: str, destinations: Destinations) -> Rule:
    """The rule that the weights stand for, whatever they add up to."""
    weights = [int(entry.get("weight") or 0) for entry in destinations]
    return from_weights(dict(zip(versions(model, destinations), weights, strict=True)))


def weights_for(model: str, rule: Rule, destinations: Destinations, origin: Destinations) -> list[int | None]:
    """The weight of each destination under ``rule``, None for none. Raises SpecError where the rule names one that has gone.

    The rule that ``origin`` stands for is written exactly as it stood there.
    """
    names_ = versions(model, destinations)
    gone = [name for name in rule.live if name not in names_]
    if gone:
        raise wrong(f"route: it has no destination {', '.join(gone)} any more; {did_you_mean(gone[0], names_)}")
    if rule.same_as(rule_of(model, origin)):
        before = dict(zip(versions(model, origin), (entry.get("weight") for entry in origin), strict=True))
        return [before.get(name, 0) for name in names_]
    shares = rule.weights()
    return [
        None if "weight" not in entry and not shares.get(name) else shares.get(name, 0)
        for name, entry in zip(names_, destinations, strict=True)
    ]


def patch(route: Route, weights: list[int | None]) -> list[Operation]:
    """The operations that give the destinations their weights, if the route is still what was read; none where they have them."""
    place = f"/spec/http/{route.index}"
    changes: list[Operation] = []
    for index, (entry, weight) in enumerate(zip(route.destinations, weights, strict=True)):
        where = f"{place}/route/{index}/weight"
        if weight is None and "weight" in entry:
            changes.append({"op": "remove", "path": where})
        elif weight is not None and entry.get("weight") != weight:
            changes.append({"op": "replace" if "weight" in entry else "add", "path": where, "value": weight})
    return [{"op": "test", "path": place, "value": route.entry}, *changes] if changes else []


def changed(route: Route, operations: list[Operation]) -> list[dict[str, Any]]:
    """What a patch changes, as results show it."""
    shown = []
    for operation in operations:
        if operation["op"] != "test":
            index = int(operation["path"].split("/")[-2])
            path = f"spec.http[{route.index}].route[{index}].weight"
            before = route.destinations[index].get("weight")
            shown.append({"path": path, "before": before, "after": operation.get("value")})
    return shown


def moved_by(service: Mapping[str, Any]) -> str:
    """Who has written the routes last beside us: a field manager, as the API server has noted it."""
    found = [entry for entry in _writers(service) if entry.get("manager") != names.MANAGER]
    if not found:
        return "somebody else"
    newest = max(found, key=lambda entry: str(entry.get("time") or ""))
    return f"{newest.get('manager') or 'somebody else'} ({newest.get('operation', 'Update')} at {newest.get('time', 'an unknown time')})"


def release(service: Mapping[str, Any]) -> list[Operation]:
    """The operations that give the ownership of the routes back: then nothing of ours stands on the object."""
    fields = service["metadata"].get("managedFields") or []
    ours = [
        index
        for index, entry in enumerate(fields)
        if entry in _writers(service) and entry.get("manager") == names.MANAGER
    ]
    operations: list[Operation] = []
    for index in reversed(ours):
        place = f"/metadata/managedFields/{index}"
        operations += [
            {"op": "test", "path": f"{place}/manager", "value": names.MANAGER},
            {"op": "remove", "path": place},
        ]
    return operations


def _writers(service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entries of managedFields that own the routes: istio's lists are owned as a whole."""
    fields = service["metadata"].get("managedFields") or []
    return [entry for entry in fields if "f:http" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})]
