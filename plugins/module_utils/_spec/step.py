# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A step of a rollout: what the candidate gets, for how long, and what it has to show meanwhile. And which steps a strategy has."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from .check import Check, list_of, seconds, shown, truth
from .condition import CONDITION, COOKIE, Condition
from .errors import Collector, wrong
from .gate import GATES, Gate
from .record import key, keys, mapping, unknown, values
from .rule import WHOLE


def percent(what: str) -> Check:
    """A percent above 0, with one decimal at most."""

    def read(value: Any) -> float:
        try:
            number = Decimal(str(value))
            tenths = number * 10
            if isinstance(value, bool) or not number.is_finite() or tenths != int(tenths) or not 0 < tenths <= WHOLE:
                raise InvalidOperation
        except (InvalidOperation, ValueError):
            raise wrong(f"{shown(value)} is not {what}: a percent from 0.1 to 100 with one decimal at most") from None
        return float(number)

    return Check("float", read)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the candidate gets for ``hold`` seconds: one of ``weight``, ``mirror`` and ``match``.

    ``weight``: percent of the requests, drawn at random; with ``sticky`` each caller is drawn once and kept by a cookie of that name.
    ``mirror``: percent of the requests that are copied to it; what it answers is thrown away. ``match``: the requests of the callers of any of
    the conditions. ``pause`` waits for a person before the next step.
    """

    weight: float | None = key(percent("a weight"), None)
    mirror: float | None = key(percent("a share of the requests"), None)
    match: tuple[Condition, ...] | None = key(list_of(CONDITION, at_least=1), None)
    sticky: str | None = key(COOKIE, None)
    hold: float | None = key(seconds(), None)
    gates: tuple[Gate, ...] | None = key(GATES, None)
    pause: bool = key(truth(), False)

    @property
    def tenths(self) -> int:
        """Its share by weight, in tenths of a percent."""
        return round((self.weight or 0) * 10)

    @property
    def burden(self) -> int:
        """What it has to have Pods for, in tenths of a percent of all requests; nobody knows how many callers match."""
        return WHOLE if self.match else round((self.mirror or 0) * 10) or self.tenths

    @property
    def plain(self) -> bool:
        """Whether it is a weight and nothing else."""
        return self.weight is not None and self.sticky is None

    def __str__(self) -> str:
        """What the candidate gets: 20 percent."""
        if self.mirror is not None:
            return f"copies of {self.mirror:g} percent"
        if self.match:
            return f"callers with {' or '.join(map(str, self.match))}"
        return f"{self.weight:g} percent" + (f" of the callers, by cookie {self.sticky}" if self.sticky else "")


KINDS = ("weight", "mirror", "match")


def read_step(value: Any) -> Step:
    """A step from its mapping, or from its weight alone. Raises SpecError with every problem of it."""
    given = value if isinstance(value, Mapping) else {"weight": value}
    mapping(given, f"its keys: {', '.join(keys(Step))}")
    problems = Collector()
    unknown(given, keys(Step), problems)
    result = values(Step, given, problems)
    own = [kind for kind in KINDS if given.get(kind) is not None]
    if not own:
        problems.add("weight", "is required, or mirror or match: what the candidate is to get")
    for kind in own[1:]:
        problems.add(kind, f"goes with no {own[0]}: a step is one of weight, mirror and match; write two steps")
    if given.get("sticky") is not None and own != ["weight"]:
        problems.add("sticky", "goes with a weight: it keeps the callers that are drawn by it")
    problems.finish()
    return Step(**result)


STEP = Check("raw", read_step, record=Step)


SHORT: dict[str, list[Any]] = {
    "canary": [1, 5, 25, 50, 100],
    "blue_green": [100],
    "mirror": [{"mirror": 10}, {"mirror": 100}, 10, 50, 100],
}
"""The steps of a strategy where none are given; who gets the candidate in an A/B test has to be said."""

STRATEGIES = (*SHORT, "ab")


def check_steps(strategy: str, steps: Sequence[Step], problems: Collector) -> None:
    """Add what is wrong with the steps of a strategy."""
    if not steps:
        problems.add("steps", NOBODY)
        return
    weights = [step.weight for step in steps if step.weight is not None]
    if strategy == "blue_green" and [step.plain and step.weight for step in steps] != [100]:
        problems.add("steps", "a blue-green rollout has one step, of weight 100")
    if any(later <= earlier for earlier, later in itertools.pairwise(weights)):
        problems.add("steps", f"the weights {_listed(weights)} do not rise; write them from the smallest to 100")
    elif not weights or weights[-1] != 100:
        said = f"the weights {_listed(weights)} do not end at 100" if weights else "no step has a weight"
        problems.add("steps", f"{said}; add 100 as the last step")
    first = next((index for index, step in enumerate(steps) if step.weight is not None), len(steps))
    for index, step in enumerate(steps):
        where = f"steps[{index}]"
        if index > first and step.weight is None:
            problems.add(where, f"{step} come before the weights: once it has a share, it does not lose it again")
        if step.mirror is not None and strategy != "mirror":
            problems.add(f"{where}.mirror", f"is of the strategy mirror, and this is {strategy}")
        if (step.match or step.sticky) and strategy != "ab":
            problems.add(
                f"{where}.{'match' if step.match else 'sticky'}", f"is of the strategy ab, and this is {strategy}"
            )
    OWN.get(strategy, lambda steps, problems: None)(steps, problems)


def _mirror(steps: Sequence[Step], problems: Collector) -> None:
    percents = [step.mirror for step in steps if step.mirror is not None]
    if not percents:
        problems.add("steps", "a rollout that mirrors first has a step with mirror: {mirror: 100}")
    if any(later < earlier for earlier, later in itertools.pairwise(percents)):
        problems.add(
            "steps", f"the percents {_listed(percents)} that are mirrored fall; write them from the smallest on"
        )


def _ab(steps: Sequence[Step], problems: Collector) -> None:
    if len(steps) < 2 and all(step.plain for step in steps):
        problems.add("steps", NOBODY)
    for index, step in enumerate(steps[:-1]):
        if step.plain:
            problems.add(f"steps[{index}]", f"{step} at random is no A/B test; give it sticky, the name of a cookie")
    if steps[-1].weight == WHOLE / 10 and steps[-1].sticky:
        problems.add(
            f"steps[{len(steps) - 1}].sticky", "is for a part of the callers; the last step is for all of them"
        )


NOBODY = (
    "an A/B test has to be told who gets the candidate: give a step with match, or with weight and sticky, before 100"
)
OWN: dict[str, Callable[[Sequence[Step], Collector], None]] = {"mirror": _mirror, "ab": _ab}


def _listed(percents: Sequence[float]) -> str:
    return ", ".join(f"{each:g}" for each in percents)
