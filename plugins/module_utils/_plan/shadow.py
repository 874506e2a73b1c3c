# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""VirtualServices of others that would take a model's requests at its gateway.

Istio puts the routes of one host and gateway one after the other, the oldest VirtualService first, and never sorts them by length; a more
specific host is a table of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._render.meta import Object


def shadows(root: Object, created: str | None, others: Iterable[Object]) -> list[str]:
    """A sentence for each VirtualService that takes requests of ``root``, a model's VirtualService for its gateway.

    ``created``: its creation time, None where it does not exist yet and so becomes the youngest.
    """
    gateways, hosts, uris = set(root["spec"]["gateways"]), root["spec"]["hosts"], list(_uris(root))
    return [
        warning
        for other in others
        if not _same(other, root) and gateways & set(_gateways(other))
        for warning in _taken(root, created, other, hosts, uris)
    ]


def _taken(root: Object, created: str | None, other: Object, hosts: list[str], uris: list[str]) -> Iterator[str]:
    name = f"VirtualService {other['metadata']['namespace']}/{other['metadata']['name']}"
    model = f"{root['metadata']['namespace']}/{root['metadata']['name']}"
    for host in other["spec"].get("hosts") or ():
        covering = next((own for own in hosts if _covers(own, host)), None)
        if covering is None:
            continue
        if covering != host:
            yield f"{model}: requests for host {host} go to {name}, which names that host; the model has {covering} only"
        elif created is None or (other["metadata"].get("creationTimestamp") or "") < created:
            caught = sorted(
                {uri for uri in uris if any(_catches(route, uri) for route in other["spec"].get("http") or ())}
            )
            if caught:
                yield f"{model}: {name} is older and catches {', '.join(caught)} of host {host} first; give one of them another path, host or gateway"


def _same(other: Object, root: Object) -> bool:
    return all(other["metadata"].get(key) == root["metadata"].get(key) for key in ("namespace", "name"))


def _gateways(service: Object) -> Iterator[str]:
    for name in service["spec"].get("gateways") or ("mesh",):
        yield name if "/" in name or name == "mesh" else f"{service['metadata']['namespace']}/{name}"


def _covers(pattern: str, host: str) -> bool:
    """Whether requests for ``host`` would also fit ``pattern``."""
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _uris(root: Object) -> Iterator[str]:
    for route in root["spec"]["http"]:
        for match in route.get("match") or ():
            if "headers" not in match:
                yield from match.get("uri", {}).values()


def _catches(route: Mapping[str, Any], uri: str) -> bool:
    matches = route.get("match")
    return not matches or any(_fits(match, uri) for match in matches)


def _fits(match: Mapping[str, Any], uri: str) -> bool:
    """Whether a match without further conditions takes requests for ``uri``."""
    if set(match) - {"uri", "name"}:
        return False
    wanted = match.get("uri") or {}
    if "prefix" in wanted:
        return uri.startswith(wanted["prefix"])
    if "exact" in wanted:
        return bool(uri == wanted["exact"])
    try:
        return "regex" not in wanted or re.fullmatch(wanted["regex"], uri) is not None
    except re.error:  # RE2 knows what Python does not; say nothing rather than something wrong
        return False
