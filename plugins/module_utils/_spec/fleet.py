# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""All models of an input: what can be wrong between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import names
from .check import Check, list_of
from .errors import Collector
from .model import Model, read_model

AMBASSADOR = "Ambassador"


def read_models(value: Any, path: str = "models", deployed: bool = True) -> tuple[Model, ...]:
    """The models of a list. Raises SpecError with every problem of every model, named from ``path``.

    Models that are not to be ``deployed`` but removed need no versions.
    """
    problems = Collector()
    models = problems.run(path, lambda: list_of(Check("dict", read_model))(value)) or ()
    problems.finish()
    if deployed:
        for index, model in enumerate(models):
            if not model.versions:
                problems.add(f"{path}[{index}].versions", "is required, with at least one version")
    _collisions(models, path, problems)
    _paths(models, path, problems)
    problems.finish()
    return models


def object_names(model: Model) -> Iterator[tuple[str, str, str]]:
    """(namespace, kind of name, name) of what must be a model's alone, with the version or route it stands for."""
    yield model.namespace, "Service", model.name
    for version in model.versions:
        yield model.namespace, "Service", names.version(model.name, version.name)
    for name in (model.name, names.rule(model.name), names.mesh(model.name)):
        yield model.namespace, "VirtualService", name


def _collisions(models: Iterable[Model], path: str, problems: Collector) -> None:
    owners: dict[tuple[str, str, str], Model] = {}
    for index, model in enumerate(models):
        for entry in object_names(model):
            other = owners.setdefault(entry, model)
            if other is model:
                continue
            namespace, kind, name = entry
            what = "twice in the list" if other.key == model.key else f"already a {kind} of model {other.name}"
            problems.add(f"{path}[{index}].name", f"{kind} {namespace}/{name} is {what}; give one of them another name")
            break


def _paths(models: Iterable[Model], path: str, problems: Collector) -> None:
    """Two models that would answer on one path: Istio would take whichever is older, Ambassador whichever it likes."""
    owners: dict[tuple[str, str, str], Model] = {}
    entries = [(index, model, place, uri) for index, model in enumerate(models) for place, uri in _places(model)]
    for _index, model, place, uri in entries:
        owners.setdefault((*place, uri.lower()), model)
    for index, model, place, uri in entries:
        for upper in _covering(uri.lower()):
            other = owners.get((*place, upper))
            if other is not None and other is not model:
                gateway, host = place
                where = (
                    f"gateway {gateway}{'' if host == '*' else ' for host ' + host}"
                    if gateway != AMBASSADOR
                    else AMBASSADOR
                )
                problems.add(
                    f"{path}[{index}]",
                    f"{model.key} and {other.key} would both answer on {uri} of {where}; give one of them another path, "
                    "model_name, host or gateway, or gateway: mesh",
                )
                break


def _places(model: Model) -> Iterator[tuple[tuple[str, str], str]]:
    """(gateway, host) and path of everything that a model answers on."""
    if model.gateway_ref:
        for host in model.hosts:
            for uri in (model.path, f"/v1/models/{model.model_name}"):
                yield (model.gateway_ref, host), uri
    if model.ambassador:
        yield (AMBASSADOR, "*"), f"/tfserving/models/{model.name}"


def _covering(uri: str) -> Iterator[str]:
    """The paths whose routes catch ``uri``: itself, and each one before a '/' or ':' in it."""
    yield uri
    yield from (uri[:end] for end, sign in enumerate(uri) if sign in "/:" and end)
