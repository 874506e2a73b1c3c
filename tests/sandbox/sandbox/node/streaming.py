"""The agent's side of `node-streaming`: starts it, and tells it on a Unix socket where Pods and containers are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.node.backoff import Backoff
from sandbox.node.container import Container
from sandbox.node.pod import PodWorker
from sandbox.node.register import KUBELET_PORT
from sandbox.node.state import Waiting
from sandbox.node.surroundings import Node

Find = Callable[[str, str], "PodWorker | None"]

_log = logging.getLogger(__name__)
_RESTARTS = (2.0, 60.0)
"""Delay of the first restart and the longest one, in seconds."""


class Streaming:
    """Serves the kubelet's streaming API as long as `run` runs."""

    def __init__(self, node: Node, find: Find) -> None:
        self._node = node
        self._find = find
        self._socket = node.scratch / "agent.sock"

    async def run(self) -> None:
        """Ends only by being cancelled."""
        application = web.Application()
        application.router.add_get("/pods/{namespace}/{name}", self._pod)
        application.router.add_get("/pods/{namespace}/{name}/containers/{container}", self._container)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(self._socket)).start()
        self._socket.chmod(0o600)
        try:
            await self._keep_running()
        finally:
            await runner.cleanup()

    async def _keep_running(self) -> None:
        program, pki = self._node.programs / "node-streaming", self._node.run / "pki"
        if not program.exists():
            _log.warning("kubectl logs, exec and port-forward will not work: %s is missing", program)
            return
        # Its port must be free again for the next agent, however this one ends.
        command = ["setpriv", "--pdeathsig", "TERM", str(program), "--agent", str(self._socket)]
        command += ["--listen", f"{self._node.address}:{KUBELET_PORT}"]
        command += ["--tls-cert-file", str(pki / "kubelet.crt"), "--tls-private-key-file", str(pki / "kubelet.key")]
        command += ["--client-ca-file", str(pki / "ca.crt")]
        delays = Backoff(*_RESTARTS)
        delays.next(0)
        while True:
            process = await asyncio.create_subprocess_exec(*command)
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                process.terminate()
                await process.wait()
                raise
            delay = delays.next(0)
            _log.warning("node-streaming ended with %d; starting it again in %g s", code, delay)
            await asyncio.sleep(delay)

    def _worker(self, request: web.Request) -> PodWorker:
        found = self._find(request.match_info["namespace"], request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="pod does not exist")
        return found

    async def _pod(self, request: web.Request) -> web.Response:
        return web.json_response({"network": self._worker(request).network_namespace})

    async def _container(self, request: web.Request) -> web.Response:
        name = request.match_info["container"]
        container = self._worker(request).containers.get(name)
        if container is None:
            raise web.HTTPNotFound(text=f'container "{name}" not found in pod')
        return web.json_response(_describe(container))


def _describe(container: Container) -> dict[str, Any]:
    state, entrance = container.state, container.entrance
    # While it waits for its next start, the newest log is that of the run before.
    return {
        "running": entrance is not None,
        "attempt": state.restarts,
        "waiting": state.phase.reason if isinstance(state.phase, Waiting) else "",
        "log": _path(container.log_path(state.restarts)),
        "previous": _path(container.log_path(state.restarts - 1)),
        "command": entrance.command() if entrance else [],
        "env": entrance.env if entrance else {},
    }


def _path(path: Path) -> str:
    return str(path) if path.exists() else ""
