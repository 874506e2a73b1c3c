"""The few calls to the API server that a node makes, on plain JSON objects."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_kube_config

Object = dict[str, Any]

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_WATCH_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10)
_MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
_STRATEGIC_PATCH = {"Content-Type": "application/strategic-merge-patch+json"}


class ApiError(Exception):
    """A request that failed.

    Attributes:
        code: HTTP status, 0 where the API server could not be reached.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Api:
    """A connection pool to one API server."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self._server = server.rstrip("/")

    @classmethod
    async def connect(cls, kubeconfig: str) -> Api:
        """Reads a kubeconfig; nothing is sent yet."""
        configuration = Configuration()
        await load_kube_config(config_file=kubeconfig, client_configuration=configuration, persist_config=False)
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        token = configuration.api_key.get("BearerToken")
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=0),
            headers={"Authorization": token} if token else {},
            read_bufsize=2**21,  # an event is one line, and a Secret can be a megabyte
        )
        return cls(session, configuration.host)

    async def close(self) -> None:
        """Closes all connections."""
        await self._session.close()

    async def get(self, path: str, **query: str) -> Object:
        """Reads an object or a list. Raises ApiError, as all of these do."""
        return await self._request("GET", path, params=query)

    async def post(self, path: str, body: Object) -> Object:
        """Creates an object."""
        return await self._request("POST", path, json=body)

    async def merge(self, path: str, body: Object) -> Object:
        """JSON merge patch: lists are replaced."""
        return await self._request("PATCH", path, data=json.dumps(body), headers=_MERGE_PATCH)

    async def patch(self, path: str, body: Object) -> Object:
        """Strategic merge patch: lists with keys are merged."""
        return await self._request("PATCH", path, data=json.dumps(body), headers=_STRATEGIC_PATCH)

    async def delete(self, path: str, body: Object) -> Object:
        """Deletes an object with the given DeleteOptions."""
        return await self._request("DELETE", path, json=body)

    async def _request(self, method: str, path: str, **arguments: Any) -> Object:
        try:
            async with self._session.request(method, self._server + path, timeout=_TIMEOUT, **arguments) as response:
                text = await response.text()
                if response.status >= 400:
                    raise ApiError(response.status, f"{method} {path}: {response.status} {_message(text)}")
                return dict(json.loads(text))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiError(0, f"{method} {path}: {error or type(error).__name__}") from None

    async def watch(self, path: str, **query: str) -> AsyncIterator[Object]:
        """Events of a collection until the API server ends the stream.

        Raises:
            ApiError: The watch was refused or the connection broke.
        """
        params = {**query, "watch": "true"}
        try:
            async with self._session.get(self._server + path, params=params, timeout=_WATCH_TIMEOUT) as response:
                if response.status >= 400:
                    raise ApiError(response.status, f"watch {path}: {_message(await response.text())}")
                async for line in response.content:
                    yield json.loads(line)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ApiError(0, f"watch {path}: {error or type(error).__name__}") from None


def _message(text: str) -> str:
    try:
        return str(json.loads(text).get("message", text))
    except ValueError:
        return text[:300]
