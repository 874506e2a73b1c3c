"""One running double of TensorFlow Serving, looked at from outside."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

START_LIMIT = 60.0  # seconds; it takes milliseconds where the machine is not busy


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Double:
    """One running double: its addresses, its process and its log."""

    def __init__(self, program: Path, folder: Path, *flags: str, **variables: str) -> None:
        self.grpc_port, self.rest_port = free_port(), free_port()
        self.grpc, self.url = f"127.0.0.1:{self.grpc_port}", f"http://127.0.0.1:{self.rest_port}"
        self.log = folder / f"double-{self.rest_port}.log"
        command = [str(program), f"--port={self.grpc_port}", f"--rest_api_port={self.rest_port}", *flags]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **variables})

    def wait(self) -> Double:
        """Wait until the REST port is open; raises AssertionError with the log where the process ends instead."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.listens(self.rest_port):
                return self
            time.sleep(0.002)
        raise AssertionError(f"exit code {self.process.poll()}\n{self.log.read_text()}")

    @staticmethod
    def listens(port: int) -> bool:
        """Whether a port of the loopback address is open."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def get(self, path: str, body: str | None = None) -> tuple[int, str]:
        """Ask the REST API and return the status and the body."""
        data = None if body is None else body.encode()
        try:
            with urllib.request.urlopen(self.url + path, data, timeout=10) as answer:  # noqa: S310 - always http
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def memory(self) -> float:
        """Return its resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
