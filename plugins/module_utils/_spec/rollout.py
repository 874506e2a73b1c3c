# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A rollout as the user wants it: the way of a candidate to all of the traffic."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import names
from .check import ANY_TEXT, DNS_LABEL, OBJECT_NAME, SERVICE_NAME, list_of, one_of, plain, seconds, truth
from .errors import Collector
from .gate import GATES, Gate
from .golden import GOLDEN, Golden
from .record import key, read
from .step import SHORT, STEP, STRATEGIES, Step, check_steps, percent

RULE, WEIGHTS = "rule", "weights"
"""What a rollout moves: MODEL-rule, or the weights of a route of somebody else's."""


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The plan of a rollout: all that decides what happens. Times in seconds, weights and ``error_budget`` in percent."""

    name: str = key(SERVICE_NAME)
    namespace: str = key(DNS_LABEL, "kubeflow")
    candidate: str = key(DNS_LABEL)
    strategy: str = key(one_of(*STRATEGIES), "canary")
    manage: str = key(one_of(RULE, WEIGHTS), RULE)
    virtual_service: str | None = key(OBJECT_NAME, None)
    route: str | None = key(ANY_TEXT, None)
    steps: tuple[Step, ...] = key(list_of(STEP, at_least=1), ())
    hold: float = key(seconds(), 60.0)
    gates: tuple[Gate, ...] = key(GATES, ())
    golden: tuple[Golden, ...] = key(list_of(GOLDEN), ())
    interval: float = key(seconds(0.5), 5.0)
    error_budget: float = key(percent("a chance"), 5.0)
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
    def moves(self) -> str:
        """The VirtualService that it writes."""
        return self.virtual_service or names.rule(self.name)

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


def read_rollout(value: Mapping[str, Any]) -> Rollout:
    """A rollout from its mapping. Raises SpecError with every problem of it."""
    given = {name: entry for name, entry in value.items() if entry is not None}
    if not given.get("steps"):
        given["steps"] = SHORT.get(given.get("strategy", "canary"))
    rollout = read(Rollout, given)
    problems = Collector()
    check_steps(rollout.strategy, rollout.steps, problems)
    _foreign(rollout, problems)
    labels = [golden.label for golden in rollout.golden]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        problems.add("golden", f"two requests are called {label}; give them names")
    problems.finish()
    if rollout.manage == RULE:
        return rollout
    return dataclasses.replace(rollout, candidate=names.destination(rollout.name, rollout.candidate))


def _foreign(rollout: Rollout, problems: Collector) -> None:
    """What does not go with a VirtualService of somebody else's, or with none."""
    if rollout.manage == RULE:
        for name in ("virtual_service", "route"):
            if getattr(rollout, name) is not None:
                problems.add(name, "goes with manage: weights; without it the rollout moves MODEL-rule")
        return
    if rollout.virtual_service is None:
        problems.add("virtual_service", "is required by manage: weights; write the name of the VirtualService")
    if rollout.strategy not in ("canary", "blue_green"):
        problems.add(
            "strategy",
            f"{rollout.strategy} needs routes of its own, and manage: weights writes none; take canary or blue_green",
        )
    if not rollout.keep_candidate:
        problems.add("keep_candidate", "false would scale a workload of somebody else's; leave it out")
