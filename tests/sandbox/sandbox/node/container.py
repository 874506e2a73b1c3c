"""The life of one container: image, start, probes, end, back-off, next start."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import signal
import time
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.node import images
from sandbox.node.backoff import Backoff
from sandbox.node.blueprint import Blueprint, draw
from sandbox.node.ending import end
from sandbox.node.entering import Entrance
from sandbox.node.environment import ConfigError
from sandbox.node.events import pod_reference
from sandbox.node.handlers import ActionFailed, Target, act
from sandbox.node.launch import LaunchError
from sandbox.node.logs import Log
from sandbox.node.probes import Probes
from sandbox.node.process import Process
from sandbox.node.pulling import Puller
from sandbox.node.state import ContainerState, Kind, Running, Terminated, Waiting, now
from sandbox.node.surroundings import Surroundings
from sandbox.node.volumes import MountFailed

Object = dict[str, Any]

_log = logging.getLogger(__name__)
_CONFIG_RETRY = 10.0
_MESSAGE_LIMIT = 4096


class Container:
    """Runs one container of a Pod again and again as its restart policy says.

    Attributes:
        state: What its status tells.
        entrance: The way into it while it runs.
        has_started: Set when it runs and its startup probe and postStart hook have succeeded.
    """

    def __init__(self, spec: Object, kind: Kind, surroundings: Surroundings) -> None:
        self.spec = spec
        self.state = ContainerState(spec["name"], kind, spec["image"])
        self.entrance: Entrance | None = None
        self.has_started = asyncio.Event()
        self._around = surroundings
        self._backoff = Backoff()
        self._puller = Puller(spec, surroundings.node, self, self._pause)
        self._stopping = asyncio.Event()
        self._process: Process | None = None

    # What the Pod's worker calls.

    async def run(self) -> None:
        """Returns when the container has ended and is not to be started again."""
        while not self._stopping.is_set():
            image = await self._puller.pull()
            self.state.image_id = self._puller.image_id if image else ""
            blueprint = await self._configure(image) if image else None
            if blueprint is None:
                return  # stopped before it could start
            began = time.monotonic()
            await self._run_once(blueprint)
            if self._stopping.is_set() or not self._is_restarted():
                return
            await self._back_off(time.monotonic() - began)
            self.state.restarts += 1

    async def stop(self, grace: float, turn: Awaitable[None] | None = None) -> None:
        """Ends the container for good: preStop hook, *turn*, SIGTERM, and SIGKILL after *grace* seconds in all.

        Args:
            turn: Awaited before SIGTERM: sidecars wait for the containers that may still need them.
        """
        self._stopping.set()
        if self._process:
            await self._kill(grace, f"Stopping container {self.state.name}", turn)

    def kill_now(self) -> None:
        """SIGKILL: the grace period was cut short."""
        if self._process:
            self._process.send(signal.SIGKILL)

    def reset_backoff(self) -> None:
        """Its next restart is at once."""
        self._backoff.reset()

    def log_path(self, attempt: int) -> Path:
        """Where the output of a run is: 0 is the first, 1 the one after the first restart."""
        return self._around.logs / self.state.name / f"{attempt}.log"

    # Its image and configuration.

    async def _configure(self, image: images.Image) -> Blueprint | None:
        while not self._stopping.is_set():
            self._around.sources_changed.clear()
            try:
                return draw(self.spec, image, self._around, self.state.restarts)
            except ConfigError as error:
                self.wait_for(Waiting("CreateContainerConfigError", str(error)))
                self.event("Failed", f"Error: {error}", warning=True)
            except (MountFailed, FileExistsError) as error:
                self.wait_for(Waiting("CreateContainerError", str(error)))
                self.event("Failed", f"Error: {error}", warning=True)
            await first_of(self._around.sources_changed, self._stopping, timeout=_CONFIG_RETRY)
        return None

    # One run of it.

    async def _run_once(self, blueprint: Blueprint) -> None:
        began = now()
        self.state.container_id = f"sandbox://{secrets.token_hex(32)}"
        log = Log(self.log_path(self.state.restarts))
        self.log_path(self.state.restarts - 2).unlink(missing_ok=True)
        try:
            streams = await log.open()
            self.event("Created", f"Container created: {self.state.name}")
            self._process = await self._around.node.launcher.start(blueprint.description, *streams)
        except LaunchError as error:
            self.event("Failed", f"Error: failed to start container: {error}", warning=True)
            self._end(Terminated(128, "StartError", began, now(), message=str(error)))
            await log.close()
            return
        log.started()
        try:
            await self._supervise(blueprint, began)
            exited = await self._process.wait()
        finally:
            await log.close()
            self._process, self.entrance = None, None
            self.has_started.clear()
        reason = "Completed" if exited.code == 0 else "Error"
        message = self._termination_message(blueprint.termination_log, log, exited.code)
        self._end(Terminated(exited.code, reason, began, now(), exited.signal, message))
        shutil.rmtree(blueprint.termination_log.parent, ignore_errors=True)

    async def _supervise(self, blueprint: Blueprint, began: datetime) -> None:
        """Probes and hooks for as long as the process runs."""
        assert self._process is not None
        who = blueprint.identity
        self.entrance = Entrance(self._process.pid, blueprint.env, who.uid, who.gid, blueprint.cwd)
        self.event("Started", f"Container started: {self.state.name}")
        if who.squashed is not None:
            text = f"runs as user 0 instead of {who.squashed}: this machine maps one user id only"
            self.event("UserNotMapped", text, warning=True)
        self.state.phase = Running(began)
        exited = asyncio.create_task(self._process.wait())
        care = asyncio.create_task(self._take_care())
        try:
            await asyncio.wait({exited, care}, return_when=asyncio.FIRST_COMPLETED)
            if care.done():
                care.result()
            await exited
        finally:
            care.cancel()

    async def _take_care(self) -> None:
        """postStart hook, then probes; kills the container when one of them says so."""
        self._around.changed()
        hook = (self.spec.get("lifecycle") or {}).get("postStart")
        if hook:
            try:
                await act(hook, self._target(), None)
            except ActionFailed as failure:
                self.event("FailedPostStartHook", f"PostStartHook failed: {failure}", warning=True)
                await self._kill(self._grace({}), "FailedPostStartHook", None)
                return
        if self.state.kind is Kind.INIT:
            return
        probes = Probes(self.spec, self._target(), lambda: self._probed(probes), self._unhealthy)
        self._probed(probes)
        failed = await probes.run()
        if self._stopping.is_set():
            return
        probe = self.spec[f"{failed.lower()}Probe"]
        text = f"Container {self.state.name} failed {failed.lower()} probe, will be restarted"
        await self._kill(self._grace(probe), text, None)

    def _probed(self, probes: Probes) -> None:
        self.state.started, self.state.ready = probes.started, probes.ready
        if probes.started:
            self.has_started.set()
        self._around.changed()

    def _unhealthy(self, text: str) -> None:
        if not self._stopping.is_set():
            self.event("Unhealthy", text, warning=True)

    def _target(self) -> Target:
        assert self.entrance is not None
        return Target(self.spec, self._around.address, self.entrance.execute, self._around.node.http)

    # Its end.

    async def _kill(self, grace: float, message: str, turn: Awaitable[None] | None) -> None:
        if self._process is None:
            return
        self.event("Killing", message)
        hook = (self.spec.get("lifecycle") or {}).get("preStop")
        await end(self._process, grace, self._pre_stop(hook) if hook and grace > 0 else None, turn)

    async def _pre_stop(self, hook: Object) -> None:
        try:
            await act(hook, self._target(), None)
        except ActionFailed as failure:
            self.event("FailedPreStopHook", f"PreStopHook failed: {failure}", warning=True)

    def _grace(self, probe: Object) -> float:
        default = self._around.pod["spec"].get("terminationGracePeriodSeconds", 30)
        return float(probe.get("terminationGracePeriodSeconds", default))

    def _end(self, terminated: Terminated) -> None:
        self.state.started = self.state.ready = False
        self.state.phase = Terminated(**{**vars(terminated), "container_id": self.state.container_id})
        self._around.changed()

    def _termination_message(self, path: Path, log: Log, code: int) -> str:
        try:
            text = path.read_bytes()[-_MESSAGE_LIMIT:].decode(errors="replace")
            if not text and code != 0 and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
                text = log.tail()
        except OSError:
            return ""
        return text

    def _is_restarted(self) -> bool:
        assert isinstance(self.state.phase, Terminated)
        failed = self.state.phase.code != 0
        if self.state.kind is Kind.SIDECAR:
            return True
        policy = self._around.pod["spec"].get("restartPolicy", "Always")
        if self.state.kind is Kind.INIT:
            return failed and policy != "Never"
        return bool(policy == "Always" or (failed and policy == "OnFailure"))

    async def _back_off(self, ran: float) -> None:
        assert isinstance(self.state.phase, Terminated)
        self.state.last = self.state.phase
        delay = self._backoff.next(ran)
        if not delay:
            return
        metadata = self._around.pod["metadata"]
        who = f"container {self.state.name} in pod {metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        self.event("BackOff", f"Back-off restarting failed {who}", warning=True)
        short = f"container={self.state.name} pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        self.wait_for(Waiting("CrashLoopBackOff", f"back-off {delay:g}s restarting failed {short}"))
        await self._pause(delay)

    # Small things, some of them for its helpers.

    def event(self, reason: str, message: str, warning: bool = False) -> None:
        """Writes an Event about the container."""
        reference = pod_reference(self._around.pod, self.spec, init=self.state.kind is not Kind.MAIN)
        self._around.node.events.record(reference, reason, message, warning)

    def wait_for(self, waiting: Waiting) -> None:
        """Shows why it is not running."""
        self.state.phase = waiting
        self._around.changed()

    async def _pause(self, seconds: float) -> bool:
        await first_of(self._stopping, timeout=seconds)
        return self._stopping.is_set()


async def first_of(*events: asyncio.Event, timeout: float) -> None:
    """Waits for one of several events, or some seconds."""
    tasks = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
