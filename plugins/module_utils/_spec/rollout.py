# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A rollout as the user wants it: the way of a candidate to all of the traffic."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from .check import DNS_LABEL, SERVICE_NAME, Check, list_of, one_of, plain, seconds, shown, truth
from .errors import Collector, wrong
from .gate import GATES, Gate
from .golden import GOLDEN, Golden
from .record import key, read

STRATEGIES = ("canary", "blue_green")


def _percent(value: Any) -> float:
    try:
        number = Decimal(str(value))
        tenths = number * 10
        if isinstance(value, bool) or not number.is_finite() or tenths != int(tenths) or not 0 < tenths <= 1000:
            raise InvalidOperation
    except (InvalidOperation, ValueError):
        raise wrong(f"{shown(value)} is not a weight: a percent from 0.1 to 100 with one decimal at most") from None
    return float(number)


PERCENT = Check("float", _percent)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One weight of the candidate, in percent, held for ``hold`` seconds; ``pause`` waits for a person before the next one."""

    weight: float = key(PERCENT)
    hold: float | None = key(seconds(), None)
    gates: tuple[Gate, ...] | None = key(GATES, None)
    pause: bool = key(truth(), False)

    @property
    def tenths(self) -> int:
        return round(self.weight * 10)


STEP = Check("raw", lambda value: read(Step, value if isinstance(value, Mapping) else {"weight": value}), record=Step)


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The plan of a rollout: all that decides what happens. Times in seconds, weights and ``error_budget`` in percent."""

    name: str = key(SERVICE_NAME)
    namespace: str = key(DNS_LABEL, "kubeflow")
    candidate: str = key(DNS_LABEL)
    strategy: str = key(one_of(*STRATEGIES), "canary")
    steps: tuple[Step, ...] = key(list_of(STEP, at_least=1), ())
    hold: float = key(seconds(), 60.0)
    gates: tuple[Gate, ...] = key(GATES, ())
    golden: tuple[Golden, ...] = key(list_of(GOLDEN), ())
    interval: float = key(seconds(0.5), 5.0)
    error_budget: float = key(PERCENT, 5.0)
    on_insufficient: str = key(one_of("wait", "pause", "abort"), "wait")
    insufficient_limit: float = key(seconds(), 600.0)
    after_limit: str = key(one_of("pause", "abort"), "pause")
    keep: float = key(seconds(), 0.0)
    keep_candidate: bool = key(truth(), True)
    ready_timeout: float = key(seconds(1), 300.0)
    abort_timeout: float = key(seconds(1), 600.0)
    on_abandoned: str = key(one_of("wait", "abort"), "wait")

    def gates_of(self, step: int) -> tuple[Gate, ...]:
        """The gates of a step, by its index."""
        own = self.steps[step].gates
        return self.gates if own is None else own

    def hold_of(self, step: int) -> float:
        """Seconds that a step is held at least."""
        own = self.steps[step].hold
        return self.hold if own is None else own

    @property
    def all_gates(self) -> list[Gate]:
        """The gates of every step, one after the other."""
        return [gate for index in range(len(self.steps)) for gate in self.gates_of(index)]

    @property
    def decisions(self) -> int:
        """How many verdicts share the error budget: one for each gate of each step."""
        return max(1, len(self.all_gates))

    @property
    def alpha(self) -> float:
        """The share of the error budget of one gate in one step, as a probability."""
        return self.error_budget / 100 / self.decisions

    def to_json(self) -> dict[str, Any]:
        """The plan in plain types; ``read_rollout`` makes one of it that decides the same. What may be secret is hidden."""
        plan = dataclasses.asdict(self)
        plan["gates"] = [gate.kept() for gate in self.gates]
        for step, entry in zip(self.steps, plan["steps"], strict=True):
            entry["gates"] = None if step.gates is None else [gate.kept() for gate in step.gates]
        return dict(plain(plan))


SHORT = {"canary": [1, 5, 25, 50, 100], "blue_green": [100]}
"""The steps of a strategy where none are given, in percent."""


def read_rollout(value: Mapping[str, Any]) -> Rollout:
    """A rollout from its mapping. Raises SpecError with every problem of it."""
    given = {name: entry for name, entry in value.items() if entry is not None}
    if not given.get("steps"):
        given["steps"] = SHORT.get(given.get("strategy", "canary"), [100])
    rollout = read(Rollout, given)
    problems = Collector()
    weights = [step.weight for step in rollout.steps]
    if rollout.strategy == "blue_green" and weights != [100]:
        problems.add("steps", "a blue-green rollout has one step, of weight 100")
    if any(later <= earlier for earlier, later in itertools.pairwise(weights)):
        problems.add("steps", f"the weights {_listed(weights)} do not rise; write them from the smallest to 100")
    elif weights[-1] != 100:
        problems.add("steps", f"the weights {_listed(weights)} do not end at 100; add 100 as the last step")
    labels = [golden.label for golden in rollout.golden]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        problems.add("golden", f"two requests are called {label}; give them names")
    problems.finish()
    return rollout


def _listed(weights: list[float]) -> str:
    return ", ".join(f"{weight:g}" for weight in weights)
