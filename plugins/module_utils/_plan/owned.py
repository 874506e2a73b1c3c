# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What our field manager owns of a live object, compared with what it would apply.

Server-side apply records in ``metadata.managedFields`` which fields an applier set (FieldsV1, Kubernetes' structured-merge-diff). A live object needs no
write when every wanted field is owned and has its value, and nothing is owned that is wanted no more. No schema is needed: the
recorded keys (``k:{"name":"x"}``) tell how lists are merged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .._spec.names import MANAGER
from .._spec.quantity import amount

UNSET = None
QUANTITY = re.compile(r"(\.(requests|limits)\..+|\.sizeLimit|\.divisor)$")


@dataclass(frozen=True)
class Change:
    """One field that an apply would change. ``before`` or ``after`` is None where the field is absent."""

    path: str
    before: Any
    after: Any


def owned_fields(live: Mapping[str, Any]) -> dict[str, Any]:
    """The FieldsV1 tree of our applies; empty where we never applied the object."""
    for entry in live["metadata"].get("managedFields") or ():
        if entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return dict(entry.get("fieldsV1") or {})
    return {}


def changes(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Change]:
    """The fields that applying ``wanted`` would change or take into ownership; empty where nothing needs to be written."""
    return list(_compare(owned_fields(live), live, _tracked(wanted), ""))


def extract(live: Mapping[str, Any]) -> dict[str, Any]:
    """What we last applied of a live object, with the values that are live: the body of an apply that changes nothing."""
    body = _pick(owned_fields(live), live) or {}
    metadata = {
        "name": live["metadata"]["name"],
        "namespace": live["metadata"]["namespace"],
        **body.pop("metadata", {}),
    }
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, **body}


def owners(live: Mapping[str, Any], *path: str) -> set[str]:
    """Managers that own the field at ``path``, ours included."""
    found = set()
    for entry in live["metadata"].get("managedFields") or ():
        node: Any = entry.get("fieldsV1") or {}
        for name in path:
            node = node.get(f"f:{name}") if isinstance(node, dict) else None
        if node is not None:
            found.add(str(entry.get("manager")))
    return found


def _tracked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what identifies it: nobody owns that."""
    body = {name: value for name, value in wanted.items() if name not in ("apiVersion", "kind", "metadata")}
    body["metadata"] = {name: value for name, value in wanted["metadata"].items() if name in ("labels", "annotations")}
    return body


def _compare(fields: Mapping[str, Any], live: Any, wanted: Any, path: str) -> Iterator[Change]:
    if _is_leaf(fields):
        if not _equal(live, wanted, path):
            yield Change(path, live, wanted)
    elif isinstance(wanted, dict):
        yield from _compare_map(fields, live if isinstance(live, dict) else {}, wanted, path)
    elif isinstance(wanted, list):
        yield from _compare_list(fields, live if isinstance(live, list) else [], wanted, path)
    else:
        yield Change(path, live, wanted)


def _is_leaf(fields: Mapping[str, Any]) -> bool:
    """Whether a field is owned as a whole. The name "." stands for the map or item itself."""
    return not fields or (len(fields) == 1 and "." in fields)


def _compare_map(
    fields: Mapping[str, Any], live: Mapping[str, Any], wanted: Mapping[str, Any], path: str
) -> Iterator[Change]:
    for name, value in wanted.items():
        node, old = fields.get(f"f:{name}"), live.get(name, UNSET)
        if node == {} and old == value:  # nearly always; the rest of this function is for what differs
            continue
        where = f"{path}.{name}" if path else name
        if node is None:
            yield Change(where, old, value)
        else:
            yield from _compare(node, old, value, where)
    for field in fields:
        name = field[2:]
        if name not in wanted and live.get(name, UNSET) is not UNSET:
            yield Change(f"{path}.{name}" if path else name, live[name], UNSET)


def _compare_list(fields: Mapping[str, Any], live: list[Any], wanted: list[Any], path: str) -> Iterator[Change]:
    """A list that is merged by keys, or a set of values."""
    seen = []
    for field, node in fields.items():
        if field == ".":
            continue
        old, new = _item(field, live), _item(field, wanted)
        where = f"{path}[{_label(field)}]"
        if new is UNSET:
            if old is not UNSET:
                yield Change(where, old, UNSET)
            continue
        seen.append(id(new))
        if field.startswith("k:"):
            yield from _compare({**node, **{f"f:{name}": {} for name in _keys(field)}}, old, new, where)
    for index, value in enumerate(wanted):
        if id(value) not in seen:
            yield Change(f"{path}[{index}]", UNSET, value)


def _pick(fields: Mapping[str, Any], live: Any) -> Any:
    if _is_leaf(fields) or live is UNSET:
        return live
    children = {name: node for name, node in fields.items() if name != "."}
    if isinstance(live, Mapping):
        picked = {name[2:]: _pick(node, live.get(name[2:], UNSET)) for name, node in children.items()}
        return {name: value for name, value in picked.items() if value is not UNSET}
    items = [(field, node, _item(field, live)) for field, node in children.items()]
    return [
        {**_keys(field), **_pick(node, item)} if field.startswith("k:") else item
        for field, node, item in items
        if item is not UNSET
    ]


def _item(field: str, items: list[Any]) -> Any:
    """The item of a list that a FieldsV1 name stands for."""
    if field.startswith("v:"):
        value = json.loads(field[2:])
        return next((item for item in items if item == value), UNSET)
    keys = _keys(field).items()
    return next((item for item in items if isinstance(item, dict) and keys <= item.items()), UNSET)


@lru_cache(maxsize=4096)
def _keys(field: str) -> Mapping[str, Any]:
    keys: dict[str, Any] = json.loads(field[2:])
    return keys


def _label(field: str) -> str:
    return ",".join(str(value) for value in _keys(field).values()) if field.startswith("k:") else field[2:]


def _equal(live: Any, wanted: Any, path: str) -> bool:
    if live == wanted:
        return True
    if live is UNSET:  # the API server drops empty values that it stores as defaults
        return not wanted and not isinstance(wanted, Mapping)
    if QUANTITY.search(path):
        return amount(live) is not None and amount(live) == amount(wanted)
    return False
