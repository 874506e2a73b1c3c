# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What counts say about the share behind them, however often one looks."""

from __future__ import annotations


def share(budget: float, steps: int, gates: int) -> float:
    """The part of a rollout's error budget (0.05) that one gate of one step may use up to abort a good candidate.

    Any gate of any step may abort, so the budget is divided by their number (Bonferroni).
    """
    return budget / (steps * gates)


def interval(bad: int, total: int, alpha: float, around: float = 0.02) -> tuple[float, float]:
    """A confidence sequence for the share of bad ones; each end alone is wrong, at whatever look, with a chance of at most alpha."""
    raise NotImplementedError
