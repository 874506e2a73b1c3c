# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The traffic rule: which version gets how many percent."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from .check import DNS_LABEL, Check, shown
from .errors import Collector, SpecError, did_you_mean, wrong

WHOLE = 1000  # tenths of a percent
FORMS = '"v1:90:v2:10", "v1:90,v2:10" or {v1: 90, v2: 10}'


@dataclass(frozen=True)
class Rule:
    """Shares of traffic in tenths of a percent (0 to 1000) by version, in the order they were written; the sum is 1000."""

    tenths: tuple[tuple[str, int], ...]

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(name for name, share in self.tenths)

    @property
    def live(self) -> tuple[str, ...]:
        """The versions that get requests."""
        return tuple(name for name, share in self.tenths if share)

    def share(self, version: str) -> int:
        """Tenths of a percent of ``version``; 0 where the rule does not name it."""
        return dict(self.tenths).get(version, 0)

    def same_as(self, other: Rule | None) -> bool:
        """Whether both send the same shares to the same versions, in whatever order, zeros aside."""
        return other is not None and {n: s for n, s in self.tenths if s} == {n: s for n, s in other.tenths if s}

    def weights(self) -> dict[str, int]:
        """Integer weights of the versions that get requests: percents where all are whole, tenths otherwise."""
        scale = 10 if all(share % 10 == 0 for name, share in self.tenths) else 1
        return {name: share // scale for name, share in self.tenths if share}

    def largest(self, current: str | None = None) -> str:
        """The version with the largest share; on a tie ``current`` where it is among them, else the first written."""
        most = max(share for name, share in self.tenths)
        candidates = [name for name, share in self.tenths if share == most]
        return current if current in candidates else candidates[0]

    def percents(self) -> dict[str, int | float]:
        """Percent by version, as results report it."""
        return {name: share // 10 if share % 10 == 0 else share / 10 for name, share in self.tenths}

    def __str__(self) -> str:
        return ":".join(f"{name}:{percent}" for name, percent in self.percents().items())


def all_to(version: str) -> Rule:
    return Rule(((version, WHOLE),))


def from_weights(weights: Mapping[str, int]) -> Rule:
    """The rule that integer weights of a live route stand for, whatever they add up to.

    Shares are rounded to a tenth of a percent by largest remainder, so that they add up to 100.
    """
    total = sum(weights.values())
    if total <= 0:
        return all_to(next(iter(weights)))  # Istio ignores the weight of a single destination
    exact = {name: weight * WHOLE / total for name, weight in weights.items()}
    shares = {name: int(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda n: shares[n] - exact[n])[: WHOLE - sum(shares.values())]:
        shares[name] += 1
    return Rule(tuple(shares.items()))


def read_rule(value: Any) -> Rule:
    """A rule in any of its written forms. Raises SpecError with one message that names the rule."""
    pairs = list(_pairs(value))
    label = value if isinstance(value, str) else shown(dict(pairs))
    problems = Collector()
    tenths: dict[str, int] = {}
    for name, percent in pairs:
        try:
            DNS_LABEL(name)
            share = _tenths(name, percent)
        except SpecError as error:
            problems.add("", f"rule {label}: {error}")
            continue
        if name in tenths:
            problems.add("", f"rule {label}: {name} stands in it twice")
        tenths[name] = share
    problems.finish()
    total = sum(tenths.values())
    if total != WHOLE:
        raise wrong(f"rule {label}: the percents add up to {Decimal(total) / 10:f}, not to 100")
    return Rule(tuple(tenths.items()))


def check_versions(rule: Rule, known: Iterable[str], path: str = "") -> None:
    """Raise SpecError where ``rule`` names a version that there is not."""
    names = list(dict.fromkeys(known))
    for name in rule.live:
        if name not in names:
            raise wrong(
                f"rule {rule} names {name}, which is neither declared nor live; {did_you_mean(name, names)}", path
            )


def _pairs(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if any(entry is None and ":" in str(name) for name, entry in value.items()):
            raise wrong(
                f"{shown(dict(value))} is a mapping without percents: write {FORMS}, with a space after each colon of a mapping"
            )
        if not value:
            raise wrong(f"the rule is empty; write {FORMS}")
        return ((str(name), percent) for name, percent in value.items())
    if isinstance(value, str):
        return _split(value)
    if isinstance(value, (int, float, datetime.date)) and not isinstance(value, bool):
        raise wrong(
            f'{shown(value)} is what YAML makes of an unquoted rule such as 1:50:2:50; quote it: traffic: "1:50:2:50"'
        )
    raise wrong(f"{shown(value)} is not a rule; write {FORMS}")


def _split(text: str) -> Iterable[tuple[str, str]]:
    parts = [part.strip() for part in re.split(r"[:,]", text.strip().strip("{}"))]
    if len(parts) % 2 or not all(parts):
        raise wrong(f"rule {text}: each version needs one percent; write {FORMS}")
    return zip(parts[::2], parts[1::2], strict=True)


def _tenths(name: str, percent: Any) -> int:
    try:
        if isinstance(percent, bool):
            raise InvalidOperation
        number = Decimal(str(percent))
        if not number.is_finite() or number.adjusted() > 3:
            raise InvalidOperation
    except InvalidOperation:
        raise wrong(f"{name} has {shown(percent)}, which is not a percent") from None
    if number < 0:
        raise wrong(f"{name} has {number} percent; a share cannot be negative")
    if number * 10 != int(number * 10):
        raise wrong(f"{name} has {number} percent; a tenth of a percent is the smallest share")
    return int(number * 10)


RULE = Check("raw", read_rule)
