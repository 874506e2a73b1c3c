# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Proof that what was written is what the proxies do: asked of every gateway Pod."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from ._cluster.client import Client
from ._cluster.errors import ClusterError
from ._cluster.reach import Answer
from ._gateways import Entrance
from ._render.rule import PREVIEW_HEADER, PROOF_HEADER
from ._serving import available

SETTLE = 2.0
"""Seconds to wait where nothing can be asked: a write is in an idle Envoy within some tenths of a second."""

INTERVAL, SLOWER, LONGEST = 0.05, 1.3, 0.5
"""Seconds between the first two questions to one gateway Pod; by how much each next wait is longer; and the longest one. Proxies that take long are
busy, and the questions of many changes at once would keep them so."""


FORBIDDEN = 403


@dataclass(frozen=True)
class Proof:
    """How it is known that the proxies have a rule: the transport, the gateway Pods asked, seconds until the last one had it."""

    transport: str
    pods: tuple[str, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())

    def report(self) -> dict[str, object]:
        return {
            "transport": self.transport,
            "gateway_pods": list(self.pods),
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }


class Place(Protocol):
    """A gateway Pod that can be asked."""

    def get(self, client: Client, headers: Mapping[str, str], timeout: float = 5.0) -> Answer: ...

    def still_there(self, client: Client) -> bool: ...


def settle(why: str) -> Proof:
    """No gateway Pod can be asked: time has to do, and the result says so."""
    time.sleep(SETTLE)
    return Proof(f"settle time of {SETTLE:g} s", seconds=SETTLE, notes=(why,))


P = TypeVar("P")


def located(find: Callable[[], list[P]]) -> list[P] | Proof:
    """The gateway Pods; or, where it is not allowed to find them, the settle time that has to do. Raises ClusterError."""
    try:
        return find()
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        return settle(f"not allowed to find the gateway Pods: {error}")


def prove_rule(client: Client, places: list[Entrance], digest: str, timeout: float) -> Proof:
    """Every gateway Pod answers with the digest of the new routes. Raises ClusterError after ``timeout`` seconds."""

    def has_rule(answer: Answer) -> str | None:
        return (
            None
            if answer.status == 200 and answer.body.decode(errors="replace") == digest
            else "it still has other routes"
        )

    return prove(client, places, {PROOF_HEADER: "digest"}, has_rule, timeout)


def prove_answer(client: Client, places: list[Entrance], token: str, timeout: float) -> Proof:
    """Through every gateway Pod the preview's version says that its model is AVAILABLE. Raises ClusterError."""

    def serves(answer: Answer) -> str | None:
        if answer.status == 200 and available(answer.json()):
            return None
        return f"the preview answers {answer.status}: {answer.body[:120].decode(errors='replace')}"

    return prove(client, places, {PREVIEW_HEADER: token}, serves, timeout)


def prove(
    client: Client,
    places: Sequence[Place],
    headers: Mapping[str, str],
    wrong: Callable[[Answer], str | None],
    timeout: float,
) -> Proof:
    """Every gateway Pod gives an answer that nothing is ``wrong`` with. Raises ClusterError after ``timeout`` seconds."""
    if not places:
        return settle("there is no gateway Pod to ask")
    start = time.monotonic()

    def until(place: Place) -> tuple[str, str] | ClusterError | None:
        reason, pause = "no answer", INTERVAL
        while time.monotonic() - start < timeout:
            try:
                answer = place.get(client, headers, timeout=min(5.0, timeout))
                reason = wrong(answer) or ""
                if not reason:
                    return str(place), answer.transport
            except ClusterError as error:
                if error.status == FORBIDDEN:
                    return error
                if not place.still_there(client):
                    return None
                reason = str(error)
            time.sleep(pause)
            pause = min(pause * SLOWER, LONGEST)
        return ClusterError(f"gateway Pod {place}: {reason}, {timeout:g} s after the write")

    results = client.every(until, places)
    failed = [result for result in results if isinstance(result, ClusterError)]
    answered = [result for result in results if isinstance(result, tuple)]
    if failed and not answered and all(error.status == FORBIDDEN for error in failed):
        return settle(
            "not allowed to ask the gateway Pods; grant create on pods/portforward or get on pods/proxy in their namespace"
        )
    if failed:
        raise ClusterError("; ".join(map(str, failed)))
    return Proof(
        " and ".join(sorted({how for _name, how in answered})),
        tuple(name for name, _how in answered),
        time.monotonic() - start,
    )
