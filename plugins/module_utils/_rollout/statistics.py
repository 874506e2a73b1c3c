# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What counts say about the share behind them, however often one looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Levels:
    """Chances of an error that one gate of one step may take: to ``fail`` a good candidate, to ``pass_`` a bad one."""

    fail: float
    pass_: float


def share(budget: float, steps: int, gates: int) -> Levels:
    """Split a rollout's error budget (0.05) over its steps and the gates of a step.

    Any gate of any step may abort, so ``fail`` is budget / (steps * gates) (Bonferroni). A candidate is promoted only if it
    passes the gate that it misses in every step, so that ``pass_`` needs no split: it is the budget.
    """
    return Levels(budget / (steps * gates), budget)


def interval(bad: int, total: int, alpha: float, around: float = 0.02) -> tuple[float, float]:
    """A confidence sequence for the share of bad ones; each end alone is wrong, at whatever look, with a chance of at most alpha."""
    raise NotImplementedError
