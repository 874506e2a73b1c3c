# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Tells others of a rollout: a Kubernetes Event on the VirtualService that it moves, and a notification by URL."""

from __future__ import annotations

import datetime
import json
import queue
import threading
from collections.abc import Mapping
from string import Template
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._cluster.write import create
from .._render.meta import Object, digest
from .._spec import names
from .._spec.rollout import Rollout
from .state import ABORTED, ABORTING, PAUSED, State

SLACK = '{"text": $text}'
"""The default template of a notification. $text, $model, $namespace, $candidate, $phase, $weight and $reason are JSON strings."""

TIMEOUT, BRIEF = 10, 3
"""Seconds that a notification may take; and that those under way are waited for between two slices: a rollout does not wait for who listens."""


class Tell:
    """Called with each line that decides something. Who cannot be told is no reason to stop: what went wrong is in ``failed``.

    Notifications are sent in the background, one after the other.
    """

    def __init__(self, client: Client, rollout: Rollout, notify: Mapping[str, Any] | None) -> None:
        self._client, self._rollout, self._notify = client, rollout, notify
        self.failed: list[str] = []
        self._waiting: queue.Queue[tuple[State, str] | None] = queue.Queue()
        self._sender: threading.Thread | None = None

    def __call__(self, state: State, line: str) -> None:
        try:
            self._event(state, line)
        except ClusterError as error:
            self.failed.append(str(error))
        if not self._notify:
            return
        self._waiting.put((state, line))
        if self._sender is None:
            self._sender = threading.Thread(target=self._send_all, args=(self._notify,), daemon=True)
            self._sender.start()

    def finish(self, seconds: float) -> None:
        """Wait for what is being sent, ``seconds`` at most; nothing more is told."""
        if self._sender is None:
            return
        self._waiting.put(None)
        self._sender.join(seconds)
        if self._sender.is_alive():
            self.failed.append(f"a notification had no answer after {seconds:g} s")

    def _send_all(self, notify: Mapping[str, Any]) -> None:
        while entry := self._waiting.get():
            self._send(*entry, notify)

    def _event(self, state: State, line: str) -> None:
        rollout = self._rollout
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        warning = state.phase in (ABORTING, ABORTED, PAUSED)
        rule = rollout.moves
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{rule}.{digest([state.id, now, line])}",
                "namespace": rollout.namespace,
                "labels": {names.MANAGED_BY: names.MANAGER, "app": rollout.name},
            },
            "involvedObject": {
                "apiVersion": "networking.istio.io/v1",
                "kind": "VirtualService",
                "name": rule,
                "namespace": rollout.namespace,
            },
            "reason": f"Rollout{state.phase.capitalize()}",
            "message": line[:1000],
            "type": "Warning" if warning else "Normal",
            "source": {"component": names.MANAGER},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        create(self._client, event)

    def _send(self, state: State, line: str, notify: Mapping[str, Any]) -> None:
        from ansible.module_utils.urls import open_url  # slow to load, and seldom needed

        rollout = self._rollout
        words = {
            "text": f"{rollout.namespace}/{rollout.name}: {line}",
            "model": rollout.name,
            "namespace": rollout.namespace,
            "candidate": rollout.candidate,
            "phase": state.phase,
            "weight": f"{state.tenths / 10:g}",
            "reason": state.reason,
        }
        body = Template(notify.get("template") or SLACK).safe_substitute(
            {name: json.dumps(word) for name, word in words.items()}
        )
        headers = {"Content-Type": "application/json", **(notify.get("headers") or {})}
        try:
            open_url(notify["url"], method="POST", data=body, headers=headers, timeout=TIMEOUT)
        except Exception as error:  # whatever it is, the rollout goes on; the URL may hold a secret
            self.failed.append(f"the notification was not taken: {type(error).__name__}")
