# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a run is told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._proof import Proof


@dataclass(frozen=True)
class Settings:
    """How to carry plans out; times in seconds. ``token`` is the secret of preview routes."""

    token: str
    wait_timeout: float = 300.0
    quiet: float = 30.0
    force: bool = False


@dataclass
class Outcome:
    """What was done for each model, by its key."""

    written: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    served: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    quiet: dict[str, dict[str, str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
