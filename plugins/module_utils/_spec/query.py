# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Which objects of a cluster are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .check import list_of, map_of, text
from .record import key, record

WORD = text(r"\S+", "a word without spaces")
SELECTOR = text(r"[^\x00-\x1f\x7f]+", "a selector on one line")


@dataclass(frozen=True, kw_only=True)
class Query:
    """Objects of one kind: one by its name, or those that all selectors match; of all namespaces where there is none."""

    kind: str = key(WORD)
    api_version: str = key(WORD, "v1")
    namespace: str | None = key(WORD, None)
    name: str | None = key(WORD, None)
    label_selectors: tuple[str, ...] = key(list_of(SELECTOR), ())
    field_selectors: tuple[str, ...] = key(list_of(SELECTOR), ())

    @property
    def group(self) -> str:
        """The path of the kind's group and version."""
        return f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"


def read_queries(value: Any) -> dict[str, Query]:
    """Queries by the names that whoever asks gave them. Raises SpecError."""
    queries: dict[str, Query] = map_of(text(r".+", "a name"), record(Query))(value)
    return queries
