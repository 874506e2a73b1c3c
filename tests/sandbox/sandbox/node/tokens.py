"""Service account tokens of a Pod, asked for by TokenRequest and renewed at four fifths of their life."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from sandbox.node.api import Api, ApiError

Object = dict[str, Any]
_Key = tuple["str | None", int]
_RETRY = 10.0


class Tokens:
    """The tokens that one Pod's volumes name."""

    def __init__(self, api: Api, pod: Object) -> None:
        self._api = api
        self._pod = pod
        self._tokens: dict[_Key, str] = {}
        self._due: dict[_Key, float] = {}

    def get(self, audience: str | None, seconds: int) -> str:
        """A token that `fetch` has brought."""
        return self._tokens[audience, seconds]

    async def fetch(self) -> None:
        """Brings every token that the Pod's volumes name.

        Raises:
            ApiError: The API server refused.
        """
        for volume in self._pod["spec"].get("volumes") or []:
            for source in volume.get("projected", {}).get("sources") or []:
                wanted = source.get("serviceAccountToken")
                if wanted:
                    await self._request((wanted.get("audience"), wanted.get("expirationSeconds", 3600)))

    async def _request(self, key: _Key) -> None:
        metadata = self._pod["metadata"]
        audience, seconds = key
        spec: Object = {
            "expirationSeconds": seconds,
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]},
        }
        if audience:
            spec["audiences"] = [audience]
        account = self._pod["spec"].get("serviceAccountName") or "default"
        path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = await self._api.post(path, body)
        self._tokens[key] = answer["status"]["token"]
        self._due[key] = time.monotonic() + 0.8 * seconds - random.uniform(0, 10)

    async def keep_fresh(self, renewed: Callable[[], object]) -> None:
        """Renews tokens as they come due and calls *renewed* after each; ends only by being cancelled."""
        while self._due:
            key = min(self._due, key=lambda candidate: self._due[candidate])
            await asyncio.sleep(max(0.0, self._due[key] - time.monotonic()))
            try:
                await self._request(key)
            except ApiError:
                self._due[key] = time.monotonic() + _RETRY
                continue
            renewed()
