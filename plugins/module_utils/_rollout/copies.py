# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Reads what the servers of both versions count while requests are copied to the candidate. Why theirs, is in ``servers``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .._cluster.client import Client
from .._cluster.read import OURS, list_kind
from .._serving import metrics
from .._spec.rollout import Rollout
from .counters import Counts
from .servers import Page, Servers, advance, counts

Pod = Mapping[str, Any]


class Unseen(Exception):
    """No Pod of the candidate shows its counters: there is no evidence."""


class Crashed(Exception):
    """A server of the candidate ended under the copies. The requests that it had then are in no counter of its own."""


class Copies:
    """The servers of one rollout's candidate and baseline: a request of ours a Pod and look."""

    def __init__(self, client: Client, rollout: Rollout) -> None:
        self._client, self._rollout = client, rollout

    def begin(self, baseline: str, boundaries: list[float]) -> dict[str, Any]:
        """Counters that start from now. Raises ClusterError."""
        return asdict(advance(Servers(boundaries), self._pages(self._pods(baseline))))

    def look(self, kept: Mapping[str, Any], baseline: str) -> tuple[dict[str, Any], Counts, Counts]:
        """The counters as they are now, and what candidate and baseline answered. Raises Crashed, Unseen, ClusterError."""
        candidate, servers, pods = self._rollout.candidate, Servers(**kept), self._pods(baseline)
        for pod in pods:
            name, more = pod["metadata"]["name"], self._restarts(pod) - servers.restarts.get(pod["metadata"]["name"], 0)
            if _version(pod) == candidate and more > 0:
                times = "once" if more == 1 else f"{more} times"
                raise Crashed(f"Pod {name} of {candidate} was restarted {times} while it got copies{self._last(pod)}")
        pages = self._pages(pods)
        if not any(page.version == candidate and page.text is not None for page in pages):
            raise Unseen(
                f"no Pod of {candidate} shows TensorFlow Serving's metrics, which copies are counted by; is there one that runs, "
                "and may its port 8500 be asked through the API server (get on pods/proxy, or create on pods/portforward)?"
            )
        servers = advance(servers, pages)
        return asdict(servers), counts(servers, candidate), counts(servers, baseline)

    def _pods(self, baseline: str) -> list[Pod]:
        rollout = self._rollout
        found = list_kind(self._client, "Pod", rollout.namespace, f"{OURS},app={rollout.name}")
        both = (rollout.candidate, baseline)
        return [pod for pod in found if _version(pod) in both and not pod["metadata"].get("deletionTimestamp")]

    def _pages(self, pods: list[Pod]) -> list[Page]:
        def page(pod: Pod) -> Page:
            return Page(
                pod["metadata"]["name"],
                _version(pod),
                metrics(self._client, pod) if _runs(pod) else None,
                self._restarts(pod),
            )

        return list(self._client.every(page, pods))

    def _restarts(self, pod: Pod) -> int:
        return int(self._container(pod).get("restartCount", 0))

    def _last(self, pod: Pod) -> str:
        """How its server ended, in the kubelet's words."""
        status = self._container(pod)
        ended = (status.get("lastState") or {}).get("terminated") or (status.get("state") or {}).get("terminated") or {}
        return f": {ended.get('reason', 'Error')}, exit code {ended['exitCode']}" if "exitCode" in ended else ""

    def _container(self, pod: Pod) -> Mapping[str, Any]:
        """The status of the server's container, which has the model's name."""
        found = pod.get("status", {}).get("containerStatuses") or ()
        return next((entry for entry in found if entry["name"] == self._rollout.name), {})


def _version(pod: Pod) -> str:
    return str((pod["metadata"].get("labels") or {}).get("version", ""))


def _runs(pod: Pod) -> bool:
    return bool(pod.get("status", {}).get("phase") == "Running")
