# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Reading objects: one LIST a kind and namespace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._spec.names import MANAGED_BY, MANAGER
from .client import Client
from .errors import CRDS, ClusterError, NotFound
from .kinds import OWN, api_version, path

OURS = f"{MANAGED_BY}={MANAGER}"
PAGE = 500
READERS = 3
"""Lists that are read at once: a connection takes longer to open than a list to be read, and one interpreter parses them all."""


def get(client: Client, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
    """One object, or None where there is none."""
    try:
        return client.request("GET", path(kind, namespace, name), f"{kind} {namespace}/{name}")
    except NotFound as error:
        if CRDS in str(error):
            raise
        return None


def list_kind(client: Client, kind: str, namespace: str | None = None, selector: str = "") -> list[dict[str, Any]]:
    """All objects of a kind in a namespace (in every namespace where that is None), page by page."""
    return _pages(client, kind, namespace, selector)[0]


def list_versioned(client: Client, kind: str, namespace: str, selector: str = "") -> tuple[list[dict[str, Any]], str]:
    """The objects and the resourceVersion from which a watch goes on."""
    return _pages(client, kind, namespace, selector)


def own_objects(
    client: Client, namespaces: Iterable[str | None], kinds: Iterable[str] = OWN, missing_crds: bool = False
) -> list[dict[str, Any]]:
    """The collection's objects, and every autoscaler. With ``missing_crds`` kinds that the cluster does not know yet count as empty."""

    def read(query: tuple[str, str | None]) -> list[dict[str, Any]]:
        try:
            return list_kind(client, query[0], query[1], "" if query[0] == "HorizontalPodAutoscaler" else OURS)
        except NotFound:
            if missing_crds:
                return []
            raise

    found = client.every(read, [(kind, namespace) for namespace in namespaces for kind in kinds], READERS)
    return [entry for entries in found for entry in entries]


def strangers(client: Client, wanted: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Of objects about to be created (kind, namespace, name), those that exist and are not ours: names and labels only."""
    names = set(wanted)
    queries = sorted({(kind, namespace) for kind, namespace, name in names})
    header = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}

    def read(query: tuple[str, str]) -> list[dict[str, Any]]:
        kind, namespace = query
        try:
            entries = _pages(client, kind, namespace, f"{MANAGED_BY}!={MANAGER}", header)[0]
        except NotFound:  # a kind that the cluster does not know has no objects; writing one says more
            return []
        return [entry for entry in entries if (kind, namespace, entry["metadata"]["name"]) in names]

    return [entry for entries in client.every(read, queries) for entry in entries]


def _pages(
    client: Client, kind: str, namespace: str | None, selector: str, headers: dict[str, str] | None = None
) -> tuple[list[dict[str, Any]], str]:
    asked = {"labelSelector": selector} if selector else {}
    return pages(client, path(kind, namespace), (api_version(kind), kind), namespace, asked, headers)


def pages(
    client: Client,
    place: str,
    what: tuple[str, str],
    namespace: str | None,
    asked: dict[str, str],
    headers: dict[str, str] | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """The items of the list at a path, and its resourceVersion. ``what``: their apiVersion and kind; ``asked``: selectors. Raises ClusterError."""
    version, kind = what
    target = f"{kind}s of {'namespace ' + namespace if namespace else 'all namespaces'}"
    query: dict[str, Any] = {"limit": PAGE, **asked}
    entries: list[dict[str, Any]] = []
    while True:
        answer = client.request("GET", place, target, query, headers=headers)
        if "items" not in answer or "metadata" not in answer:
            raise ClusterError(
                f"cannot read {target}: the answer has no list; is {client.host} a Kubernetes API server?"
            )
        items = answer["items"] or []  # an empty list is null
        for entry in items:  # a list leaves out what all its items share
            entry["kind"], entry["apiVersion"] = kind, version
        entries += items
        more = answer["metadata"].get("continue")
        if not more:
            return entries, str(answer["metadata"].get("resourceVersion", ""))
        query = {**query, "continue": more}
