# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The evidence of a rollout as report.json holds it. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .replay import replay
from .state import live_rule, read_state
from .words import gets

FORMAT = 1
"""Rises when a reader of report.json has to change."""

MEMORY = ("plan", "counters")
"""Parts of a state that a report does not repeat: the plan stands beside it, the others are the driver's notes on the counters of each Pod."""


def report(kept: Mapping[str, Any], replayed: bool = True) -> dict[str, Any]:
    """All that was seen and decided, from a ``state`` and its ``record``; ``page`` shows it, and ``replay`` decides by it again.

    ``rollout``: what it is of. ``outcome``: where it stands and why; weights in percent, times in UTC. ``plan``: all that decided, with its
    defaults. ``record``: an entry an action, look or wish, in their order: see ``record.Entry``; in ``seen``, ``window`` is what was counted,
    ``queries`` what Prometheus was asked, ``golden`` how the golden requests were answered, ``patches`` what was written. ``left_out``: looks
    that are not in the record. ``replay``: where the state machine decides otherwise, or None where that was not tried. ``state``: what is kept to go on from.
    """
    state = read_state(kept["state"])
    rollout = state.rollout
    last = max([state.started, *(entry["at"] for entry in kept["record"])])
    return {
        "format": FORMAT,
        "rollout": {
            "id": state.id,
            "namespace": rollout.namespace,
            "name": rollout.name,
            "candidate": rollout.candidate,
            "baseline": state.baseline,
            "strategy": rollout.strategy,
        },
        "outcome": {
            "phase": state.phase,
            "reason": state.reason,
            "step": state.step + 1,
            "steps": len(rollout.steps),
            "weight": state.tenths / 10,
            "gets": gets(state),
            "rule": {"before": state.before, "after": str(live_rule(state))},
            "began": _utc(state.started),
            "ended": _utc(state.ended) if state.over else None,
            "last_seen": _utc(last),
        },
        "plan": state.plan,
        "left_out": sum(entry.get("left_out", 0) for entry in kept["record"]),
        "replay": replay(kept) if replayed else None,
        "record": [{"time": _utc(entry["at"]), **entry} for entry in kept["record"]],
        "state": {name: value for name, value in state.to_json().items() if name not in MEMORY},
    }


def kept_of(made: Mapping[str, Any]) -> dict[str, Any]:
    """The ``state`` and ``record`` of a report.json, for ``replay``."""
    return {"state": {**made["state"], "plan": made["plan"]}, "record": made["record"]}


def _utc(at: float) -> str:
    whole, thousandths = divmod(round(at * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{thousandths:03d}Z"
