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
    """Two models that would answer on one path of one gateway: Istio would take whichever is older."""
    owners: dict[tuple[str, str, str], Model] = {}
    for index, model in enumerate(models):
        if not model.gateway_ref:
            continue
        for host in model.hosts:
            for uri in (model.path, f"/v1/models/{model.model_name}"):
                other = owners.setdefault((model.gateway_ref, host, uri.lower()), model)
                if other is not model:
                    problems.add(
                        f"{path}[{index}]",
                        f"{model.key} and {other.key} would both answer on {uri} of gateway {model.gateway_ref}"
                        f"{'' if host == '*' else ' for host ' + host}; give one of them other hosts, another gateway, or gateway: mesh",
                    )
                    return
