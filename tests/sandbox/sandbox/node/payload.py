"""What stands in the files of ConfigMap, Secret, downwardAPI and projected volumes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.node import references
from sandbox.node.atomic import File
from sandbox.node.environment import Lookup, decoded

Object = dict[str, Any]

_DEFAULT_MODE = 0o644


class MissingSource(Exception):
    """A ConfigMap, Secret, key or field that the volume requires; the message is the kubelet's."""


@dataclass(frozen=True)
class Context:
    """What the files of a Pod's volumes are made from.

    Attributes:
        addresses: `podIP` and `hostIP`.
        token: (audience, seconds) -> a service account token.
        token_mode: Permissions of token files.
    """

    pod: Object
    lookup: Lookup
    addresses: dict[str, str]
    token: Callable[[str | None, int], str]
    token_mode: int = 0o600


def volume_files(volume: Object, context: Context) -> dict[str, File]:
    """Relative path -> file of a volume.

    Raises:
        MissingSource: Something required is missing.
    """
    if "configMap" in volume:
        source = volume["configMap"]
        return _object_files("configmaps", source, source.get("defaultMode", _DEFAULT_MODE), context)
    if "secret" in volume:
        source = {**volume["secret"], "name": volume["secret"]["secretName"]}
        return _object_files("secrets", source, source.get("defaultMode", _DEFAULT_MODE), context)
    if "downwardAPI" in volume:
        source = volume["downwardAPI"]
        return _downward_files(source, source.get("defaultMode", _DEFAULT_MODE), context)
    files: dict[str, File] = {}
    projected = volume["projected"]
    for source in projected.get("sources") or []:
        files.update(_projection(source, projected.get("defaultMode", _DEFAULT_MODE), context))
    return files


def _projection(source: Object, mode: int, context: Context) -> dict[str, File]:
    if "configMap" in source:
        return _object_files("configmaps", source["configMap"], mode, context)
    if "secret" in source:
        return _object_files("secrets", source["secret"], mode, context)
    if "downwardAPI" in source:
        return _downward_files(source["downwardAPI"], mode, context)
    if "serviceAccountToken" in source:
        wanted = source["serviceAccountToken"]
        token = context.token(wanted.get("audience"), wanted.get("expirationSeconds", 3600))
        return {wanted["path"]: File(token.encode(), context.token_mode)}
    if source.get("clusterTrustBundle", {}).get("optional"):
        return {source["clusterTrustBundle"]["path"]: File(b"", mode)}
    raise MissingSource(f"projected source {', '.join(source)} is not supported by the sandbox's node")


def _object_files(kind: str, source: Object, mode: int, context: Context) -> dict[str, File]:
    found = context.lookup(kind, source["name"])
    if found is None:
        if source.get("optional"):
            return {}
        raise MissingSource(f'{kind.removesuffix("s")} "{source["name"]}" not found')
    values = decoded(kind, found)
    if not source.get("items"):
        return {key: File(value, mode) for key, value in values.items()}
    files = {}
    for item in source["items"]:
        if item["key"] in values:
            files[item["path"]] = File(values[item["key"]], item.get("mode", mode))
        elif not source.get("optional"):
            raise MissingSource(f"references non-existent {kind.removesuffix('s')} key: {item['key']}")
    return files


def _downward_files(source: Object, mode: int, context: Context) -> dict[str, File]:
    files = {}
    for item in source.get("items") or []:
        try:
            if "fieldRef" in item:
                text = references.field(context.pod, item["fieldRef"]["fieldPath"], context.addresses)
            else:
                text = references.resource(context.pod, {}, item["resourceFieldRef"])
        except references.UnresolvedReference as error:
            raise MissingSource(str(error)) from None
        files[item["path"]] = File(text.encode(), item.get("mode", mode))
    return files
