# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Whether an answer is the one that a golden request asks for. Pure."""

from __future__ import annotations

import json
import math
from typing import Any

from .._spec.golden import Golden


def problem(golden: Golden, status: int, answer: Any, seconds: float) -> str:
    """What is wrong with an answer; empty where it is what it should be. ``answer`` is its JSON, None where it is none."""
    if status != 200:
        return f"answers {status}: {_shown(answer)}"
    if golden.latency is not None and seconds > golden.latency:
        return f"takes {seconds:.3f} s, more than {golden.latency:g} s"
    if golden.expect is not None:
        different = difference(golden.expect, answer, golden.tolerance)
        if different:
            return f"{different}; expected {_shown(golden.expect)}"
    return _unasserted(golden.assertion, answer) if golden.assertion else ""


def difference(expected: Any, actual: Any, tolerance: float, path: str = "") -> str:
    """Where two JSON values differ by more than ``tolerance`` in a number, or at all in anything else; empty where they do not."""
    where = path or "the answer"
    if _number(expected) and _number(actual):
        same = math.isclose(expected, actual, rel_tol=0, abs_tol=tolerance) or expected == actual
        return "" if same else f"{where} is {actual!r}, not {expected!r}"
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in (*expected, *(name for name in actual if name not in expected)):
            if name not in actual or name not in expected:
                return f"{where} {'lacks' if name not in actual else 'has also'} {name}"
            found = difference(expected[name], actual[name], tolerance, f"{path}.{name}" if path else name)
            if found:
                return found
        return ""
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return f"{where} has {len(actual)} entries, not {len(expected)}"
        pairs = enumerate(zip(expected, actual, strict=True))
        return next(filter(None, (difference(a, b, tolerance, f"{path}[{index}]") for index, (a, b) in pairs)), "")
    same = type(expected) is type(actual) and expected == actual
    return "" if same else f"{where} is {_shown(actual)}, not {_shown(expected)}"


def _unasserted(assertion: str, answer: Any) -> str:
    import jmespath

    try:
        result = jmespath.search(assertion, answer)
    except jmespath.exceptions.JMESPathError as error:
        return f"{assertion} cannot be evaluated: {' '.join(str(error).split())}"
    return "" if result is True else f"{assertion} is {_shown(result)}, not true"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 160 else f"{text[:157]}..."
