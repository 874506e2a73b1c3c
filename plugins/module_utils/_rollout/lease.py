# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The Lease that keeps two drivers apart: one works, the other is told who."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Mapping
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError, Conflict
from .._cluster.read import get
from .._cluster.write import create, merge
from .._render.meta import Object, metadata
from .._spec import names

SECONDS = 15
"""A Lease that was not renewed for so long is anybody's."""

RENEW = 5.0
"""Seconds between renewals."""


class Held(ClusterError):
    """Another driver renews the Lease."""


class Lease:
    """A model's Lease. ``holder`` names the run: the slices of one run pass it on to each other."""

    def __init__(self, client: Client, namespace: str, model: str, holder: str) -> None:
        self._client, self._namespace, self._model = client, namespace, model
        self.name, self.holder = names.rollout(model), holder
        self._version, self._token = "", 0
        self._stop = threading.Event()
        self.unsure, self.taken = threading.Event(), threading.Event()

    def take(self, timeout: float, by_force: bool = False) -> int:
        """Take the Lease, waiting ``timeout`` seconds for one that is not renewed any more; its fencing token: the takers before. Raises Held.

        ``by_force``: from whoever has it, for an abort; that one's next write of the state is refused.
        Whether it is renewed is seen by its changes, not by its times: two hosts' clocks need not agree.
        """
        began, seen, since = time.monotonic(), "", time.monotonic()
        while True:
            found = get(self._client, "Lease", self._namespace, self.name)
            now = time.monotonic()
            try:
                if found is None:
                    return self._write(None, 1)
                spec = found.get("spec") or {}
                turns = int(spec.get("leaseTransitions") or 0)
                if by_force or spec.get("holderIdentity") in (None, "", self.holder):
                    return self._write(found, turns + (spec.get("holderIdentity") != self.holder))
                version = found["metadata"]["resourceVersion"]
                if seen and version != seen:
                    raise Held(f"{spec['holderIdentity']} drives the rollout of {self._model}")
                seen = version
                duration = float(spec.get("leaseDurationSeconds") or SECONDS)
                if now - since >= duration:
                    return self._write(found, turns + 1)
                if now - began >= timeout:
                    raise Held(
                        f"{spec['holderIdentity']} drove the rollout of {self._model} until {_age(spec):.0f} s ago"
                    )
            except Conflict:
                seen, since = "", time.monotonic()
            time.sleep(0.5)

    def renew(self) -> None:
        """Renew in the background, until ``stop``. ``taken`` is set when the Lease is another's, ``unsure`` while it cannot be renewed in time."""
        threading.Thread(target=self._renewing, daemon=True).start()

    def confirm(self) -> None:
        """Raise Held where the Lease has been taken over: a driver that was held up may not know it yet. Raises ClusterError."""
        spec = (get(self._client, "Lease", self._namespace, self.name) or {}).get("spec") or {}
        if (spec.get("holderIdentity"), spec.get("leaseTransitions")) != (self.holder, self._token):
            self.taken.set()
            raise Held(f"another driver took the Lease {self.name} over; run again to go on")

    def stop(self, release: bool) -> None:
        self._stop.set()
        if release and not self.taken.is_set():
            try:
                self._patch({"holderIdentity": None}, self._version)
            except ClusterError:
                return  # it expires

    def _renewing(self) -> None:
        renewed_at = time.monotonic()
        while not self._stop.wait(RENEW if not self.unsure.is_set() else 1.0):
            try:
                self._patch({"renewTime": _now()}, self._version)
            except Conflict:
                if not self._is_ours():
                    self.taken.set()
                    return
            except ClusterError:
                if time.monotonic() - renewed_at > SECONDS - RENEW:
                    self.unsure.set()
                continue
            renewed_at = time.monotonic()
            self.unsure.clear()

    def _is_ours(self) -> bool:
        """Whether a conflict was with a renewal of our own, whose answer was lost; goes on from it then."""
        try:
            found = get(self._client, "Lease", self._namespace, self.name)
        except ClusterError:
            return True  # asked again with the next renewal
        if found is None or (found.get("spec") or {}).get("holderIdentity") != self.holder:
            return False
        self._version = found["metadata"]["resourceVersion"]
        return True

    def _write(self, found: Mapping[str, Any] | None, turns: int) -> int:
        spec = {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": SECONDS,
            "acquireTime": _now(),
            "renewTime": _now(),
            "leaseTransitions": turns,
        }
        self._token = turns
        if found is not None:
            self._patch(spec, found["metadata"]["resourceVersion"])
            return turns
        body: Object = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata(self.name, self._namespace, self._model),
            "spec": spec,
        }
        answer = create(self._client, body)
        self._version = answer["metadata"]["resourceVersion"]
        return turns

    def _patch(self, spec: Mapping[str, Any], version: str) -> None:
        changes: Object = {"metadata": {"resourceVersion": version}, "spec": dict(spec)}
        answer = merge(self._client, "Lease", self._namespace, self.name, changes)
        self._version = answer["metadata"]["resourceVersion"]


def renewed(found: Mapping[str, Any] | None) -> bool:
    """Whether somebody drives, by a Lease as it was read."""
    spec = (found or {}).get("spec") or {}
    return bool(spec.get("holderIdentity")) and _age(spec) < float(spec.get("leaseDurationSeconds") or SECONDS)


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _age(spec: Mapping[str, Any]) -> float:
    """Seconds since the last renewal, by this host's clock."""
    try:
        then = datetime.datetime.fromisoformat(str(spec.get("renewTime")).replace("Z", "+00:00"))
    except ValueError:
        return float("inf")
    return (datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()
