# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Golden requests: what a version has to answer before a user's request reaches it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .check import ANY_TEXT, Check, one_of, plain, seconds, shown
from .errors import Collector, wrong
from .record import key, read


def _data(value: Any) -> Any:
    return plain(value)


def _amount(value: Any) -> float:
    number = float(value) if isinstance(value, str) and value.replace(".", "", 1).isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < float("inf"):
        raise wrong(f"{shown(value)} is not a number of at least 0")
    return float(number)


DATA, AMOUNT = Check("raw", _data), Check("float", _amount)


@dataclass(frozen=True, kw_only=True)
class Golden:
    """One request and what its answer has to be. ``latency`` in seconds; ``tolerance`` is the largest difference of two numbers."""

    name: str = key(ANY_TEXT, "")
    method: str = key(one_of("predict", "classify", "regress"), "predict")
    request: Any = key(DATA)
    expect: Any = key(DATA, None)
    tolerance: float = key(AMOUNT, 0.0)
    assertion: str | None = key(ANY_TEXT, None)
    latency: float | None = key(seconds(0.001), None)
    compare: float | None = key(AMOUNT, None)

    @property
    def label(self) -> str:
        return self.name or f"{self.method} {json.dumps(self.request)[:60]}"


def _golden(value: Any) -> Golden:
    golden = read(Golden, value)
    problems = Collector()
    if not isinstance(golden.request, dict):
        problems.add(
            "request",
            f"{shown(golden.request)} is not a mapping; write what TensorFlow Serving is sent, such as {{instances: [[1.0]]}}",
        )
    if golden.expect is None and golden.assertion is None and golden.latency is None and golden.compare is None:
        problems.add("", "says nothing of the answer; give expect, assertion, latency or compare")
    problems.finish()
    return golden


GOLDEN = Check("dict", _golden, record=Golden)
