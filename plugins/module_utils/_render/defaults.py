# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Defaults that the API server writes into maps which server-side apply owns as a whole: without them each run would see a difference."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, dict[str, Any]] = {
    "fieldRef": {"apiVersion": "v1"},
    "resourceFieldRef": {"divisor": "0"},
    "serviceAccountToken": {"expirationSeconds": 3600},
}


def filled(value: Any) -> Any:
    """``value``, with the defaults in every map that has them."""
    if isinstance(value, list):
        return [filled(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {**DEFAULTS[name], **filled(entry)} if name in DEFAULTS and isinstance(entry, dict) else filled(entry)
        for name, entry in value.items()
    }
