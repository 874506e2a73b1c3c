# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Dataclasses read from mappings: each field carries its check, so that a class is its own schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache, partial
from typing import Any, TypeVar

from .check import Check, shown
from .errors import Collector, did_you_mean, wrong

R = TypeVar("R")
REQUIRED = dataclasses.MISSING
MISSING = "is required"


# pylint: disable=invalid-field-call  # this function is called in the bodies of dataclasses, where field() belongs
def key(check: Check, default: Any = REQUIRED) -> Any:
    """A field of a record, read by ``check``; without a default the key is required.

    ``None`` counts as not given, as Ansible users mean by ``key: "{{ x | default(omit) }}"`` and empty YAML values.
    """
    metadata = {"check": check, "default": default}
    if isinstance(default, (dict, list)):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@cache
def keys(cls: type) -> Mapping[str, dataclasses.Field[Any]]:
    """The fields that a user may write, by name."""
    return {field.name: field for field in dataclasses.fields(cls) if "check" in field.metadata}


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong(f"{shown(value)} is not a mapping ({what})")
    return value


def unknown(given: Mapping[str, Any], known: Mapping[str, Any], problems: Collector) -> None:
    """One problem for each key that no field reads."""
    for name in given:
        if name not in known:
            problems.add(str(name), f"unknown key; {did_you_mean(name, known)}")


def values(cls: type, given: Mapping[str, Any], problems: Collector, prefix: str = "") -> dict[str, Any]:
    """What the checks of ``cls`` make of the keys that are given; problems are collected."""
    result = {}
    for name, field in keys(cls).items():
        if given.get(name) is not None:
            result[name] = problems.run(prefix + name, partial(field.metadata["check"], given[name]))
        elif field.metadata["default"] is REQUIRED:
            problems.add(prefix + name, MISSING)
    return result


def read(cls: type[R], value: Any) -> R:
    """A record of ``cls`` from a mapping. Raises SpecError with every problem of it."""
    schema: type = cls
    given = mapping(value, f"its keys: {', '.join(keys(schema))}")
    problems = Collector()
    unknown(given, keys(schema), problems)
    result = values(schema, given, problems)
    problems.finish()
    return cls(**result)


def record(cls: type) -> Check:
    """The check of a nested mapping."""
    return Check("dict", lambda value: read(cls, value), record=cls)
