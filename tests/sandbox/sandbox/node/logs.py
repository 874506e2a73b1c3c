"""A container's output as files in the format of the container runtime interface: `TIME STREAM F|P TEXT`.

Kubernetes' own log library reads them for `kubectl logs`.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timezone
from pathlib import Path

_LONGEST = 16 * 1024


def log_folder(run: Path, namespace: str, name: str, uid: str) -> Path:
    """Where a Pod's logs are, a folder a container and a file a start (0.log, 1.log, ...)."""
    return run / "pods" / f"{namespace}_{name}_{uid}"


class _Reader(asyncio.Protocol):
    def __init__(self, file: int, stream: str, ended: asyncio.Future[None]) -> None:
        self._file = file
        self._stream = f" {stream} ".encode()
        self._rest = b""
        self._ended = ended

    def data_received(self, data: bytes) -> None:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode() + self._stream
        *lines, rest = (self._rest + data).split(b"\n")
        out = [now + b"F " + line + b"\n" for line in lines]
        if len(rest) > _LONGEST:
            out.append(now + b"P " + rest + b"\n")
            rest = b""
        self._rest = rest
        if out:
            os.write(self._file, b"".join(out))

    def connection_lost(self, _: Exception | None) -> None:
        if self._rest:
            self.data_received(b"\n")
        if not self._ended.done():
            self._ended.set_result(None)


class Log:
    """One file, fed by two pipes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._writers: list[int] = []
        self._ended: list[asyncio.Future[None]] = []
        self._transports: list[asyncio.ReadTransport] = []

    async def open(self) -> tuple[int, int]:
        """Opens the pipes.

        Returns:
            The descriptors for a container's standard output and error.
        """
        loop = asyncio.get_running_loop()
        for stream in ("stdout", "stderr"):
            reader, writer = os.pipe2(os.O_CLOEXEC)
            ended: asyncio.Future[None] = loop.create_future()
            pipe = os.fdopen(reader, "rb", buffering=0)
            transport, _ = await loop.connect_read_pipe(lambda s=stream, e=ended: _Reader(self._file, s, e), pipe)  # type: ignore[misc]
            self._transports.append(transport)
            self._writers.append(writer)
            self._ended.append(ended)
        return self._writers[0], self._writers[1]

    def started(self) -> None:
        """Lets go of the writing ends, which the container has now."""
        for writer in self._writers:
            os.close(writer)
        self._writers = []

    async def close(self) -> None:
        """Waits for the last output, but not for a process outside the container that kept a pipe open."""
        self.started()
        if self._ended:
            await asyncio.wait(self._ended, timeout=1)
        for transport in self._transports:
            transport.close()
        os.close(self._file)

    def tail(self, lines: int = 80, size: int = 2048) -> str:
        """The end of the output, for `terminationMessagePolicy: FallbackToLogsOnError`."""
        texts = [line.split(b" ", 3)[-1] for line in self.path.read_bytes().splitlines()[-lines:]]
        return b"\n".join(texts)[-size:].decode(errors="replace")
