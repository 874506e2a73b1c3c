# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The verdict of a gate on a window. Pure: the same window and chances give the same verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._spec.gate import Gate
from .counters import Counts

PASS, FAIL, INSUFFICIENT = "pass", "fail", "insufficient"


@dataclass(frozen=True)
class Verdict:
    """``outcome``: pass, fail or insufficient. ``reason``: one sentence with the numbers. ``numbers``: plain JSON."""

    gate: str
    outcome: str
    reason: str
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """What is known since the shift of the step that holds. ``dataclasses.asdict`` is plain JSON; ``window_of`` reads it.

    ``seconds``: since the shift. ``values``: promql gate -> its looks, oldest first, None for one without data (``looked``).
    ``answers``: webhook and command gates -> {"code": HTTP status or exit code, or None for no answer, "text": what was said};
    approval gates -> {"by": who approved}; a gate that was not answered is not in it.
    """

    seconds: float
    candidate: Counts = Counts()
    baseline: Counts = Counts()
    values: dict[str, list[float | None]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)


def window_of(data: Mapping[str, Any]) -> Window:
    """A window from its JSON."""
    raise NotImplementedError


def looked(gate: Gate, looks: list[float | None], value: float | None) -> list[float | None]:
    """The looks of a promql gate after one more; no more are kept than the gate needs."""
    raise NotImplementedError


def judge(gate: Gate, window: Window, alpha: float, budget: float | None = None) -> Verdict:
    """The gate's verdict. No traffic is never a failure.

    alpha: the chance to fail a good candidate in this step, at whatever look (``statistics.share``). budget: the chance to pass a bad
    one, alpha where it is not given. A rollout gives its whole error budget here, undivided: to be promoted, a candidate has to pass
    the gate that it misses in every step, so that chances do not add up.
    """
    raise NotImplementedError
