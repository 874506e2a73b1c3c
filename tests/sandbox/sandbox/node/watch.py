"""A local copy of a collection of objects, kept by list and watch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.node.api import Api, ApiError

Object = dict[str, Any]
Handler = Callable[[str, Object], None]
"""(kind of event, object): ADDED, MODIFIED or DELETED."""

_log = logging.getLogger(__name__)
_RETRY = 0.5


class Informer:
    """Lists once, then follows; on a lost watch it goes on from the last version seen, or lists again."""

    def __init__(self, api: Api, path: str, handler: Handler, **query: str) -> None:
        self._api = api
        self._path = path
        self._query = query
        self._handler = handler
        self._objects: dict[tuple[str, str], Object] = {}
        self.synced = asyncio.Event()

    def get(self, namespace: str, name: str) -> Object | None:
        """An object by its name, or None."""
        return self._objects.get((namespace, name))

    def __iter__(self) -> Iterator[Object]:
        return iter(list(self._objects.values()))

    async def run(self) -> None:
        """Ends only by being cancelled."""
        version = ""
        while True:
            try:
                if not version:
                    version = await self._list()
                version = await self._follow(version)
            except ApiError as error:
                _log.info("%s; trying again", error)
                if error.code == 410:
                    version = ""
                await asyncio.sleep(_RETRY)

    async def _list(self) -> str:
        answer = await self._api.get(self._path, **self._query)
        fresh = {_key(item): item for item in answer["items"]}
        for key, gone in list(self._objects.items()):
            if key not in fresh or fresh[key]["metadata"]["uid"] != gone["metadata"]["uid"]:
                self._store("DELETED", gone)
        for item in fresh.values():
            self._store("ADDED", item)
        self.synced.set()
        return str(answer["metadata"]["resourceVersion"])

    async def _follow(self, version: str) -> str:
        query = {**self._query, "resourceVersion": version, "allowWatchBookmarks": "true"}
        async for event in self._api.watch(self._path, **query):
            kind, item = event["type"], event["object"]
            if kind == "ERROR":
                raise ApiError(410 if item.get("code") == 410 else 0, f"watch {self._path}: {item.get('message')}")
            version = item["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self._store(kind, item)
        return version

    def _store(self, kind: str, item: Object) -> None:
        if kind == "DELETED":
            self._objects.pop(_key(item), None)
        else:
            self._objects[_key(item)] = item
        try:
            self._handler(kind, item)
        except Exception:  # one object must not end the watch of all others
            _log.exception("%s %s", kind, _key(item))


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
