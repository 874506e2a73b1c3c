# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What is kept of each step on the way of a rollout: enough to make the same decisions again, and to show what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from .machine import CHECK, LOOK, Seen
from .state import State

Entry = dict[str, Any]
"""``at``: seconds since the epoch. ``action``: what was carried out, or the wish. ``seen``: a Seen, without what is empty. ``verdicts``: what the
gates said of a look. ``phase``, ``step`` (from 0), ``tenths``: the state after it; ``decided``: whether that is another one. ``line``: what was
printed. ``left_out``: how many entries before this one were left out."""

MEMORY = ("now", "counters", "restore", "wrote")
"""Parts of a Seen that no decision needs: the time is the entry's, the others are the driver's own notes."""


def entry(kind: str, before: State, seen: Seen, after: State, line: str = "") -> Entry:
    """The entry of one action, or of a wish."""
    made: Entry = {
        "at": seen.now,
        "action": kind,
        "seen": _brief(seen),
        "phase": after.phase,
        "step": after.step,
        "tenths": after.tenths,
        "decided": _place(before) != _place(after),
    }
    if kind == LOOK and seen.window is not None:
        made["verdicts"] = after.verdicts
    if line:
        made["line"] = line
    return made


def seen_of(kept: Mapping[str, Any]) -> Seen:
    """What was seen, from its entry; keys of a later release are left alone."""
    known = {part.name for part in fields(Seen)} - {"now"}
    return Seen(kept["at"], **{name: value for name, value in kept["seen"].items() if name in known})


def thinned(record: list[Entry]) -> list[Entry]:
    """Every other of those entries of the older half goes that decide nothing: what follows from the others stays the same.

    Where the older half has none, those of the newer one do; where there is none at all, the older half goes, and no replay is possible.
    """
    half = len(record) // 2
    for begin, end in ((1, half), (max(1, half), len(record))):
        spare = [run for run in (_spare(record, index) for index in range(begin, end)) if run]
        if spare:
            return _without(record, {index for run in spare[::2] for index in run})
    return _without(record, set(range(max(1, half))))


def _without(record: list[Entry], gone: set[int]) -> list[Entry]:
    kept, missing = list[Entry](), 0
    for index, made in enumerate(record):
        missing += made.get("left_out", 0)
        if index in gone:
            missing += 1
        else:
            kept.append({**made, "left_out": missing} if missing else made)
            missing = 0
    return kept


def _spare(record: list[Entry], index: int) -> range:
    """The run of entries from ``index`` on that the next ones make up for; empty where there is none.

    It is a look that decided nothing; or, in a wait for more evidence, a look with the check that it led to. Neither begins or ends a time
    of trouble, or says anything.
    """
    before, two = record[index - 1], record[index : index + 2]
    if not two[0]["decided"]:
        run = two[:1]
    elif [made["action"] for made in (before, *two)] == [CHECK, LOOK, CHECK]:
        run = two
    else:
        return range(0)
    loud = any("line" in made or "patches" in made["seen"] or "wish" in made["seen"] for made in run)
    return range(0) if loud or _shown(before) != _shown(run[-1]) else range(index, index + len(run))


def _shown(made: Entry) -> tuple[Any, ...]:
    return made["phase"], made["step"], made["tenths"], bool(made["seen"].get("trouble"))


def _place(state: State) -> tuple[str, int, bool, bool]:
    return state.phase, state.step, state.shifted, state.proven


def _brief(seen: Seen) -> dict[str, Any]:
    """A Seen without what is empty; but that nothing is served is something."""
    kept = {name: value for name, value in asdict(seen).items() if name not in MEMORY and value not in (None, "", [])}
    return kept if seen.served is None else {**kept, "served": seen.served}
