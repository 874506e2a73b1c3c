"""The agent: watches what is scheduled on its node and gives each Pod a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from sandbox.node import leftovers, network
from sandbox.node.pod import PodWorker
from sandbox.node.register import Registration
from sandbox.node.rootfs import build_skeleton
from sandbox.node.streaming import Streaming
from sandbox.node.surroundings import Node
from sandbox.node.watch import Informer

Object = dict[str, Any]

_log = logging.getLogger(__name__)
_FINISHED = ("Succeeded", "Failed")
_LAST_GRACE = 2.0


class Agent:
    """Runs until cancelled, then ends all its Pods."""

    def __init__(self, node: Node) -> None:
        self._node = node
        api, name = node.api, node.name
        self._registration = Registration(api, name, node.address)
        self._workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.pods = Informer(api, "/api/v1/pods", self._pod_event, fieldSelector=f"spec.nodeName={name}")
        self._sources = {
            kind: Informer(api, f"/api/v1/{kind}", self._source_event) for kind in ("configmaps", "secrets")
        }
        self._services = Informer(api, "/api/v1/services", lambda *_: None)
        node.find = lambda kind, namespace, wanted: self._sources[kind].get(namespace, wanted)
        node.services = lambda: self._services

    def worker(self, namespace: str, name: str) -> PodWorker | None:
        """The worker of a Pod by its name."""
        pod = self.pods.get(namespace, name)
        return self._workers.get(pod["metadata"]["uid"]) if pod else None

    async def run(self) -> None:
        """Ends only by being cancelled (SIGTERM)."""
        await leftovers.clean(self._node.scratch)
        build_skeleton(self._node.skeleton)
        await network.prepare_bridge()
        await self._registration.register()
        _log.info("Node %s registered", self._node.name)
        background = [self._registration.keep(), self._node.events.run(), self._services.run()]
        background += [informer.run() for informer in self._sources.values()]
        background.append(Streaming(self._node, self.worker).run())
        for work in background:
            self._spawn(work)
        for informer in (*self._sources.values(), self._services):
            await informer.synced.wait()
        await self.pods.run()

    async def end(self) -> None:
        """Kills all Pods of the node. Their objects stay: the cluster goes down with the node, or takes note."""
        await self._registration.sign_off()
        workers = list(self._workers.values())
        _log.info("ending %d Pods", len(workers))
        await asyncio.gather(*(worker.shut_down(_LAST_GRACE) for worker in workers))
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _pod_event(self, kind: str, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if kind == "DELETED":
            if worker:
                worker.terminate(0)
            return
        if worker:
            worker.update(pod)
            return
        if (pod.get("status") or {}).get("phase") in _FINISHED and not pod["metadata"].get("deletionTimestamp"):
            return
        worker = PodWorker(self._node, pod)
        self._workers[uid] = worker
        worker.start()
        self._spawn(self._forget(uid, worker))

    async def _forget(self, uid: str, worker: PodWorker) -> None:
        await worker.gone()
        self._workers.pop(uid, None)

    def _source_event(self, _: str, source: Object) -> None:
        namespace = source["metadata"]["namespace"]
        for worker in self._workers.values():
            if worker.namespace == namespace:
                worker.sources_changed()
