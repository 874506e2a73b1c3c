# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""HTML in which text is always escaped: what is no Markup is text."""

from __future__ import annotations

import html
import re

VOID = ("meta", "br")
"""Elements without content."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Characters that HTML does not allow, and those that would turn the direction of what follows."""


class Markup(str):
    """A piece of HTML, which goes into another one as it is."""


def tag(name: str, /, *content: object, **attributes: object) -> Markup:
    """An element. ``class_`` is ``class`` and ``data_label`` is ``data-label``; content and attributes that are None are left out."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    start = "".join([f"<{name}", *(f' {key}="{escaped(value)}"' for key, value in given.items()), ">"])
    return Markup(start if name in VOID else f"{start}{join(*content)}</{name}>")


def join(*content: object) -> Markup:
    """Pieces one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escaped(part) for part in content if part is not None))


def escaped(text: object) -> str:
    """Text as it is safe in an element and in a quoted attribute."""
    return html.escape(CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text)))
