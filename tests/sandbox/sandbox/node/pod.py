"""The worker of one Pod: from its scheduling to its removal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Coroutine
from typing import Any

from sandbox.node import network, pod_files
from sandbox.node.api import ApiError
from sandbox.node.container import Container
from sandbox.node.events import pod_reference
from sandbox.node.launch import LaunchError
from sandbox.node.logs import log_folder
from sandbox.node.payload import Context
from sandbox.node.publisher import Publisher
from sandbox.node.state import Kind, Terminated, Waiting, now, timestamp
from sandbox.node.status import PodFacts, pod_status
from sandbox.node.surroundings import Node, Surroundings
from sandbox.node.tokens import Tokens
from sandbox.node.volumes import MountFailed, Volumes

Object = dict[str, Any]

_log = logging.getLogger(__name__)
_SETUP_RETRY = 5.0


class PodWorker:
    """Owns everything of one Pod on this node. Its task ends when nothing of the Pod is left."""

    def __init__(self, node: Node, pod: Object) -> None:
        metadata = pod["metadata"]
        self.namespace = metadata["namespace"]
        self.name = f"{self.namespace}/{metadata['name']}"
        self._node = node
        self._on_host = bool(pod["spec"].get("hostNetwork"))
        self._address = node.address if self._on_host else node.addresses.take()
        self._start_time = timestamp(now())
        self._network_ready = False
        self._tokens = Tokens(node.api, pod)
        self._around = self._surroundings(pod)
        self.containers = self._make_containers(pod)
        self._publisher = Publisher(node.api, pod, self._status)
        self._main: asyncio.Task[None] | None = None
        self._helpers: list[asyncio.Task[None]] = []
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._termination: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._grace_timer: asyncio.TimerHandle | None = None

    def _surroundings(self, pod: Object) -> Surroundings:
        metadata, node = pod["metadata"], self._node
        folder = node.scratch / "pods" / metadata["uid"]
        namespaces = {kind: str(folder / "namespaces" / kind) for kind in ("uts", "ipc")}
        if not self._on_host:
            namespaces["net"] = str(network.NAMESPACES / f"pod-{metadata['uid']}")

        def lookup(kind: str, name: str) -> Object | None:
            return node.find(kind, metadata["namespace"], name)

        return Surroundings(
            node=node,
            pod=pod,
            folder=folder,
            logs=log_folder(node.run, metadata["namespace"], metadata["name"], metadata["uid"]),
            address=self._address,
            hostname=node.name if self._on_host else pod_files.hostname(pod),
            namespaces=namespaces,
            volumes=Volumes(folder / "volumes", self._context(pod, lookup), self._volume_group(pod)),
            lookup=lookup,
            changed=lambda: self._publisher.changed(),
            sources_changed=asyncio.Event(),
        )

    def _volume_group(self, pod: Object) -> int | None:
        """The Pod's fsGroup, where this machine has more groups than one."""
        group: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
        return group if self._node.mapped_ids > 1 else None

    def _context(self, pod: Object, lookup: Any) -> Context:
        grouped = self._volume_group(pod) is not None
        addresses = {"podIP": self._address, "hostIP": self._node.address}
        return Context(pod, lookup, addresses, self._tokens.get, 0o600 if grouped else 0o644)

    def _make_containers(self, pod: Object) -> dict[str, Container]:
        containers = {}
        inits = pod["spec"].get("initContainers") or []
        for spec in inits:
            kind = Kind.SIDECAR if spec.get("restartPolicy") == "Always" else Kind.INIT
            containers[spec["name"]] = Container(spec, kind, self._around)
        for spec in pod["spec"]["containers"]:
            containers[spec["name"]] = Container(spec, Kind.MAIN, self._around)
        if inits:
            for container in containers.values():
                container.state.phase = Waiting("PodInitializing")
        return containers

    def _of(self, kind: Kind) -> list[Container]:
        return [container for container in self.containers.values() if container.state.kind is kind]

    def _status(self, seen: Object) -> Object:
        facts = PodFacts(
            self._start_time, self._node.address, self._address if self._network_ready else "", self._network_ready
        )
        return pod_status(seen, [container.state for container in self.containers.values()], facts)

    # What the agent calls.

    @property
    def network_namespace(self) -> str:
        """Path of the Pod's network namespace."""
        return self._around.namespaces.get("net", f"/proc/{os.getpid()}/ns/net")

    def start(self) -> None:
        """Starts the Pod, or, where it is on its way out already, only clears it away."""
        if self._around.pod["metadata"].get("deletionTimestamp"):
            self.terminate(0)
            return
        self._publisher.changed()
        self._helpers.append(asyncio.create_task(self._publisher.run()))
        self._main = asyncio.create_task(self._guard(self._live()))

    def update(self, pod: Object) -> None:
        """Takes a newer state of the Pod from the API server."""
        self._around.pod = pod
        self._publisher.observe(pod)
        self._around.volumes.update(self._context(pod, self._around.lookup))
        self._around.volumes.refresh()
        if pod["metadata"].get("deletionTimestamp"):
            self.terminate(float(pod["metadata"].get("deletionGracePeriodSeconds", 30)))

    def sources_changed(self) -> None:
        """A ConfigMap or Secret of the Pod's namespace has changed."""
        self._around.sources_changed.set()
        self._around.volumes.refresh()

    def terminate(self, grace: float) -> None:
        """Ends the Pod; a second call can only cut its time short."""
        if self._termination is None:
            self._termination = asyncio.create_task(self._guard(self._terminate(grace)))
            return
        if self._grace_timer:
            self._grace_timer.cancel()
        self._grace_timer = asyncio.get_running_loop().call_later(max(grace, 0.1), self._kill_all)

    def _kill_all(self) -> None:
        for container in self.containers.values():
            container.kill_now()

    async def shut_down(self, grace: float) -> None:
        """Ends the Pod's processes because the node itself ends; the object is left alone."""
        await asyncio.gather(*(container.stop(grace) for container in self.containers.values()))
        if self._main:
            self._main.cancel()
        for task in self._helpers:
            task.cancel()

    async def gone(self) -> None:
        """Waits until nothing of the Pod is left on the node."""
        await self._ended.wait()

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            _log.exception("Pod %s: unexpected error in the node agent", self.name)

    # Its life.

    async def _live(self) -> None:
        await self._set_up()
        if not await self._initialize():
            self._publisher.changed()
            return
        for container in self._of(Kind.MAIN):
            self._run(container)
        await asyncio.gather(*(self._runs[container.state.name] for container in self._of(Kind.MAIN)))
        await self._stop_sidecars()
        self._publisher.changed()

    def _run(self, container: Container) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guard(container.run()))
        self._runs[container.state.name] = task
        return task

    async def _set_up(self) -> None:
        """Namespaces, network and volumes; tries until it works."""
        while True:
            self._around.sources_changed.clear()
            try:
                if not self._network_ready:
                    await self._make_sandbox()
                await self._tokens.fetch()
                self._around.volumes.prepare()
                break
            except (LaunchError, network.NetworkError) as error:
                await self._remove_sandbox()
                self._warn("FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
            except (MountFailed, ApiError) as error:
                self._warn("FailedMount", str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._around.sources_changed.wait(), _SETUP_RETRY)
        self._helpers.append(asyncio.create_task(self._tokens.keep_fresh(self._around.volumes.refresh)))

    def _warn(self, reason: str, message: str) -> None:
        self._node.events.record(pod_reference(self._around.pod), reason, message, warning=True)

    async def _make_sandbox(self) -> None:
        around, pod = self._around, self._around.pod
        (around.folder / "namespaces").mkdir(parents=True, exist_ok=True)
        etc = around.folder / "etc"
        etc.mkdir(exist_ok=True)
        (etc / "hosts").write_text(pod_files.hosts(pod, self._address))
        (etc / "hostname").write_text(around.hostname + "\n")
        (etc / "resolv.conf").write_text(pod_files.resolv_conf(pod, self._node.dns))
        sysctls = {} if self._on_host else {"net.ipv4.ip_unprivileged_port_start": "0"}
        for entry in (pod["spec"].get("securityContext") or {}).get("sysctls") or []:
            sysctls[entry["name"]] = entry["value"]
        await self._node.launcher.create_pod(around.hostname, around.namespaces, sysctls)
        if not self._on_host:
            await network.connect(around.namespaces["net"].rpartition("/")[2], self._address)
        self._network_ready = True
        self._publisher.changed()

    async def _initialize(self) -> bool:
        """Init containers one after the other; a sidecar must have started before the next one does.

        Returns:
            False where an init container failed for good, or the Pod is being terminated.
        """
        for container in [*self.containers.values()]:
            if container.state.kind is Kind.INIT:
                await self._run(container)
                end = container.state.phase
                if not (isinstance(end, Terminated) and end.code == 0):
                    return False
            elif container.state.kind is Kind.SIDECAR:
                task = self._run(container)
                started = asyncio.create_task(container.has_started.wait())
                await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
                started.cancel()
                if task.done():
                    return False
        for container in self._of(Kind.MAIN):
            container.state.phase = Waiting("PodInitializing")
        return self._termination is None

    async def _stop_sidecars(self) -> None:
        """After the main containers have ended: in the opposite order of their start."""
        for container in reversed(self._of(Kind.SIDECAR)):
            if container.state.name in self._runs:
                await container.stop(float(self._around.pod["spec"].get("terminationGracePeriodSeconds", 30)))
                await self._runs[container.state.name]

    # Its end.

    async def _terminate(self, grace: float) -> None:
        try:
            await self._end_processes(grace)
            await self._remove_sandbox()
            if self._main:
                self._publisher.changed()
                await self._publisher.flush()
            await self._forget()
            self._around.volumes.forget()
            await asyncio.to_thread(self._remove_files)
        finally:
            for task in self._helpers:
                task.cancel()
            if not self._on_host:
                self._node.addresses.release(self._address)
            self._ended.set()

    async def _end_processes(self, grace: float) -> None:
        await asyncio.gather(*(self._stop(container, grace) for container in self.containers.values()))
        if self._main:
            self._main.cancel()
        await asyncio.gather(*self._runs.values(), return_exceptions=True)

    async def _stop(self, container: Container, grace: float) -> None:
        turn = self._sidecars_turn(container) if container.state.kind is Kind.SIDECAR else None
        await container.stop(grace, turn)
        if turn is not None:
            turn.close()

    async def _sidecars_turn(self, sidecar: Container) -> None:
        """Waits for the main containers and the sidecars that were started after this one."""
        names = list(self.containers)
        later = names[names.index(sidecar.state.name) + 1 :]
        runs = [self._runs[name] for name in later if name in self._runs]
        if runs:
            await asyncio.wait(runs)

    async def _remove_sandbox(self) -> None:
        if not self._on_host:
            await network.disconnect(self._address)
        await asyncio.to_thread(network.release_namespaces, list(self._around.namespaces.values()))
        self._network_ready = False

    async def _forget(self) -> None:
        """Takes the object off the API server, as nothing of it runs any more."""
        metadata = self._around.pod["metadata"]
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
        try:
            await self._node.api.delete(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}", options)
        except ApiError as error:
            if error.code not in (404, 409):
                _log.warning("Pod %s could not be removed: %s", self.name, error)

    def _remove_files(self) -> None:
        shutil.rmtree(self._around.folder, ignore_errors=True)
        shutil.rmtree(self._around.logs, ignore_errors=True)
