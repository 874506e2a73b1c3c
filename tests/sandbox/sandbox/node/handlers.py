"""The actions of probes and lifecycle hooks, run from the node into the Pod."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

Object = dict[str, Any]
Exec = Callable[[list[str]], Awaitable["tuple[int, str]"]]
"""Runs a command in the container: (exit code, output)."""

_AGENT = "kube-probe/1.36"


class ActionFailed(Exception):
    """The action's result is a failure; the message is the kubelet's."""


@dataclass(frozen=True)
class Target:
    """The container that an action is for."""

    container: Object
    address: str
    execute: Exec
    http: aiohttp.ClientSession

    def port(self, wanted: int | str) -> int:
        """A port by number or by its name in the container's spec."""
        for port in self.container.get("ports") or []:
            if port.get("name") == wanted:
                return int(port["containerPort"])
        try:
            return int(wanted)
        except ValueError:
            raise ActionFailed(f"couldn't find port: {wanted}") from None


async def act(action: Object, target: Target, timeout: float | None) -> None:
    """Carries out an httpGet, tcpSocket, grpc, exec or sleep action.

    Raises:
        ActionFailed: It failed or took longer than *timeout* seconds.
    """
    for kind, function in _KINDS.items():
        if kind in action:
            try:
                await asyncio.wait_for(function(action[kind] or {}, target), timeout)
            except TimeoutError:
                raise ActionFailed(_timed_out(kind, timeout)) from None
            return


def _timed_out(kind: str, timeout: float | None) -> str:
    if kind == "exec":
        return f'command timed out: "{timeout:g}s"'
    return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


async def _http(action: Object, target: Target) -> None:
    scheme = (action.get("scheme") or "HTTP").lower()
    host = action.get("host") or target.address
    path = action.get("path") or "/"
    url = f"{scheme}://{host}:{target.port(action['port'])}{path if path.startswith('/') else '/' + path}"
    headers = {"User-Agent": _AGENT, "Accept": "*/*"}
    headers.update({header["name"]: header["value"] for header in action.get("httpHeaders") or []})
    try:
        async with target.http.get(url, headers=headers, ssl=False) as response:
            if not 200 <= response.status < 400:
                raise ActionFailed(f"HTTP probe failed with statuscode: {response.status}")
    except aiohttp.ClientConnectorError as error:
        raise ActionFailed(f'Get "{url}": {_refused(url.split("/")[2], error.os_error)}') from None
    except (aiohttp.ClientError, OSError) as error:
        raise ActionFailed(f'Get "{url}": {error or type(error).__name__}') from None


async def _tcp(action: Object, target: Target) -> None:
    host, port = action.get("host") or target.address, target.port(action["port"])
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise ActionFailed(_refused(f"{host}:{port}", error)) from None
    writer.close()


def _refused(endpoint: str, error: OSError) -> str:
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return f"dial tcp {endpoint}: connect: {reason}"


async def _grpc(action: Object, target: Target) -> None:
    # Imported here because few Pods need it and it is slow to import.
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    endpoint = f"{target.address}:{target.port(action['port'])}"
    async with grpc.aio.insecure_channel(endpoint, options=[("grpc.primary_user_agent", _AGENT)]) as channel:
        request = health_pb2.HealthCheckRequest(service=action.get("service") or "")
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(request)
        except grpc.aio.AioRpcError as error:
            raise ActionFailed(f"error: health rpc failed: {error.details()}") from None
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise ActionFailed(
            f'service unhealthy (responded with "{health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}")'
        )


async def _exec(action: Object, target: Target) -> None:
    code, output = await target.execute(action["command"])
    if code != 0:
        raise ActionFailed(output.strip() or f"command exited with {code}")


async def _sleep(action: Object, _: Target) -> None:
    await asyncio.sleep(action["seconds"])


_KINDS = {"httpGet": _http, "tcpSocket": _tcp, "grpc": _grpc, "exec": _exec, "sleep": _sleep}
