# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Requests to the API server: JSON in, JSON out, errors in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from .errors import ClusterError, refused, untrusted

T = TypeVar("T")
R = TypeVar("R")
TIMEOUT = (5.0, 60.0)
"""Seconds to connect, and to wait for an answer."""


@dataclass(frozen=True)
class Connection:
    """Where the API server is, a urllib3 PoolManager that reaches it, and the headers that a request has at the moment.

    ``api`` makes the kubernetes package's ApiClient.
    """

    host: str
    pool: Any
    headers: Callable[[], Mapping[str, str]]
    api: Callable[[], Any]


class Client:
    """Thread-safe. ``parallel`` requests may be under way at once."""

    def __init__(self, connection: Connection, parallel: int) -> None:
        self._connection = connection
        self.parallel = parallel

    @property
    def api(self) -> Any:
        """The kubernetes package's ApiClient, for what needs its streams."""
        return self._connection.api()

    def request(
        self,
        method: str,
        path: str,
        target: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer's object. ``target`` is how messages name what the request is about. Raises ClusterError."""
        verb = {"GET": "read", "PATCH": "write", "POST": "create", "DELETE": "delete"}[method]
        response = self._send(method, path, target, verb, query, body, content_type, headers)
        if response.status >= 300:
            raise refused(response.status, response.data, verb, target)
        try:
            answer = json.loads(response.data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ClusterError(
                f"cannot {verb} {target}: the answer is not JSON; is {self.host} a Kubernetes API server?"
            )
        return answer

    def raw(
        self, path: str, target: str, headers: Mapping[str, str] | None = None, timeout: float = 5.0, body: Any = None
    ) -> tuple[int, bytes]:
        """Status and body of a GET, or a POST of a ``body``, that is passed on (a Pod's answer, a log).

        Raises ClusterError where there is no answer.
        """
        method = "GET" if body is None else "POST"
        response = self._send(
            method, path, target, "reach", None, body, "application/json", headers, (timeout, timeout)
        )
        return response.status, response.data

    def stream(self, path: str, target: str, query: Mapping[str, Any], timeout: float) -> Iterator[dict[str, Any]]:
        """Events of a watch, until the API server ends it. ``timeout``: seconds without any event. Raises ClusterError."""
        response = self._send("GET", path, target, "watch", query, None, None, None, (5.0, timeout), preload=False)
        if response.status >= 300:
            raise refused(response.status, response.read(), "watch", target)
        try:
            pending = b""
            for chunk in response.stream(65536):
                *lines, pending = (pending + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line)
        finally:
            response.close()

    def every(self, work: Callable[[T], R], items: Iterable[T], most: int | None = None) -> list[R]:
        """``work`` for each item, concurrently, ``most`` at once; results in the items' order. The first error is raised when all have ended."""
        with ThreadPoolExecutor(min(self.parallel, most or self.parallel)) as pool:
            return [future.result() for future in [pool.submit(work, item) for item in items]]

    @property
    def host(self) -> str:
        return self._connection.host

    def _send(
        self,
        method: str,
        path: str,
        target: str,
        verb: str,
        query: Mapping[str, Any] | None,
        body: Any,
        content_type: str | None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        preload: bool = True,
    ) -> Any:
        import urllib3

        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        data = (
            None if body is None else json.dumps(body, ensure_ascii=False).encode()
        )  # YAML, as an apply is read, has no surrogate pairs
        try:
            return self._connection.pool.request(
                method,
                url,
                body=data,
                headers=self._headers(content_type if data else None, headers),
                retries=False,
                timeout=urllib3.Timeout(connect=timeout[0], read=timeout[1]),
                preload_content=preload,
            )
        except urllib3.exceptions.ReadTimeoutError:
            raise ClusterError(
                f"cannot {verb} {target}: no answer from {self.host} within {timeout[1]:g} s; run again when it answers"
            ) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if isinstance(error, urllib3.exceptions.SSLError) and untrusted(error):
                raise ClusterError(
                    f"cannot {verb} {target}: {self.host} is not trusted: {error}; check ca_cert, or the cluster's certificate in the kubeconfig"
                ) from None
            raise ClusterError(
                f"cannot {verb} {target}: the API server {self.host} cannot be reached: {_cause(error)}. Check that it is up and that the "
                "kubeconfig names the right address; then run again, it continues from the cluster"
            ) from None

    def _headers(self, content_type: str | None, more: Mapping[str, str] | None) -> Any:
        import urllib3

        headers = urllib3.HTTPHeaderDict(self._connection.headers())
        headers["Accept"] = "application/json"
        if content_type:
            headers["Content-Type"] = content_type
        for name, value in (more or {}).items():
            headers[name] = value
        return headers


def _cause(error: BaseException) -> str:
    """The innermost reason: the outer ones repeat the address."""
    reason = getattr(error, "reason", None) or error.__cause__ or error
    return str(reason).split(": ", 1)[-1] or type(error).__name__
