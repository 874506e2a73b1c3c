"""Events as a kubelet writes them: one object a message, counted when it comes again."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from sandbox.node.api import Api, ApiError
from sandbox.node.state import now, timestamp

Object = dict[str, Any]

_log = logging.getLogger(__name__)
_REMEMBERED = 4096


class Events:
    """A queue that one task writes to the API server, so that nobody waits for an Event."""

    def __init__(self, api: Api, node: str) -> None:
        self._api = api
        self._node = node
        self._queue: asyncio.Queue[tuple[Object, str, str, str]] = asyncio.Queue()
        self._seen: dict[tuple[str, ...], Object] = {}

    def record(self, reference: Object, reason: str, message: str, warning: bool = False) -> None:
        """Queues an Event about an object.

        Args:
            reference: Its involvedObject.
        """
        self._queue.put_nowait((reference, "Warning" if warning else "Normal", reason, message))

    async def run(self) -> None:
        """Ends only by being cancelled."""
        while True:
            reference, kind, reason, message = await self._queue.get()
            try:
                await self._write(reference, kind, reason, message)
            except ApiError as error:
                _log.info("event not written: %s", error)

    async def _write(self, reference: Object, kind: str, reason: str, message: str) -> None:
        key = (reference["uid"], reference.get("fieldPath", ""), kind, reason, message)
        moment = timestamp(now())
        namespace = reference.get("namespace") or "default"
        path = f"/api/v1/namespaces/{namespace}/events"
        if known := self._seen.get(key):
            known["count"] += 1
            body = {"count": known["count"], "lastTimestamp": moment}
            try:
                await self._api.merge(f"{path}/{known['name']}", body)
                return
            except ApiError as error:
                if error.code != 404:
                    raise
        name = f"{reference['name']}.{time.time_ns():x}"
        await self._api.post(path, self._event(name, namespace, reference, kind, reason, message, moment))
        if len(self._seen) >= _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[key] = {"name": name, "count": 1}

    def _event(
        self, name: str, namespace: str, reference: Object, kind: str, reason: str, message: str, moment: str
    ) -> Object:
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "source": {"component": "kubelet", "host": self._node},
            "reportingComponent": "kubelet",
            "reportingInstance": self._node,
        }


def pod_reference(pod: Object, container: Object | None = None, init: bool = False) -> Object:
    """The involvedObject of an Event about a Pod or one of its containers."""
    metadata = pod["metadata"]
    reference = {
        "kind": "Pod",
        "apiVersion": "v1",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }
    if container:
        field = "initContainers" if init else "containers"
        reference["fieldPath"] = f"spec.{field}{{{container['name']}}}"
    return reference
