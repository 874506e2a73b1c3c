"""The first process of the machine: makes it, keeps its programs running, and takes it all with it when it ends.

`machine.start` starts it and reads its events, one JSON object a line on standard output, until the machine is ready.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

from sandbox import controlplane, dns, environment, files, host, kubeconfig, namespaces, network, node_agent, pki
from sandbox.errors import SandboxError
from sandbox.layout import MACHINE_BIN, MANIFESTS, NODE_NAME, Layout
from sandbox.supervisor import StartFailed, Supervisor

_PATIENCE = 60.0  # seconds for each program's start: a busy computer is no failure


def emit(event: str, **details: object) -> None:
    """Tell `machine.start`; where nobody listens any more, the start was given up and so is the machine."""
    try:
        print(json.dumps({"event": event, **details}), flush=True)
    except BrokenPipeError:
        os._exit(1)


def main() -> int:
    """Make the namespaces, wait for the user ids, and go on as the new process 1."""
    try:
        namespaces.unshare()
    except OSError as error:
        emit("refused", reason=str(error))
        return 1
    emit("unshared")
    wanted = json.loads(sys.stdin.readline())
    programs = {name: Path(path) for name, path in wanted["programs"].items()}
    namespaces.become_root()
    child = os.fork()
    if child:
        emit("forked", pid=child)
        os._exit(0)
    try:
        asyncio.run(_live(Layout.from_environment(), programs, wanted["api_only"]))
        return 0
    except StartFailed as failure:
        emit("failed", program=failure.program, reason=str(failure))
    except SandboxError as error:
        emit("failed", reason=str(error))
    except OSError as error:
        emit("failed", reason=f"The machine could not be set up: {error}")
    return 1


async def _live(layout: Layout, programs: dict[str, Path], api_only: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _prepare(layout, programs)
    environment.become_inside(layout)
    supervisor = Supervisor(layout)
    await _together(supervisor, controlplane.etcd(layout), controlplane.apiserver(layout))
    emit("step", text="the API server answers")
    if not api_only:
        await _start_the_rest(layout, supervisor)
    supervisor.keep_running()
    emit("ready")
    files.detach_output(layout.log("init"))
    await stop.wait()  # the kernel ends everything else with this process


def _prepare(layout: Layout, programs: dict[str, Path]) -> None:
    """Files, mounts and network; run/ may hold files of Pods' own users, which only this namespace may delete."""
    shutil.rmtree(layout.run, ignore_errors=True)
    for folder in (layout.run, layout.logs, layout.pids):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        files.mount_private_system()
    except OSError as error:
        raise host.explain_refusal(str(error)) from error
    files.show_programs(programs, MACHINE_BIN)
    files.replace_resolver()
    socket.sethostname(NODE_NAME)
    network.configure()
    pki.create(layout.pki)
    for identity in pki.API_CLIENTS:
        kubeconfig.write(layout.kubeconfig(identity.file), layout.pki, identity.file)


async def _start_the_rest(layout: Layout, supervisor: Supervisor) -> None:
    await asyncio.gather(
        _together(
            supervisor,
            controlplane.controller_manager(layout),
            controlplane.scheduler(layout),
            controlplane.proxy(layout),
        ),
        _start_clients(layout, supervisor),
    )
    emit("step", text="controllers, scheduler, proxy, DNS and node work")


async def _start_clients(layout: Layout, supervisor: Supervisor) -> None:
    """Programs whose rights are not among the API server's own."""
    apply = ("kubectl", "apply", "--server-side", "--filename", str(MANIFESTS / "cluster"))
    await supervisor.run_once("cluster-objects", apply)
    await _together(supervisor, dns.service(layout), node_agent.service(layout))


async def _together(supervisor: Supervisor, *services: controlplane.Service) -> None:
    await asyncio.gather(*(supervisor.start(service, _PATIENCE) for service in services))


if __name__ == "__main__":
    sys.exit(main())
