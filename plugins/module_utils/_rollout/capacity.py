# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""How many Pods a share of the traffic needs, and whether the nodes can hold them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from .._spec.quantity import amount
from .._spec.rule import WHOLE

Counted = dict[str, Fraction]
"""Amounts by resource: cpu, memory, nvidia.com/gpu."""


def needed(full: int, tenths: int) -> int:
    """Pods for a share, where ``full`` Pods serve all of the traffic: in proportion, rounded up, one at least."""
    return max(1, -(-full * tenths // WHOLE))


def no_room(
    nodes: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]], pod: Mapping[str, Any], more: int
) -> str:
    """Why the nodes cannot hold ``more`` Pods like ``pod``, with the numbers; empty where they can.

    What the scheduler looks at beside requests, node selectors and taints (affinities, topology) is left to the scheduler.
    """
    wanted = requests(pod["spec"])
    used: dict[str, list[Mapping[str, Any]]] = {}
    for other in pods:
        if other["spec"].get("nodeName") and other.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
            used.setdefault(other["spec"]["nodeName"], []).append(other)
    room, words = 0, []
    for node in nodes:
        name = node["metadata"]["name"]
        if not _takes(node, pod["spec"]):
            continue
        free = _free(node, used.get(name, []), wanted)
        fits = int(min([free["pods"], *(free[what] / each for what, each in wanted.items() if each)]))
        room += max(0, fits)
        words.append(f"{name} has {_listed({what: free[what] for what in wanted})} free")
    if room >= more:
        return ""
    where = "; ".join(words[:5]) + (f"; and {len(words) - 5} nodes more" if len(words) > 5 else "")
    return (
        f"{more} more Pods of {_listed(wanted)} are needed, and the nodes have room for {room} ({where or 'no node takes such Pods'}); "
        "add nodes, or lower the requests or replicas of the versions"
    )


def requests(spec: Mapping[str, Any]) -> Counted:
    """What a Pod asks for, as the scheduler counts it: its containers and sidecars together, or its largest init container."""
    total: Counted = {}
    for container in [*spec["containers"], *(c for c in spec.get("initContainers") or () if c.get("restartPolicy"))]:
        for what, each in _amounts(container).items():
            total[what] = total.get(what, Fraction(0)) + each
    for container in spec.get("initContainers") or ():
        for what, each in _amounts(container).items():
            total[what] = max(total.get(what, Fraction(0)), each)
    return total


def _amounts(container: Mapping[str, Any]) -> Counted:
    given = (container.get("resources") or {}).get("requests") or {}
    return {what: _exact(text) for what, text in given.items()}


def _exact(text: Any) -> Fraction:
    return Fraction(amount(text) or 0).limit_denominator(10**9)


def _free(node: Mapping[str, Any], pods: list[Mapping[str, Any]], wanted: Counted) -> Counted:
    allocatable = node.get("status", {}).get("allocatable") or {}
    free = {what: _exact(allocatable.get(what, "0")) for what in (*wanted, "pods")}
    for pod in pods:
        for what, each in requests(pod["spec"]).items():
            if what in wanted:
                free[what] -= each
    free["pods"] -= len(pods)
    return free


def _takes(node: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether the node is ready and takes Pods of this spec, by its selector and its taints."""
    conditions = {entry["type"]: entry["status"] for entry in node.get("status", {}).get("conditions") or ()}
    if conditions.get("Ready") != "True" or node.get("spec", {}).get("unschedulable"):
        return False
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(name) != value for name, value in (spec.get("nodeSelector") or {}).items()):
        return False
    taints = [taint for taint in node.get("spec", {}).get("taints") or () if taint["effect"] != "PreferNoSchedule"]
    return all(any(_tolerates(entry, taint) for entry in spec.get("tolerations") or ()) for taint in taints)


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")


def _listed(amounts: Counted) -> str:
    return ", ".join(f"{what} {_shown(what, each)}" for what, each in sorted(amounts.items())) or "no requests"


def _shown(what: str, each: Fraction) -> str:
    return f"{float(each) / 2**20:.0f}Mi" if what in ("memory", "ephemeral-storage") else f"{float(each):g}"
