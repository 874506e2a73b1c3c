"""A real HTTP server on the loopback that answers as a test says: the client is tried on a socket, not on a mock."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Request = dict[str, Any]
Answer = tuple[int, Any] | Callable[[Request], tuple[int, Any]]


class ApiServer(ThreadingHTTPServer):
    """Gives the next of ``answers`` (status, body), or the last one again, and keeps every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.headers: dict[str, str] = {}
        self.places: dict[str, list[Answer]] = {}
        """Answers of single places, by "METHOD /path"; the method of a watch is WATCH."""
        self.fallback: Callable[[Request], tuple[int, Any]] | None = None
        """Answers what no place answers, in the stead of ``answers``."""
        self.requests: list[Request] = []
        self.header_lines: list[list[tuple[str, str]]] = []
        """Headers of every request, as often as they were sent."""
        self.hold = threading.Event()
        """Until it is set, nothing is answered."""
        self.hold.set()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, status: int, body: Any) -> None:
        """Answer everything with this from now on."""
        self.answers = [(status, _bytes(body))]

    def at(self, method: str, path: str, *answers: Answer) -> None:
        """Answer one place so, in turn; the last answer stays. A watch that has no answer left goes on and says nothing."""
        self.places[f"{method} {path}"] = list(answers)

    def sent(self, method: str) -> list[str]:
        """The paths that were asked by a method, without queries."""
        return [request["path"].split("?")[0] for request in self.requests if request["method"] == method]

    def next_answer(self, request: Request) -> tuple[int, bytes]:
        """What to say to a request."""
        url = urlsplit(request["path"])
        watch = "watch" in parse_qs(url.query)
        place = self.places.get(f"{'WATCH' if watch else request['method']} {url.path}")
        if watch and not place and (self.places or self.fallback):
            self.closing.wait(10)
            return 200, b""
        if place is None and self.fallback is not None and not watch:
            status, body = self.fallback(request)
            return status, _bytes(body)
        if place is None:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = place.pop(0) if len(place) > 1 or watch else place[0]
        status, body = answer(request) if callable(answer) else answer
        return status, _bytes(body)


class Handler(BaseHTTPRequestHandler):
    """Any method."""

    server: ApiServer

    def handle_one(self) -> None:
        """Keep the request and answer it."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        request = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        if isinstance(self.connection, ssl.SSLSocket):
            request["certificate"] = _lists((self.connection.getpeercert() or {}).get("subject"))
        self.server.requests.append(request)
        self.server.header_lines.append(self.headers.items())
        self.server.hold.wait(10)
        status, content = self.server.next_answer(request)
        with suppress(BrokenPipeError, ConnectionResetError):  # who watched has gone
            self._say(status, content)

    def _say(self, status: int, content: bytes) -> None:
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PATCH = do_POST = do_DELETE = handle_one

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


def _lists(value: Any) -> Any:
    return [_lists(entry) for entry in value] if isinstance(value, tuple) else value


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def listing(*items: Request, version: str = "1", more: str = "") -> Request:
    """The body of a LIST."""
    return {"metadata": {"resourceVersion": version, **({"continue": more} if more else {})}, "items": list(items)}


def events(*entries: tuple[str, Request]) -> bytes:
    """The body of a watch."""
    return b"".join(json.dumps({"type": kind, "object": entry}).encode() + b"\n" for kind, entry in entries)


@contextmanager
def serving() -> Iterator[ApiServer]:
    """A server while the block runs."""
    server = ApiServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.hold.set()
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
