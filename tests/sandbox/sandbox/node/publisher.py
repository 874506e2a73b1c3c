"""Tells the API server a Pod's status whenever it has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sandbox.node.api import Api, ApiError

Object = dict[str, Any]

_log = logging.getLogger(__name__)
_RETRY = 1.0


class Publisher:
    """Writes at most one status at a time; changes meanwhile are written together afterwards.

    Args:
        compute: The status as it should be, given the Pod as the API server last returned it.
    """

    def __init__(self, api: Api, pod: Object, compute: Callable[[Object], Object]) -> None:
        metadata = pod["metadata"]
        self._path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        self._uid = metadata["uid"]
        self._api = api
        self._compute = compute
        self._seen = pod
        self._sent: Object | None = None
        self._dirty = asyncio.Event()
        self._clean = asyncio.Event()

    def changed(self) -> None:
        """The status has to be computed and written again."""
        self._dirty.set()
        self._clean.clear()

    def observe(self, pod: Object) -> None:
        """Takes what others wrote (the scheduler's condition, readiness gates)."""
        self._seen = pod
        self.changed()

    async def flush(self) -> None:
        """Waits until the last change is written."""
        await self._clean.wait()

    async def run(self) -> None:
        """Ends only by being cancelled."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._write()
            except ApiError as error:
                if error.code not in (404, 409):
                    _log.info("%s; trying again", error)
                    await asyncio.sleep(_RETRY)
                    self._dirty.set()
                    continue
            if not self._dirty.is_set():
                self._clean.set()

    async def _write(self) -> None:
        status = self._compute(self._seen)
        if status == self._sent:
            return
        self._seen = await self._api.patch(self._path, {"metadata": {"uid": self._uid}, "status": status})
        self._sent = status
