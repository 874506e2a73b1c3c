# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Replaces a file as a whole: whoever reads it meanwhile sees the old or the new one, never half of one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Write a file in the place of what is there, whose mode it keeps. Raises OSError."""
    part, there = path.with_name(f".{path.name}.{os.getpid()}"), path.exists()
    try:
        # Until it has the mode of a file that may be private, nobody else reads it.
        with open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600 if there else 0o666)) as file:
            file.write(text.encode())
        if there:
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
