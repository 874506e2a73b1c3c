# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Writing objects: server-side apply with one field manager, patches of what others write too, creation and deletion."""

from __future__ import annotations

from typing import Any

from .._render.meta import Object
from .._spec.names import MANAGER
from .client import Client
from .errors import NotFound
from .kinds import path


def apply(client: Client, wanted: Object, force: bool = False, resource_version: str | None = None) -> dict[str, Any]:
    """The object as it is after the apply. Creation is an apply too: a POST would be recorded as another manager's.

    Raises Conflict where ``resource_version`` is given and the object has changed since.
    """
    metadata = wanted["metadata"]
    body = (
        wanted
        if resource_version is None
        else {**wanted, "metadata": {**metadata, "resourceVersion": resource_version}}
    )
    query = {"force": str(force).lower()}
    return _patch(client, wanted["kind"], metadata["namespace"], metadata["name"], "apply-patch+yaml", body, query)


def patch(client: Client, entry: Object, operations: list[dict[str, Any]]) -> dict[str, Any]:
    """The object as it is after a JSON patch (RFC 6902) of one that somebody else owns. Raises ClusterError of status 422 where a test fails."""
    metadata = entry["metadata"]
    return _patch(client, entry["kind"], metadata["namespace"], metadata["name"], "json-patch+json", operations)


def merge(client: Client, kind: str, namespace: str, name: str, changes: Object) -> dict[str, Any]:
    """The object as it is after a merge patch (RFC 7386): what several writers share, a part each. Raises NotFound, Conflict."""
    return _patch(client, kind, namespace, name, "merge-patch+json", changes)


def create(client: Client, wanted: Object) -> dict[str, Any]:
    """The object as it was made. Raises Conflict where there is one."""
    kind, namespace, name = wanted["kind"], wanted["metadata"]["namespace"], wanted["metadata"]["name"]
    return client.request("POST", path(kind, namespace), f"{kind} {namespace}/{name}", body=wanted)


def delete(client: Client, entry: Object) -> bool:
    """Delete the very object that was read; False where it is gone already. Raises Conflict where another took its place."""
    metadata = entry["metadata"]
    try:
        client.request(
            "DELETE",
            path(entry["kind"], metadata["namespace"], metadata["name"]),
            f"{entry['kind']} {metadata['namespace']}/{metadata['name']}",
            body={"preconditions": {"uid": metadata["uid"]}, "propagationPolicy": "Background"},
        )
    except NotFound:
        return False
    return True


def _patch(
    client: Client, kind: str, namespace: str, name: str, how: str, body: Any, query: dict[str, str] | None = None
) -> dict[str, Any]:
    target = f"{kind} {namespace}/{name}"
    return client.request(
        "PATCH",
        path(kind, namespace, name),
        target,
        {"fieldManager": MANAGER, **(query or {})},
        body,
        f"application/{how}",
    )
