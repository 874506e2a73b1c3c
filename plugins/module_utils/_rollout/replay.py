# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Makes the decisions of a rollout again, from its record alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._spec.rule import read_rule
from .machine import action, advance
from .record import seen_of
from .state import PENDING, State, read_state


def origin(state: State) -> State:
    """The state that a rollout began with."""
    share = read_rule(state.before).share(state.rollout.candidate)
    return State(
        state.id,
        state.plan,
        state.before,
        state.undo,
        state.baseline,
        state.started,
        share,
        PENDING,
        since=state.started,
    )


def replay(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where the state machine decides otherwise than a record says; empty where it makes the same decisions.

    ``report`` has ``state`` and ``record``, as the module's result and report.json have them. Each difference has the ``index`` of its entry
    (the number of entries, for the last state), its time ``at``, and what is ``recorded`` and ``decided``. What merely follows from a difference
    is not told again. Raises KeyError, TypeError or ValueError where the report is none.
    """
    last = read_state(report["state"])
    state, found, apart = origin(last), list[dict[str, Any]](), False
    for index, entry in enumerate(report["record"]):
        seen = seen_of(entry)
        due = seen.wish or action(state)[0]
        state = advance(state, seen)
        recorded = {name: entry[name] for name in ("action", "phase", "step", "tenths")}
        decided = {"action": due, "phase": state.phase, "step": state.step, "tenths": state.tenths}
        if "verdicts" in entry:
            recorded["verdicts"], decided["verdicts"] = _outcomes(entry["verdicts"]), _outcomes(state.verdicts)
        if recorded != decided and not apart:
            found.append({"index": index, "at": entry["at"], **_unlike(recorded, decided)})
        apart = recorded != decided
    recorded, decided = _end(last), _end(state)
    if recorded != decided and not apart:
        found.append({"index": len(report["record"]), "at": last.ended or last.since, **_unlike(recorded, decided)})
    return found


def _outcomes(verdicts: list[dict[str, Any]]) -> dict[str, str]:
    return {verdict["gate"]: verdict["outcome"] for verdict in verdicts}


def _end(state: State) -> dict[str, Any]:
    return {"phase": state.phase, "step": state.step, "tenths": state.tenths, "reason": state.reason}


def _unlike(recorded: dict[str, Any], decided: dict[str, Any]) -> dict[str, Any]:
    differ = [name for name in recorded if recorded[name] != decided[name]]
    return {"recorded": {name: recorded[name] for name in differ}, "decided": {name: decided[name] for name in differ}}
