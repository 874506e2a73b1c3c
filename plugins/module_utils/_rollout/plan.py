# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The plan of a rollout, as a person reads it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._report import change_text
from .._spec.rollout import RULE, Rollout
from .._spec.rule import Rule
from .state import State, rule_at

MARKED, PROVED, FIRST = 1, 3, 4
"""Lines of the plan: the mark, the proof, the first step. One a step follows, and the end."""


Patch = dict[str, Any]
"""An ``object`` and its ``changes``, each with a ``path``, a value ``before`` and one ``after``."""


@dataclass(frozen=True)
class Foreseen:
    """``patches`` by the line of the plan that writes them; ``queries`` that Prometheus is asked.

    ``done`` is the last line that lies behind, and ``first`` the next one to come: those between are left out.
    """

    patches: dict[int, list[Patch]] = field(default_factory=dict)
    queries: tuple[str, ...] = ()
    done: int = 0
    first: int = 1


NOTHING = Foreseen()


def plan(rollout: Rollout, before: Rule, foreseen: Foreseen = NOTHING) -> str:
    """The whole plan as a person reads it: steps, rules, gates, patches, queries, and the earliest end."""
    lines = _beginning(rollout)
    for index, step in enumerate(rollout.steps):
        rule = rule_at(before, rollout.candidate, step.tenths) if step.weight is not None else before
        beside = "" if step.plain else f"; {rollout.candidate} gets {step}"
        gates = ", ".join(gate.name for gate in rollout.gates_of(index)) or "none"
        waits = "; then a person's word" if step.pause else ""
        lines.append(
            f"  {index + FIRST}. rule {rule}{beside}, held {rollout.hold_of(index):g} s; gates: {gates}{waits}"
        )
    selected = f"{rollout.candidate} is selected by Service {rollout.name}; kept" if rollout.manage == RULE else "kept"
    lines.append(f"  {len(rollout.steps) + FIRST}. {selected} {rollout.keep:g} s; end")
    for number in range(len(lines), 0, -1):
        if number < foreseen.first:
            lines[number - 1] += " (done)" if number <= foreseen.done else " (left out)"
        lines[number:number] = [text for patch in foreseen.patches.get(number, ()) for text in _patched(patch)]
    lines.insert(0, f"{rollout.namespace}/{rollout.name}: {rollout.strategy} of {rollout.candidate}, from {before}")
    holds = (
        sum(rollout.hold_of(index) for index in range(len(rollout.steps)) if index + FIRST >= foreseen.first)
        + rollout.keep
    )
    end = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + holds))
    lines.append(f"  the earliest end is {end}, after {holds:g} s of holds")
    lines.append(f"  error budget {rollout.error_budget:g} percent: {rollout.alpha * 100:.3g} percent a gate and step")
    lines += [f"  query: {query}" for query in foreseen.queries]
    return "\n".join(lines) + "\n"


def back(state: State, patches: list[Patch]) -> str:
    """The plan of a rollout whose traffic is to be taken back."""
    rollout = state.rollout
    lines = [f"{rollout.namespace}/{rollout.name}: the traffic is taken back to {state.before}"]
    return "\n".join([*lines, *(text for patch in patches for text in _patched(patch))]) + "\n"


def _patched(patch: Mapping[str, Any]) -> list[str]:
    """What a patch changes, below the line of the plan that writes it."""
    changes = [change_text(change["path"], change["before"], change["after"]) for change in patch["changes"]]
    return [f"        {patch['object']} {change}" for change in changes] or [f"        {patch['object']}"]


def _beginning(rollout: Rollout) -> list[str]:
    """What comes before the steps."""
    golden = f"{len(rollout.golden)} golden requests"
    if rollout.manage == RULE:
        return [
            f"  1. mark {rollout.name}-rule, so that nobody else moves it",
            f"  2. wait until {rollout.candidate} serves, with the Pods that each step needs",
            f"  3. a hidden route to it; proof through every gateway; {golden}",
        ]
    route = f"route {rollout.route}" if rollout.route else "the route"
    return [
        f"  1. remember the weights of {route} in VirtualService {rollout.moves}; nothing else of it is written",
        f"  2. wait until {rollout.candidate} serves, with the Pods that each step needs; nothing is scaled",
        f"  3. proof that every gateway has these weights; {golden} to a Pod of each version",
    ]
