# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Which callers a step of an A/B test is for: by a header, or by a cookie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .check import HEADER, Check, shown, text
from .errors import Collector, wrong
from .record import key, keys, mapping, unknown, values

OWN = "x-tfserving-"
"""Headers that begin so are the collection's own: proofs, previews, the model of a gRPC request."""

HOW = {"exact": "=", "prefix": "begins with", "regex": "matches"}
"""What may be asked of a value, and how it is told."""

COOKIE = text(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", "the name of a cookie", longest=64)
COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]+")
"""What RFC 6265 lets a cookie hold: neither spaces, nor quotes, commas, semicolons or backslashes."""

NOT_RE2 = re.compile(r"\(\?(?:[=!>(]|<[=!]|P=)|\\[1-9]")
RE2_ONLY = re.compile(r"\\[pP](?:\{\^?\w+\}|\w)|\\z")


def _header(value: Any) -> str:
    name = str(HEADER(value)).lower()
    if name == "content-type" or name.startswith(OWN):
        raise wrong(f"{name} is what the collection itself routes by; take another header")
    return name


def _regex(value: Any) -> str:
    pattern = str(text(r".+", "a regular expression")(value))
    bare = pattern.replace("\\\\", "")
    if NOT_RE2.search(bare):
        raise wrong(f"{shown(pattern)} looks around or back, which Envoy's regular expressions (RE2) cannot")
    try:
        re.compile(RE2_ONLY.sub("x", pattern))
    except re.error as error:
        raise wrong(f"{shown(pattern)} is not a regular expression: {error}") from None
    return pattern


VALUE = text(r"[^\x00-\x1f\x7f]+", "a value on one line")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Callers whose ``header`` or ``cookie`` is ``exact`` a value, begins with a ``prefix``, or matches a ``regex`` (RE2) as a whole."""

    header: str | None = key(Check("str", _header), None)
    cookie: str | None = key(COOKIE, None)
    exact: str | None = key(VALUE, None)
    prefix: str | None = key(VALUE, None)
    regex: str | None = key(Check("str", _regex), None)

    @property
    def how(self) -> str:
        """What is asked of the value: exact, prefix or regex."""
        return next(name for name in HOW if getattr(self, name) is not None)

    @property
    def value(self) -> str:
        return str(getattr(self, self.how))

    def __str__(self) -> str:
        kind, name = ("header", self.header) if self.header else ("cookie", self.cookie)
        return f"{kind} {name} {HOW[self.how]} {self.value}"


def read_condition(value: Any) -> Condition:
    """A condition from its mapping. Raises SpecError with every problem of it."""
    given = mapping(value, f"its keys: {', '.join(keys(Condition))}")
    problems = Collector()
    unknown(given, keys(Condition), problems)
    result = values(Condition, given, problems)
    if not problems.problems:
        _together(given, problems)
    problems.finish()
    return Condition(**result)


def _together(given: Mapping[str, Any], problems: Collector) -> None:
    """What single keys cannot show."""
    asked = [name for name in HOW if given.get(name) is not None]
    cookie = given.get("cookie") is not None
    if cookie == (given.get("header") is not None):
        problems.add("header", "is required, or cookie: one of the two")
    if len(asked) != 1:
        problems.add("exact", "is required, or prefix or regex: one of them")
    elif cookie and asked == ["regex"]:
        problems.add("regex", "is for headers; of a cookie give exact or prefix")
    elif cookie and not COOKIE_VALUE.fullmatch(given[asked[0]]):
        problems.add(
            asked[0],
            f"{shown(given[asked[0]])} cannot be in a cookie: no spaces, quotes, commas, semicolons, backslashes",
        )


CONDITION = Check("dict", read_condition, record=Condition)
