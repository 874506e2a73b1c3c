# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a gate can say."""

from __future__ import annotations

from typing import Any

PASS, FAIL, INSUFFICIENT = "pass", "fail", "insufficient"
Outcome = tuple[str, str, dict[str, Any]]
"""One of the three, the reason as one sentence, and its numbers."""
