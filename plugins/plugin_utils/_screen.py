# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees of a rollout: a line for what happens and, on a terminal, one below them that is renewed in place.

All of it goes to stderr, so that callbacks which write JSON to stdout stay intact.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display

CLEAR = "\r\x1b[K"
"""To the line's begin, and what is there is gone."""

display = Display()


def _columns() -> int:
    try:
        return 0 if os.environ.get("TERM", "dumb") == "dumb" else os.get_terminal_size(2).columns
    except OSError:  # a file, or a pipe
        return 0


COLUMNS = _columns()
"""Width of the terminal that stderr is, 0 where it is none. A worker has none of its own; Ansible loads action plugins before it starts one."""


class Screen:
    """One rollout's part of the screen. Nothing is renewed where several are watched at once."""

    def __init__(self, alone: bool) -> None:
        self.renewed = alone and COLUMNS > 0

    def show(self, result: Mapping[str, Any]) -> None:
        """The lines of a slice, and how things stand after it."""
        lines = result.get("lines") or ()
        status = result.get("status") if not (result.get("done", True) or result.get("failed")) else ""
        if self.renewed and (lines or not status):
            self._renew(CLEAR)
        for entry in lines:
            clock = time.strftime("%H:%M:%S", time.localtime(entry["at"]))
            display.display(f"{clock}  {result['namespace']}/{result['name']}: {entry['line']}", stderr=True)
        if self.renewed and status:
            self._renew(f"\r{fitted(status, COLUMNS - 1)}\x1b[K")

    def _renew(self, text: str) -> None:
        display.display(text, stderr=True, screen_only=True, newline=False)


def fitted(text: str, width: int) -> str:
    """As many parts of a line as there is room for: one that goes on in the next row cannot be renewed."""
    parts = text.split("; ")
    while len(text) > width and len(parts) > 1:
        parts.pop()
        text = "; ".join(parts)
    return text[:width]
