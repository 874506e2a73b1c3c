"""A container's environment, command and arguments, from its spec."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.node import references

Object = dict[str, Any]
Lookup = Callable[[str, str], "Object | None"]
"""(kind, name) -> the ConfigMap or Secret of the Pod's namespace."""

_REFERENCE = re.compile(r"\$(?:\$|\(([-._a-zA-Z0-9]+)\))")
_SOURCES = {"configMapKeyRef": "configmaps", "secretKeyRef": "secrets"}
_NAMES = {"configmaps": "configmap", "secrets": "secret"}


class ConfigError(Exception):
    """The container cannot be created yet (CreateContainerConfigError); the message is the kubelet's."""


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replaces `$(NAME)`; unknown names stay as they are and `$$` is a dollar sign.

    >>> expand("$(A) $(B) $$(A)", {"A": "1"})
    '1 $(B) $(A)'
    """

    def replace(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return values.get(match[1], match[0])

    return _REFERENCE.sub(replace, text)


def decoded(kind: str, source: Object) -> dict[str, bytes]:
    """All keys of a ConfigMap or Secret with their bytes."""
    values = {key: base64.b64decode(value) for key, value in (source.get("binaryData") or {}).items()}
    for key, value in (source.get("data") or {}).items():
        values[key] = base64.b64decode(value) if kind == "secrets" else value.encode()
    return values


def container_environment(
    pod: Object,
    container: Object,
    *,
    lookup: Lookup,
    addresses: dict[str, str],
    services: Mapping[str, str],
    image: Mapping[str, str],
) -> dict[str, str]:
    """Everything in the container's environment; later sources win: image, services, envFrom, env.

    Args:
        addresses: `podIP` and `hostIP`.
        services: What `service_variables` gave.
        image: The image's own environment.

    Raises:
        ConfigError: A required ConfigMap, Secret or key is missing, or a field does not exist.
    """
    values = {**image, **services}
    for source in container.get("envFrom") or []:
        values.update(_from_source(source, lookup))
    for entry in container.get("env") or []:
        value = _value(pod, container, entry, values, lookup, addresses)
        if value is not None:
            values[entry["name"]] = value
    return values


def _from_source(source: Object, lookup: Lookup) -> dict[str, str]:
    kind = "configmaps" if "configMapRef" in source else "secrets"
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    found = lookup(kind, reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{_NAMES[kind]} "{reference.get("name")}" not found')
    prefix = source.get("prefix", "")
    return {prefix + key: value.decode(errors="replace") for key, value in decoded(kind, found).items()}


def _value(
    pod: Object,
    container: Object,
    entry: Object,
    values: Mapping[str, str],
    lookup: Lookup,
    addresses: dict[str, str],
) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(entry.get("value", ""), values)
    try:
        if "fieldRef" in source:
            return references.field(pod, source["fieldRef"]["fieldPath"], addresses)
        if "resourceFieldRef" in source:
            return references.resource(pod, container, source["resourceFieldRef"])
    except references.UnresolvedReference as error:
        raise ConfigError(str(error)) from None
    for field, kind in _SOURCES.items():
        if field in source:
            return _key(kind, source[field], pod["metadata"]["namespace"], lookup)
    raise ConfigError(f"env {entry['name']}: this kind of valueFrom is not supported by the sandbox's node")


def _key(kind: str, reference: Object, namespace: str, lookup: Lookup) -> str | None:
    found = lookup(kind, reference["name"])
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{_NAMES[kind]} "{reference["name"]}" not found')
    value = decoded(kind, found).get(reference["key"])
    if value is None:
        if reference.get("optional"):
            return None
        title = "ConfigMap" if kind == "configmaps" else "Secret"
        raise ConfigError(f"couldn't find key {reference['key']} in {title} {namespace}/{reference['name']}")
    return value.decode(errors="replace")


def service_variables(services: Iterable[Object], namespace: str, links: bool) -> dict[str, str]:
    """The variables for the Services of *namespace* (where *links*, the Pod's enableServiceLinks) and the API server."""
    values: dict[str, str] = {}
    for service in services:
        metadata, spec = service["metadata"], service["spec"]
        is_api = (metadata["namespace"], metadata["name"]) == ("default", "kubernetes")
        address = spec.get("clusterIP")
        if address in (None, "", "None") or not (is_api or (links and metadata["namespace"] == namespace)):
            continue
        values.update(_variables(metadata["name"], address, spec["ports"]))
    return values


def _variables(name: str, address: str, ports: list[Object]) -> dict[str, str]:
    prefix = name.upper().replace("-", "_")
    values = {f"{prefix}_SERVICE_HOST": address, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    first = ports[0]
    values[f"{prefix}_PORT"] = f"{first.get('protocol', 'TCP').lower()}://{address}:{first['port']}"
    for port in ports:
        if port.get("name"):
            values[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        protocol = port.get("protocol", "TCP")
        key = f"{prefix}_PORT_{port['port']}_{protocol}"
        values[key] = f"{protocol.lower()}://{address}:{port['port']}"
        values[f"{key}_PROTO"] = protocol.lower()
        values[f"{key}_PORT"] = str(port["port"])
        values[f"{key}_ADDR"] = address
    return values


def command_line(
    container: Object, entrypoint: Iterable[str], arguments: Iterable[str], values: Mapping[str, str]
) -> list[str]:
    """What is run: the spec's command and args over the image's, with variables expanded.

    Raises:
        ConfigError: Neither says a command.
    """
    command, args = container.get("command"), container.get("args")
    if command:
        chosen = [*command, *(args or [])]
    elif args:
        chosen = [*entrypoint, *args]
    else:
        chosen = [*entrypoint, *arguments]
    if not chosen:
        raise ConfigError("no command specified")
    spec_part = len(command or []) + len(args or [])
    keep = len(chosen) - spec_part  # the image's own words are not expanded
    return chosen[:keep] + [expand(word, values) for word in chosen[keep:]]
