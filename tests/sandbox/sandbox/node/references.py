"""fieldRef and resourceFieldRef: what a container may know of its own Pod."""

from __future__ import annotations

import re
from typing import Any

from sandbox.node.quantity import divide

Object = dict[str, Any]

CAPACITY = {"cpu": "64", "memory": "128Gi", "ephemeral-storage": "100Gi"}
"""The Node's, which is also a container's limit where it sets none."""

_ENTRY = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")
_METADATA = ("name", "namespace", "uid")
_SPEC = ("nodeName", "serviceAccountName")


class UnresolvedReference(Exception):
    """A reference that cannot be resolved; the message is the kubelet's, for CreateContainerConfigError."""


def field(pod: Object, path: str, addresses: dict[str, str]) -> str:
    """The value of a fieldRef.

    Args:
        addresses: `podIP` and `hostIP`.

    Raises:
        UnresolvedReference: No such field.
    """
    metadata, spec = pod["metadata"], pod["spec"]
    if match := _ENTRY.match(path):
        return str((metadata.get(match[1]) or {}).get(match[2], ""))
    group, _, name = path.partition(".")
    if group == "metadata" and name in _METADATA:
        return str(metadata.get(name, ""))
    if group == "metadata" and name in ("labels", "annotations"):
        return format_map(metadata.get(name) or {})
    if group == "spec" and name in _SPEC:
        return str(spec.get(name, ""))
    if group == "status" and name in ("podIP", "hostIP"):
        return addresses[name]
    if group == "status" and name in ("podIPs", "hostIPs"):
        return addresses[name.removesuffix("s")]
    raise UnresolvedReference(f"unsupported fieldPath: {path}")


def format_map(values: dict[str, str]) -> str:
    """Labels or annotations as the downward API's files have them: `key="value"`, sorted, one a line."""
    return "\n".join(f"{key}={_quote(value)}" for key, value in sorted(values.items()))


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def resource(pod: Object, container: Object, reference: Object) -> str:
    """The value of a resourceFieldRef.

    Raises:
        UnresolvedReference: No such container or resource.
    """
    wanted = reference.get("containerName")
    if wanted:
        everyone = pod["spec"]["containers"] + pod["spec"].get("initContainers", [])
        found = [candidate for candidate in everyone if candidate["name"] == wanted]
        if not found:
            raise UnresolvedReference(f"container {wanted} not found")
        container = found[0]
    kind, _, name = reference["resource"].partition(".")
    if kind not in ("limits", "requests"):
        raise UnresolvedReference(f"unsupported container resource: {reference['resource']}")
    values = container.get("resources", {}).get(kind) or {}
    value = values.get(name) or (CAPACITY.get(name, "0") if kind == "limits" else "0")
    return divide(str(value), str(reference.get("divisor") or "1"))
