# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Numbers, times and shares as people read them. Times are UTC: a page is read in other places than it was made."""

from __future__ import annotations

import time


def clock(at: float) -> str:
    """14:03:07."""
    return time.strftime("%H:%M:%S", time.gmtime(at))


def moment(at: float) -> str:
    """2026-11-23 14:03:07 UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def duration(seconds: float) -> str:
    """8 s, 2 min 5 s, 3 h 20 min, 2 d 4 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for unit, name, part, part_name in ((60, "min", 1, "s"), (3600, "h", 60, "min"), (86400, "d", 3600, "h")):
        if whole < unit * (60 if unit < 3600 else 24) or name == "d":
            rest = whole % unit // part
            return f"{whole // unit} {name}" + (f" {rest} {part_name}" if rest else "")
    raise AssertionError


def elapsed(seconds: float) -> str:
    """2:05, or 1:02:05."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def percent(share: float) -> str:
    """A share as percent, with as many digits as tell it from 0 and from 100."""
    value = 100 * share
    near = min(value, 100 - value)
    digits = 0 if near <= 0 else 1 if near >= 1 else 2 if near >= 0.1 else 3
    return f"{value:.{digits}f} %"


def count(number: float, noun: str = "") -> str:
    """12,345 requests."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if noun else f"{number:,}"
