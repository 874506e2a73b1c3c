# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a rollout keeps on the cluster: its state, what its evidence goes on from, and its record, in one ConfigMap; and wishes, in another.

The state is written under the resourceVersion that it was read with, so that of two drivers only one goes on. A wish is written without any
precondition: it must get through whatever a driver does meanwhile.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError, Conflict, NotFound
from .._cluster.read import get
from .._cluster.write import apply, create, merge
from .._render.meta import Object, metadata
from .._spec import names
from .record import thinned
from .state import State, read_state

STATE, COUNTERS, RECORD = "state.json", "counters.json.z", "record.json.z"
ROLLOUT_LABEL = names.ANNOTATION + "rollout"
"""Label of both ConfigMaps: `state` or `wishes`."""

LONGEST = 1_000_000
"""Bytes of the state, the packed counters and the packed record; a ConfigMap holds 1 MiB."""


@dataclass(frozen=True)
class Kept:
    """A state with all that was seen on the way to it, and the version of the object that holds them."""

    state: State
    record: list[dict[str, Any]]
    resource_version: str | None = None


def read_kept(found: Mapping[str, Any] | None) -> Kept | None:
    """The rollout in a ConfigMap, or None where it holds none. Raises ClusterError for one that cannot be read."""
    if found is None or STATE not in (found.get("data") or {}):
        return None
    name = f"{found['metadata']['namespace']}/{found['metadata']['name']}"
    try:
        packed = found.get("binaryData") or {}
        counters = {"counters": _unpacked(packed[COUNTERS])} if COUNTERS in packed else {}
        state = read_state({**json.loads(found["data"][STATE]), **counters})
        record = _unpacked(packed[RECORD]) if RECORD in packed else []
    except (ValueError, TypeError, KeyError, zlib.error) as error:
        raise ClusterError(
            f"the rollout in ConfigMap {name} cannot be read ({error}); somebody has edited it. Move traffic back by hand where that is "
            f"needed, then delete the ConfigMap and run again"
        ) from error
    return Kept(state, record, found["metadata"]["resourceVersion"])


def load(client: Client, namespace: str, model: str) -> Kept | None:
    return read_kept(get(client, "ConfigMap", namespace, names.rollout(model)))


def save(client: Client, kept: Kept) -> Kept:
    """Write a state and its record. Raises Conflict where another driver has written in between."""
    rollout = kept.state.rollout
    whole = kept.state.to_json()
    counters = _packed(whole.pop("counters"))
    state = json.dumps(whole, sort_keys=True)
    record = _fitting(kept.record, LONGEST - len(state.encode()) - len(counters))
    binary = {COUNTERS: counters, RECORD: record}
    wanted: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(names.rollout(rollout.name), rollout.namespace, rollout.name),
        "data": {STATE: state},
        "binaryData": {name: base64.b64encode(packed).decode() for name, packed in binary.items()},
    }
    wanted["metadata"]["labels"][ROLLOUT_LABEL] = "state"
    written = apply(client, wanted, True, kept.resource_version)
    return Kept(kept.state, kept.record, written["metadata"]["resourceVersion"])


def _packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":"), sort_keys=True).encode(), 9)


def _unpacked(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def _fitting(record: list[dict[str, Any]], longest: int) -> bytes:
    """The record, thinned where it is longer than it may be: the state goes before it."""
    while True:
        packed = _packed(record)
        if len(packed) <= longest or not record:
            return packed
        record = thinned(record)


def wish(client: Client, namespace: str, model: str, rollout_id: str, kind: str, why: str) -> None:
    """Leave a wish for whoever drives the rollout."""
    name = names.wishes(model)
    data = {kind: json.dumps({"rollout": rollout_id, "why": why})}
    body: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, model),
        "data": data,
    }
    body["metadata"]["labels"][ROLLOUT_LABEL] = "wishes"
    for _attempt in range(5):
        try:
            merge(client, "ConfigMap", namespace, name, {"data": data})
            return
        except NotFound:
            pass
        try:
            create(client, body)
            return
        except Conflict:
            continue
    raise ClusterError(f"ConfigMap {namespace}/{name} comes and goes while a wish is written into it; run again")


def forget(client: Client, namespace: str, model: str, *kinds: str) -> None:
    """Take wishes back that have been granted."""
    try:
        merge(client, "ConfigMap", namespace, names.wishes(model), {"data": dict.fromkeys(kinds)})
    except NotFound:
        return


def wishes(found: Mapping[str, Any] | None, rollout_id: str) -> dict[str, str]:
    """Wishes for one rollout and why they are made, from their ConfigMap. What cannot be read is no wish."""
    result = {}
    for kind, text in ((found or {}).get("data") or {}).items():
        try:
            entry = json.loads(text)
            if entry["rollout"] == rollout_id:
                result[kind] = str(entry["why"])
        except (ValueError, TypeError, KeyError):
            continue
    return result
