# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Checks of single values: each takes what YAML made of a field and returns what the program works with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .errors import Collector, wrong

Record = type[Any]
"""A dataclass."""


@dataclass(frozen=True)
class Check:
    """A field's type, by Ansible's name for it, and the function that reads it.

    ``read`` raises SpecError. ``record`` is the dataclass of a nested mapping, for documentation.
    """

    type: str
    read: Callable[[Any], Any]
    elements: str | None = None
    choices: tuple[str, ...] = ()
    record: Record | None = None

    def __call__(self, value: Any) -> Any:
        return self.read(value)


def shown(value: Any) -> str:
    """A value as a message quotes it: short, and as Python writes it so that 1 and "1" differ."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def text(pattern: str, expected: str, longest: int = 0) -> Check:
    """A string that matches ``pattern`` wholly, of at most ``longest`` characters where that is given."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise wrong(f"{shown(value)} is not {expected}; quote it if YAML made something else of it")
        if not re.fullmatch(pattern, value, re.DOTALL):
            raise wrong(f"{shown(value)} is not {expected}")
        if longest and len(value) > longest:
            raise wrong(f"{shown(value)} has {len(value)} characters, {longest} are allowed")
        return str(value)

    return Check("str", read)


def secret() -> Check:
    """A string on one line that no message quotes."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.isprintable():
            raise wrong("is not a string on one line; quote it if YAML made something else of it")
        return str(value)

    return Check("str", read)


def one_of(*choices: str) -> Check:
    def read(value: Any) -> str:
        if value not in choices:
            raise wrong(f"{shown(value)} is not one of {', '.join(choices)}")
        return str(value)

    return Check("str", read, choices=choices)


def whole(least: int = 0, most: int | None = None) -> Check:
    """A whole number; strings of digits count, because templates and -e key=value make them."""
    limits = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()) else value
        if isinstance(number, bool) or not isinstance(number, int):
            raise wrong(f"{shown(value)} is not a whole number {limits}")
        if number < least or (most is not None and number > most):
            raise wrong(f"{number} is not a whole number {limits}")
        return int(number)

    return Check("int", read)


def seconds(least: float = 0) -> Check:
    """A time in seconds: 30, 0.5, or with a unit as Kubernetes and Istio write it (500ms, 30s, 5m, 1h)."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}

    def read(value: Any) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            number = float(value)
        else:
            match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", str(value).strip())
            if isinstance(value, bool) or not match:
                raise wrong(f"{shown(value)} is not a time: write seconds, or a number with ms, s, m or h")
            number = float(match[1]) * units[match[2] or "s"]
        if not least <= number < float("inf"):
            raise wrong(f"{shown(value)} is not a time of at least {least:g} seconds")
        return number

    return Check("raw", read)


def truth() -> Check:
    words = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word not in words:
            raise wrong(f"{shown(value)} is neither true nor false")
        return words[word]

    return Check("bool", read)


def quantity() -> Check:
    """A Kubernetes quantity: 500m, 1, 4Gi."""
    form = re.compile(r"\d+(\.\d+)?([KMGTPE]i|[numkMGTPE]|e\d+)?")

    def read(value: Any) -> str:
        if isinstance(value, bool) or not form.fullmatch(str(value)):
            raise wrong(f"{shown(value)} is not a Kubernetes quantity such as 500m, 1 or 4Gi")
        return str(value)

    return Check("raw", read)


def list_of(item: Check, at_least: int = 0) -> Check:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise wrong(f"{shown(value)} is not a list")
        if len(value) < at_least:
            raise wrong(f"is empty, at least {at_least} is needed")
        problems = Collector()
        items = tuple(problems.run(f"[{i}]", partial(item, entry)) for i, entry in enumerate(value))
        problems.finish()
        return items

    return Check("list", read, elements=item.type, record=item.record)


def map_of(name: Check, item: Check) -> Check:
    """A mapping; the order of the input is kept."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong(f"{shown(value)} is not a mapping")
        problems = Collector()
        result = {}
        for key, entry in value.items():
            problems.run(str(key), partial(name, key))
            result[str(key)] = problems.run(str(key), partial(item, entry))
        problems.finish()
        return result

    return Check("dict", read)


def kubernetes_mapping() -> Check:
    """A piece of a Kubernetes object that the API server checks (an affinity): only its being a mapping is checked here."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong(f"{shown(value)} is not a mapping")
        return plain(value)

    return Check("dict", read)


def plain(value: Any) -> Any:
    """The same data in plain Python types: Ansible's tagged strings and mappings do not leave this layer."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    raise wrong(f"{shown(value)} is not JSON")


DNS_LABEL = text(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", "a name of lower-case letters, digits and '-'", longest=63)
SERVICE_NAME = text(
    r"[a-z]([-a-z0-9]*[a-z0-9])?", "a name of lower-case letters, digits and '-' that starts with a letter", longest=63
)
OBJECT_NAME = text(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?", "the name of a Kubernetes object", longest=253)
LABEL_KEY = text(r"([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?", "a label key")
LABEL_VALUE = text(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?", "a label value (quote numbers and booleans)")
ANY_TEXT = text(r".*", "a string")
ABSOLUTE_PATH = text(r"/[^\s:]*", "an absolute path")
HEADER = text(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", "the name of an HTTP header")
SECRET = secret()
