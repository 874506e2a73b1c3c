# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a record holds, in the order and shape that a page shows it in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..gates import Window, window_of
from ..machine import CHECK, LOOK, SHIFT
from ..replay import origin
from ..state import ABORTED, ABORTING, COMPLETE, PAUSED, PROMOTING, State, read_state

GOOD, BAD, WAIT, PLAIN = "good", "bad", "wait", "plain"
"""What an event is to the rollout."""


@dataclass(frozen=True)
class Look:
    """One look at the evidence, at a time (seconds since the epoch) in a step (from 0)."""

    at: float
    step: int
    window: Window
    verdicts: list[dict[str, Any]]


@dataclass(frozen=True)
class Event:
    """A line, with its number on the page."""

    number: int
    at: float
    line: str
    kind: str


@dataclass
class Held:
    """A step that got its weight: from when until when, how that ended, and the last look at it."""

    step: int
    begun: float
    ended: float
    outcome: str = ""
    last: Look | None = None
    looks: int = 0


@dataclass
class History:
    """A rollout as it was. ``weights``: when the candidate got which share, in tenths of a percent. ``end``: the last that is known."""

    state: State
    end: float
    weights: list[tuple[float, int]]
    looks: list[Look] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    held: dict[int, Held] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    left_out: int = 0

    @property
    def begun(self) -> float:
        return self.state.started


def read_history(report: Mapping[str, Any]) -> History:
    """A rollout from its report."""
    state, record = read_state({**report["state"], "plan": report["plan"]}), report["record"]
    end = max([state.started, *(entry["at"] for entry in record)])
    history = History(state, end, [(state.started, origin(state).tenths)])
    phase, holds = "", None
    for entry in record:
        at, step = entry["at"], entry["step"]
        history.moments.append(at)
        history.left_out += entry.get("left_out", 0)
        if entry["tenths"] != history.weights[-1][1]:
            history.weights.append((at, entry["tenths"]))
        if entry["action"] == SHIFT and entry["decided"] and step not in history.held:
            holds = history.held[step] = Held(step, at, at)
        elif holds is not None:
            holds.ended = at
            if entry["action"] == LOOK and "window" in entry["seen"]:
                look = Look(at, step, window_of(entry["seen"]["window"]), entry.get("verdicts", []))
                history.looks.append(look)
                holds.last, holds.looks = look, holds.looks + 1
        if holds is not None and (step != holds.step or entry["phase"] in (PROMOTING, ABORTING)):
            aborted = entry["phase"] == ABORTING
            holds.outcome = "aborted" if aborted else "passed" if entry["action"] == CHECK else "promoted"
            holds = None
        if "line" in entry:
            kind = _kind(entry["phase"], entry["phase"] != phase, "trouble" in entry["seen"])
            history.events.append(Event(len(history.events) + 1, at, entry["line"], kind))
        phase = entry["phase"]
    if holds is not None:
        holds.outcome = "paused" if phase == PAUSED else "under way"
    return history


def _kind(phase: str, changed: bool, trouble: bool) -> str:
    if changed and phase in (ABORTING, ABORTED):
        return BAD
    if changed and phase == COMPLETE:
        return GOOD
    return WAIT if trouble or (changed and phase == PAUSED) else PLAIN
