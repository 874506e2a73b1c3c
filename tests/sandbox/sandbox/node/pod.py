"""The worker of one Pod: from its scheduling to its removal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Coroutine
from typing import Any

from sandbox.node import network
from sandbox.node.api import ApiError
from sandbox.node.container import Container
from sandbox.node.events import pod_reference
from sandbox.node.launch import LaunchError
from sandbox.node.logs import log_folder
from sandbox.node.payload import Context
from sandbox.node.pod_sandbox import PodSandbox
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
        self._sandbox = PodSandbox(node, pod)
        self._start_time = timestamp(now())
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

        def lookup(kind: str, name: str) -> Object | None:
            return node.find(kind, metadata["namespace"], name)

        return Surroundings(
            node=node,
            pod=pod,
            folder=self._sandbox.folder,
            logs=log_folder(node.run, metadata["namespace"], metadata["name"], metadata["uid"]),
            address=self._sandbox.address,
            hostname=self._sandbox.hostname,
            namespaces=self._sandbox.namespaces,
            volumes=Volumes(self._sandbox.folder / "volumes", self._context(pod, lookup), self._volume_group(pod)),
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
        addresses = {"podIP": self._sandbox.address, "hostIP": self._node.address}
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
        sandbox = self._sandbox
        address = sandbox.address if sandbox.ready else ""
        facts = PodFacts(self._start_time, self._node.address, address, sandbox.ready)
        return pod_status(seen, [container.state for container in self.containers.values()], facts)

    # What the agent calls.

    @property
    def network_namespace(self) -> str:
        """Path of the Pod's network namespace."""
        return self._sandbox.network_namespace

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
                if not self._sandbox.ready:
                    await self._sandbox.create()
                    self._publisher.changed()
                await self._tokens.fetch()
                self._around.volumes.prepare()
                break
            except (LaunchError, network.NetworkError) as error:
                await self._sandbox.remove()
                self._warn("FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
            except (MountFailed, ApiError) as error:
                self._warn("FailedMount", str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._around.sources_changed.wait(), _SETUP_RETRY)
        self._helpers.append(asyncio.create_task(self._tokens.keep_fresh(self._around.volumes.refresh)))

    def _warn(self, reason: str, message: str) -> None:
        self._node.events.record(pod_reference(self._around.pod), reason, message, warning=True)

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
            await self._sandbox.remove()
            if self._main:
                self._publisher.changed()
                await self._publisher.flush()
            await self._forget()
            self._around.volumes.forget()
            await self._sandbox.forget()
            await asyncio.to_thread(shutil.rmtree, self._around.logs, ignore_errors=True)
        finally:
            for task in self._helpers:
                task.cancel()
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

    async def _forget(self) -> None:
        """Takes the object off the API server, as nothing of it runs any more."""
        metadata = self._around.pod["metadata"]
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
        try:
            await self._node.api.delete(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}", options)
        except ApiError as error:
            if error.code not in (404, 409):
                _log.warning("Pod %s could not be removed: %s", self.name, error)
