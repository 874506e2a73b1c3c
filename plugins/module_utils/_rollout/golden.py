# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Golden requests to a version that has no share yet, through every gateway Pod."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._cluster.reach import Answer, ask
from .._gateways import Entrance
from .._render.meta import REST_PORT
from .._render.rule import PREVIEW_HEADER
from .._spec.golden import Golden
from .answers import difference, problem

LONGEST = 30.0
"""Seconds that an answer may take where the request names no latency."""


@dataclass(frozen=True)
class Door:
    """A way to one version: a gateway Pod with the header of its preview, or, for a model without a gateway, one of its own Pods."""

    place: Entrance | tuple[str, str]
    token: str = ""
    model_name: str = ""
    port: int = REST_PORT

    def post(self, client: Client, golden: Golden) -> tuple[Answer, float]:
        """The answer and how long it took, in seconds."""
        timeout = max(LONGEST, 2 * (golden.latency or 0))
        start = time.monotonic()
        if isinstance(self.place, Entrance):
            answer = self.place.post(client, {PREVIEW_HEADER: self.token}, golden.method, golden.request, timeout)
        else:
            path = f"/v1/models/{self.model_name}:{golden.method}"
            answer = ask(client, self.place, self.port, path, timeout=timeout, body=golden.request)
        return answer, time.monotonic() - start

    def __str__(self) -> str:
        return f"gateway Pod {self.place}" if isinstance(self.place, Entrance) else f"Pod {'/'.join(self.place)}"


@dataclass(frozen=True)
class Tried:
    """How the candidate answered one golden request through one door: in how many seconds, and what is wrong with it (empty for nothing)."""

    request: str
    through: str
    seconds: float
    problem: str

    def __str__(self) -> str:
        return f"golden request {self.request}, through {self.through}: {self.problem or 'answered'}"


def tried(client: Client, golden: Iterable[Golden], doors: Iterable[tuple[Door, Door]]) -> list[Tried]:
    """The candidate's answers to all requests; each pair of doors leads to it and to the baseline. Raises ClusterError."""

    def try_one(entry: Golden, candidate: Door, baseline: Door) -> Tried:
        answer, seconds = candidate.post(client, entry)
        wrong = problem(entry, answer.status, answer.json(), seconds)
        if not wrong and entry.compare is not None:
            wrong = _unlike(entry, baseline.post(client, entry)[0], answer)
        return Tried(entry.label, str(candidate), round(seconds, 4), wrong)

    pairs = [(entry, *door) for entry in golden for door in doors]
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda pair: try_one(*pair), pairs))


def _unlike(golden: Golden, baseline: Answer, candidate: Answer) -> str:
    if baseline.status != 200:
        raise ClusterError(
            f"the baseline answers {baseline.status} to golden request {golden.label}, so there is nothing to compare with: "
            f"{baseline.body[:160].decode(errors='replace')}"
        )
    different = difference(baseline.json(), candidate.json(), golden.compare or 0.0)
    return f"{different}, as the baseline has it (tolerance {golden.compare:g})" if different else ""


def summary(texts: list[str], longest: int = 3) -> str:
    """The first of many failures, and how many more there are."""
    return "; ".join(texts[:longest]) + (f"; and {len(texts) - longest} more" if len(texts) > longest else "")
