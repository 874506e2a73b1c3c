"""TensorFlow Serving's REST API: predict and status."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aiohttp

from .answer import Outcome

SERVED_BY = "x-served-by"  # the header by which the double names its version, where it is told to
ERROR_LENGTH = 200  # characters of a body that are kept as the reason of a failure


def predict(*instances: float | Sequence[float]) -> dict[str, Any]:
    """Make the body of a predict request in row format, one instance a row."""
    return {"instances": list(instances)}


class Rest:
    """Requests to a URL: POST of ``body`` where there is one, else GET of a model's status.

    ``tls`` replaces the system's trust for https. ``version_header`` is a response header that names the version.
    """

    def __init__(
        self,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        version_header: str = SERVED_BY,
    ) -> None:
        self.url = url
        self.data = None if body is None else json.dumps(body).encode()
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self.tls, self.version_header = tls, version_header
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def open(self) -> None:
        """Make a session that keeps connections and one that never does."""
        for new in (False, True):
            connector = aiohttp.TCPConnector(limit=0, force_close=new, ssl=self.tls or True)
            self._sessions[new] = aiohttp.ClientSession(connector=connector, auto_decompress=True)

    async def close(self) -> None:
        """Close both sessions."""
        for session in self._sessions.values():
            await session.close()

    async def send(self, new_connection: bool, timeout: float) -> Outcome:
        """Send one request; nothing is repeated and no redirect followed."""
        method = "GET" if self.data is None else "POST"
        options: dict[str, Any] = {"data": self.data, "headers": self.headers, "allow_redirects": False}
        limit = aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._sessions[new_connection].request(method, self.url, timeout=limit, **options) as answer:
                body = await answer.read()
                return _outcome(answer.status, answer.headers.get(self.version_header), body)
        except TimeoutError:
            return Outcome(None, error=f"no answer within {timeout:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Outcome(None, error=f"{type(error).__name__}: {error}")


def _outcome(status: int, served_by: str | None, body: bytes) -> Outcome:
    if status != 200:
        return Outcome(status, served_by=served_by, error=f"HTTP {status}: {_excerpt(body)}")
    try:
        document = json.loads(body)
    except ValueError:
        return Outcome(status, served_by=served_by, error=f"the answer is not JSON: {_excerpt(body)}")
    if isinstance(document, dict) and "model_version_status" in document:
        available = [
            str(entry["version"]) for entry in document["model_version_status"] if entry["state"] == "AVAILABLE"
        ]
        if not available:
            return Outcome(status, error="no version is AVAILABLE")
        return Outcome(status, served_by=served_by or available[-1])
    return Outcome(status, value=first_number(document), served_by=served_by)


def _excerpt(body: bytes) -> str:
    return " ".join(body.decode(errors="replace").split())[:ERROR_LENGTH]


def first_number(document: Any) -> float | None:
    """Return the first number of a prediction, in the order of its lists and of its outputs' names.

    Numbers with a fraction go first, as TensorFlow Serving writes all floating-point outputs: the class that a model picks
    says less about its version than the scores do.
    """
    numbers = list(_numbers(document))
    return next((number for number in numbers if isinstance(number, float)), float(numbers[0]) if numbers else None)


def _numbers(document: Any) -> Iterator[int | float]:
    if isinstance(document, (int, float)) and not isinstance(document, bool):
        yield document
    elif isinstance(document, dict):
        for name in sorted(document):
            yield from _numbers(document[name])
    elif isinstance(document, list):
        for item in document:
            yield from _numbers(item)
