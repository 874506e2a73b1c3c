# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a step of a rollout has beside the shares of the rule: copies of requests, callers by condition, cookies that keep callers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from .._spec.condition import Condition
from .meta import Object


@dataclass(frozen=True)
class Cookie:
    """A cookie that keeps a caller at the version that it was given.

    ``rollout`` is in its value, so that no cookie of an earlier test decides for whom this one is. ``seconds``: how long it lasts from the last
    answer on, as each answer renews it.
    """

    name: str
    rollout: str
    seconds: float

    def given(self, version: str) -> str:
        """The header of an answer that gives it."""
        return f"{self.name}={self._value(version)}; Path=/; Max-Age={max(1, math.ceil(self.seconds))}"

    def asked(self, version: str) -> Object:
        """The match of the requests that carry it."""
        return {"cookie": {"regex": _cookie(self.name, re.escape(self._value(version)))}}

    def _value(self, version: str) -> str:
        return f"{version}.{self.rollout}"


@dataclass(frozen=True)
class Trial:
    """What the ``candidate`` gets past the shares. ``mirror``: percent of the requests that are copied to it."""

    candidate: str
    mirror: float = 0.0
    match: tuple[Condition, ...] = ()
    cookie: Cookie | None = None


def asked(condition: Condition) -> Object:
    """The match of the requests of callers by a condition."""
    if condition.header:
        return {condition.header: {condition.how: condition.value}}
    rest = "" if condition.exact else "[^;]*"
    return {"cookie": {"regex": _cookie(str(condition.cookie), re.escape(condition.value) + rest)}}


def _cookie(name: str, value: str) -> str:
    """A regular expression (RE2) for a header ``cookie`` that has one cookie among others."""
    return f"(.*;\\s*)?{re.escape(name)}={value}(;.*)?"
