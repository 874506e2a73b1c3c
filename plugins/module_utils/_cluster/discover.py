# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Objects of any kind: where the API has them is asked of the API server itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._spec.query import Query
from .client import Client
from .errors import NotFound
from .read import READERS, pages

Objects = list[dict[str, Any]]


def discover(client: Client, queries: Mapping[str, Query]) -> dict[str, Objects]:
    """The objects of each query; none of a kind that the cluster does not know. Raises ClusterError."""
    groups = sorted({query.group for query in queries.values()})
    kinds = dict(zip(groups, client.every(lambda group: _kinds(client, group), groups, READERS), strict=True))

    def read(query: Query) -> Objects:
        resource = kinds[query.group].get(query.kind)
        return _objects(client, query, resource) if resource else []

    return dict(zip(queries, client.every(read, queries.values(), READERS), strict=True))


def version(client: Client) -> str:
    """The API server's minor version, ``1.34``. Raises ClusterError."""
    answer = client.request("GET", "/version", "the API server's version")
    return f"{answer.get('major', '')}.{answer.get('minor', '')}".rstrip("+")


def _kinds(client: Client, group: str) -> dict[str, dict[str, Any]]:
    """What a group and version has, by its kind; parts of objects, such as their status, excepted."""
    try:
        answer = client.request("GET", group, f"the kinds of {group.split('/', 2)[2]}")
    except NotFound:
        return {}
    return {entry["kind"]: entry for entry in answer.get("resources") or () if "/" not in entry["name"]}


def _objects(client: Client, query: Query, resource: Mapping[str, Any]) -> Objects:
    where = f"/namespaces/{query.namespace}" if query.namespace and resource["namespaced"] else ""
    path = f"{query.group}{where}/{resource['name']}"
    if query.name:
        try:
            place = f"{query.namespace}/" if query.namespace else ""
            return [client.request("GET", f"{path}/{query.name}", f"{query.kind} {place}{query.name}")]
        except NotFound:
            return []
    selectors = {"labelSelector": query.label_selectors, "fieldSelector": query.field_selectors}
    asked = {name: ",".join(words) for name, words in selectors.items() if words}
    return pages(client, path, (query.api_version, query.kind), query.namespace, asked)[0]
