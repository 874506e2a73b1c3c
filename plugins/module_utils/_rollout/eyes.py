# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Wishes for a rollout, noticed as they are made: a watch, which waits are interrupted by."""

from __future__ import annotations

import threading
import time

from .._cluster.client import Client
from .._cluster.kinds import path
from .._cluster.read import list_versioned
from .._spec.names import ANNOTATION
from .._spec.names import wishes as wishes_name
from .store import wishes

AGAIN = 0.5
"""Seconds before a watch that has ended begins anew."""


class Eyes:
    """Follows the wishes for one rollout in the background, until closed."""

    def __init__(self, client: Client, namespace: str, model: str, rollout_id: str) -> None:
        self._client, self._namespace, self._model, self._id = client, namespace, model, rollout_id
        self._changed = threading.Condition()
        self._wishes: dict[str, str] = {}
        self._closed = False
        self._read = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()
        self._read.wait(5.0)

    def wishes(self) -> dict[str, str]:
        """Wishes as they are now, and why they are made."""
        with self._changed:
            return dict(self._wishes)

    def wait(self, seconds: float) -> None:
        """Return after ``seconds``, or when a wish comes."""
        with self._changed:
            known = dict(self._wishes)
            self._changed.wait_for(lambda: self._wishes != known, max(0.0, seconds))

    def granted(self, *kinds: str) -> None:
        """Forget wishes that were granted; their object is somebody else's to write."""
        with self._changed:
            for kind in kinds:
                self._wishes.pop(kind, None)

    def close(self) -> None:
        self._closed = True

    def _follow(self) -> None:
        selector = f"{ANNOTATION}rollout=wishes,app={self._model}"
        target = f"ConfigMaps of namespace {self._namespace}"
        name = wishes_name(self._model)
        while not self._closed:
            try:
                found, version = list_versioned(self._client, "ConfigMap", self._namespace, selector)
                self._note(next((entry for entry in found if entry["metadata"]["name"] == name), None))
                query = {"watch": "true", "resourceVersion": version, "labelSelector": selector, "timeoutSeconds": 60}
                for event in self._client.stream(path("ConfigMap", self._namespace), target, query, timeout=70):
                    if self._closed:
                        return
                    if event["type"] == "ERROR":
                        break
                    self._note(None if event["type"] == "DELETED" else event["object"])
            except Exception:
                # Lost, in whatever way a connection breaks: what is asked for meanwhile is seen when the API is back.
                time.sleep(AGAIN)

    def _note(self, found: dict[str, object] | None) -> None:
        with self._changed:
            self._wishes = wishes(found, self._id)
            self._changed.notify_all()
        self._read.set()
