"""The agent's side of the launcher: sends it descriptions, gets back processes."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from typing import Any

from sandbox.node import linux
from sandbox.node.process import Process


class LaunchError(Exception):
    """The container could not be started (RunContainerError); the message says which step failed and why."""


class Launcher:
    """A running launcher process; see `sandbox.node.launcher`."""

    def __init__(self) -> None:
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "sandbox.node.launcher"]
        self._process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)
        theirs.close()
        self._socket = ours

    def close(self) -> None:
        """Ends the launcher process."""
        self._socket.close()
        self._process.wait()

    async def create_pod(self, hostname: str, namespaces: dict[str, str], sysctls: dict[str, str]) -> None:
        """Makes a Pod's namespaces, each kept at a path.

        Raises:
            LaunchError: The kernel refused.
        """
        request = {"action": "pod", "hostname": hostname, "namespaces": namespaces, "sysctls": sysctls}
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            await self._ask(request, null, null)
        finally:
            os.close(null)

    async def start(self, description: dict[str, Any], stdout: int, stderr: int) -> Process:
        """Starts a container with the given descriptors as its output.

        Raises:
            LaunchError: A namespace, a mount or the command failed.
        """
        answer = await self._ask({"action": "container", **description}, stdout, stderr)
        return Process(answer["pid"])

    async def _ask(self, request: dict[str, Any], stdout: int, stderr: int) -> dict[str, Any]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        memory = os.memfd_create("description")
        try:
            with os.fdopen(os.dup(memory), "w") as file:
                json.dump(request, file)
            os.lseek(memory, 0, os.SEEK_SET)
            socket.send_fds(self._socket, [b"start"], [memory, stdout, stderr, theirs.fileno()])
        finally:
            os.close(memory)
            theirs.close()
        return await _answer(ours)


async def _answer(ours: socket.socket) -> dict[str, Any]:
    """Reads until everyone who could answer has let go of the socket: on success the container's exec closes it."""
    ours.setblocking(False)
    merged: dict[str, Any] = {}
    with ours:
        while message := await asyncio.get_running_loop().sock_recv(ours, 65536):
            merged.update(json.loads(message))
    if "error" in merged:
        if "pid" in merged:
            await Process(merged["pid"]).wait()
        raise LaunchError(merged["error"])
    return merged
