# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Kubernetes quantities as numbers."""

from __future__ import annotations

import re
from typing import Any

UNITS = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


def amount(value: Any) -> float | None:
    """``1000m`` is 1, ``1Ki`` is 1024; None where the value is no quantity."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(?:[eE]([0-9]{1,2}))?([A-Za-z]*)", str(value))
    if not match or match[3] not in UNITS:
        return None
    return float(round(float(match[1]) * 10 ** int(match[2] or 0) * UNITS[match[3]], 9))
