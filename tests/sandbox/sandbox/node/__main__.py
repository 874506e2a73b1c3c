"""`python -m sandbox.node`: runs the node agent until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from pathlib import Path

import aiohttp

from sandbox import ids
from sandbox.node.agent import Agent
from sandbox.node.api import Api
from sandbox.node.events import Events
from sandbox.node.launch import Launcher
from sandbox.node.network import GATEWAY, Addresses
from sandbox.node.surroundings import Node

_SCRATCH = Path("/run/sandbox-node")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.node", description=__doc__)
    parser.add_argument("--kubeconfig", required=True, help="how to reach the API server")
    parser.add_argument("--node-name", default="sandbox")
    parser.add_argument("--state", type=Path, required=True, help="folder of the running machine (pki, logs, pods)")
    parser.add_argument("--bin", type=Path, required=True, help="folder of the programs that images stand for")
    parser.add_argument("--dns", default="10.96.0.10", help="address of the cluster's DNS server")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, launcher: Launcher) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    api = await Api.connect(arguments.kubeconfig)
    probes = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=False))
    node = Node(
        name=arguments.node_name,
        address=GATEWAY,
        dns=arguments.dns,
        api=api,
        launcher=launcher,
        events=Events(api, arguments.node_name),
        addresses=Addresses(),
        http=probes,
        run=arguments.state.absolute(),
        scratch=_SCRATCH,
        programs=arguments.bin.absolute(),
        find=lambda *_: None,
        services=lambda: (),
        mapped_ids=ids.mapped_from_zero(),
    )
    agent = Agent(node)
    work = asyncio.create_task(agent.run())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        await agent.end()
    finally:
        work.cancel()
        await probes.close()
        await api.close()


def main() -> None:
    """Runs the agent; returns when SIGTERM has ended all Pods."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    arguments = _arguments()
    launcher = Launcher()  # before any thread is there
    try:
        asyncio.run(_run(arguments, launcher))
    finally:
        launcher.close()


if __name__ == "__main__":
    main()
