"""Probes' actions against real servers on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import grpc
import pytest
from aiohttp import web
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from sandbox.node.handlers import ActionFailed, Target, act

Object = dict[str, object]
LOOPBACK = "127.0.0.1"


def probe(action: Object, timeout: float = 2.0, ports: Object | None = None) -> None:
    """One action, as the node carries it out; raises ActionFailed."""

    async def execute(command: list[str]) -> tuple[int, str]:
        return (0, "") if command == ["true"] else (1, f"{command[0]}: no\n")

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            await act(action, Target({"ports": [ports] if ports else []}, LOOPBACK, execute, session), timeout)

    asyncio.run(run())


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def grpc_server() -> Iterator[tuple[int, Callable[[str, int], None]]]:
    """The port of a server with gRPC's own health service, and what sets the status of one of its services."""
    servicer = health.HealthServicer()
    server = grpc.server(ThreadPoolExecutor(2))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    yield port, servicer.set
    server.stop(None).wait()


SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def test_grpc_asks_for_the_service_of_the_probe(grpc_server: tuple[int, Callable[[str, int], None]]) -> None:
    port, set_status = grpc_server
    set_status("", SERVING)
    set_status("broken", NOT_SERVING)
    probe({"grpc": {"port": port}})
    with pytest.raises(ActionFailed, match='responded with "NOT_SERVING"'):
        probe({"grpc": {"port": port, "service": "broken"}})
    with pytest.raises(ActionFailed, match="health rpc failed: "):
        probe({"grpc": {"port": port, "service": "unheard of"}})


def test_grpc_without_a_server_fails(closed_port: int) -> None:
    with pytest.raises(ActionFailed, match=r"health rpc failed|context deadline exceeded"):
        probe({"grpc": {"port": closed_port}})


def test_grpc_that_does_not_answer_in_time_fails() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent, pytest.raises(ActionFailed, match="deadline exceeded"):
        probe({"grpc": {"port": silent.getsockname()[1]}}, timeout=0.3)


def test_tcp_needs_a_listener(closed_port: int) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        probe({"tcpSocket": {"port": listener.getsockname()[1]}})
    with pytest.raises(ActionFailed, match="connect: connection refused"):
        probe({"tcpSocket": {"port": closed_port}})


@pytest.mark.parametrize(("status", "fails"), [(200, False), (302, False), (399, False), (400, True), (503, True)])
def test_http_goes_by_the_status(status: int, fails: bool) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/ready", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            async with aiohttp.ClientSession() as session:
                target = Target({"ports": [{"name": "web", "containerPort": port}]}, LOOPBACK, _never, session)
                await act({"httpGet": {"path": "ready", "port": "web"}}, target, 2.0)
        finally:
            await runner.cleanup()

    if fails:
        with pytest.raises(ActionFailed, match=f"HTTP probe failed with statuscode: {status}"):
            asyncio.run(run())
    else:
        asyncio.run(run())


async def _never(_command: list[str]) -> tuple[int, str]:
    raise AssertionError("nothing is to be run")


def test_a_command_that_fails_says_what_it_said() -> None:
    probe({"exec": {"command": ["true"]}})
    with pytest.raises(ActionFailed, match="cat: no"):
        probe({"exec": {"command": ["cat", "/nowhere"]}})


def test_a_port_by_a_name_that_there_is_not() -> None:
    with pytest.raises(ActionFailed, match="couldn't find port: grpc"):
        probe({"tcpSocket": {"port": "grpc"}}, ports={"name": "rest", "containerPort": 8500})
