# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Writes the rule that a rollout has ended with into the file that the model is declared in, so that a repository says what is live."""

from __future__ import annotations

import difflib
import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.weights import versions
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import NAMESPACE
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import Rule, all_to, read_rule
from ansible_collections.tfserving.istio.plugins.plugin_utils._replace import replace
from ansible_collections.tfserving.istio.plugins.plugin_utils._yaml_text import Edit, Refused, Text, get, items, word

VAULT = "$ANSIBLE_VAULT"


class WriteBack:
    """One file and the place in it. ``given``: the options of the task."""

    def __init__(self, path: str, given: Mapping[str, Any]) -> None:
        self._path, self._given = Path(os.path.realpath(path)), given

    def check(self) -> str:
        """What a complete rollout would change, as a diff. Raises Refused where the file cannot be written, or has no such place."""
        with _named(self._path):
            found = self._diff(*self._texts(all_to(str(self._given.get("candidate") or "candidate"))))
            if not os.access(self._path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            with tempfile.TemporaryFile(dir=self._path.parent):
                return found

    def write(self, rule: str) -> str:
        """Write a rule; the difference, empty where the file says so already. Raises Refused.

        Whoever reads the file meanwhile sees the old or the new one; of two rollouts that end at once neither loses what the other wrote.
        """
        with _named(self._path), _alone(self._path.parent):
            before, after = self._texts(read_rule(rule))
            if before != after:
                replace(self._path, after)
            return self._diff(before, after)

    def __str__(self) -> str:
        return str(self._path)

    def _texts(self, rule: Rule) -> tuple[str, str]:
        before = self._path.read_bytes().decode()
        if before.startswith(VAULT):
            raise Refused(f"it is encrypted by ansible-vault; write {rule} there by hand (ansible-vault edit)")
        after = rewritten(before, rule, self._given)
        if rewritten(after, rule, self._given) != after:
            raise Refused(f"{rule} could not be written there so that it would be read again; write it by hand")
        return before, after

    def _diff(self, before: str, after: str) -> str:
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), str(self._path), str(self._path), n=0, lineterm=""
        )
        return "\n".join(lines) + "\n" if before != after else ""


def rewritten(text: str, rule: Rule, given: Mapping[str, Any]) -> str:
    """The text with the rule: the ``traffic`` of a model among variables, or the weights of a route among manifests. Raises Refused."""
    source = Text(text)
    edits = _weights(source, rule, given) if given.get("manage") == "weights" else _traffic(source, rule, given)
    return source.changed(edits)


def _traffic(source: Text, rule: Rule, given: Mapping[str, Any]) -> list[Edit]:
    lists = [get(mapping, "serving_models") for mapping in source.mappings()]
    name, namespace = str(given["name"]), str(given.get("namespace") or NAMESPACE)
    named = [entry for models in lists for entry in items(models) if word(get(entry, "name")) == name]
    found = [entry for entry in named if word(get(entry, "namespace"), NAMESPACE) == namespace]
    if len(found) != 1 or not isinstance(found[0], yaml.MappingNode):
        count = f"{len(found)} entries" if found else "no entry"
        raise Refused(
            f"its serving_models have {count} of name {name} and namespace {namespace}; write {rule} there by hand"
        )
    model, traffic = found[0], get(found[0], "traffic")
    source.own(model)
    if traffic is None:
        return [source.insert(model, "name", "traffic", str(rule))]
    if "{{" in word(traffic):
        raise Refused(
            f"line {traffic.start_mark.line + 1} has a template for traffic; write {rule} where its value stands"
        )
    with suppress(SpecError):
        if read_rule(_plain(traffic)).same_as(rule):
            return []
    shares = {word(key): value for key, value in traffic.value} if isinstance(traffic, yaml.MappingNode) else {}
    if shares and all(version in shares for version in rule.live):
        percents = rule.percents()
        wanted = {version: str(percents.get(version, 0)) for version in shares}
        return [
            source.replace(value, wanted[version])
            for version, value in shares.items()
            if word(value) != wanted[version]
        ]
    return [source.replace(traffic, str(rule))]


def _weights(source: Text, rule: Rule, given: Mapping[str, Any]) -> list[Edit]:
    service, route = str(given.get("virtual_service")), given.get("route")
    found = [entry for entry in source.mappings() if _is(entry, service, str(given.get("namespace") or NAMESPACE))]
    if len(found) != 1:
        raise Refused(f"it has {len(found) or 'no'} VirtualService {service}; write the weights {rule} there by hand")
    http = [entry for entry in items(get(get(found[0], "spec"), "http")) if get(entry, "route") is not None]
    named = [entry for entry in http if route is None or word(get(entry, "name")) == route]
    if len(named) != 1:
        raise Refused(f"its VirtualService {service} has {len(named) or 'no'} route {route or 'with destinations'}")
    targets = [entry for entry in items(get(named[0], "route")) if isinstance(entry, yaml.MappingNode)]
    plain = [_plain(entry) for entry in targets]
    try:
        known = versions(str(given["name"]), plain)
    except (SpecError, KeyError, TypeError, AttributeError):
        raise Refused(
            f"the destinations of route {route or ''} in VirtualService {service} cannot be told apart"
        ) from None
    if not set(rule.live) <= set(known):
        raise Refused(f"route {route or ''} of VirtualService {service} has {', '.join(known)}, and not all of {rule}")
    shares, edits = rule.weights(), list[Edit]()
    for version, entry in zip(known, targets, strict=True):
        share, weight = shares.get(version, 0), get(entry, "weight")
        if str(share) == (word(weight) or "0"):
            continue
        edits.append(
            source.insert(entry, "destination", "weight", str(share))
            if weight is None
            else source.replace(weight, str(share))
        )
    return edits


def _is(node: yaml.MappingNode, name: str, namespace: str) -> bool:
    if word(get(node, "kind")) != "VirtualService":
        return False
    metadata = get(node, "metadata")
    return word(get(metadata, "name")) == name and word(get(metadata, "namespace"), namespace) == namespace


def _plain(node: yaml.Node) -> Any:
    """What a node holds, every scalar as text."""
    if isinstance(node, yaml.MappingNode):
        return {word(key): _plain(value) for key, value in node.value}
    return [_plain(entry) for entry in items(node)] if isinstance(node, yaml.SequenceNode) else word(node)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What goes wrong is told with the file's name."""
    try:
        yield
    except Refused as error:
        raise Refused(f"write_back: {path}: {error}") from None
    except UnicodeDecodeError:
        raise Refused(f"write_back: {path} is not UTF-8; write the rule there by hand") from None
    except OSError as error:
        raise Refused(f"write_back: {path} cannot be written ({error.strerror}); name a file that can") from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of those that write into a folder one does at a time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
