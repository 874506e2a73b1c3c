"""What a Pod's containers share before any of them runs: namespaces, an address, files in /etc."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import Any

from sandbox.node import network, pod_files
from sandbox.node.surroundings import Node

Object = dict[str, Any]


class PodSandbox:
    """Made once a Pod, kept until it is gone.

    Attributes:
        address: The Pod's, or the node's where it is on the machine's own network.
        namespaces: Kind -> path.
        ready: The namespaces exist (condition PodReadyToStartContainers).
    """

    def __init__(self, node: Node, pod: Object) -> None:
        self._node = node
        self._pod = pod
        self._on_host = bool(pod["spec"].get("hostNetwork"))
        self.address = node.address if self._on_host else node.addresses.take()
        self.hostname = node.name if self._on_host else pod_files.hostname(pod)
        self.folder = node.scratch / "pods" / pod["metadata"]["uid"]
        self.namespaces = {kind: str(self.folder / "namespaces" / kind) for kind in ("uts", "ipc")}
        if not self._on_host:
            self.namespaces["net"] = str(network.NAMESPACES / f"pod-{pod['metadata']['uid']}")
        self.ready = False

    @property
    def network_namespace(self) -> str:
        """Path of the network namespace the Pod is in."""
        return self.namespaces.get("net", f"/proc/{os.getpid()}/ns/net")

    async def create(self) -> None:
        """Makes everything.

        Raises:
            LaunchError: The kernel refused a namespace or a sysctl.
            NetworkError: The Pod could not be connected.
        """
        (self.folder / "namespaces").mkdir(parents=True, exist_ok=True)
        self._write_files()
        sysctls = {} if self._on_host else {"net.ipv4.ip_unprivileged_port_start": "0"}
        for entry in (self._pod["spec"].get("securityContext") or {}).get("sysctls") or []:
            sysctls[entry["name"]] = entry["value"]
        await self._node.launcher.create_pod(self.hostname, self.namespaces, sysctls)
        if not self._on_host:
            await network.connect(self.namespaces["net"].rpartition("/")[2], self.address)
        self.ready = True

    def _write_files(self) -> None:
        etc = self.folder / "etc"
        etc.mkdir(exist_ok=True)
        (etc / "hosts").write_text(pod_files.hosts(self._pod, self.address))
        (etc / "hostname").write_text(self.hostname + "\n")
        (etc / "resolv.conf").write_text(pod_files.resolv_conf(self._pod, self._node.dns))

    async def remove(self) -> None:
        """Takes the Pod off the network and lets go of its namespaces."""
        self.ready = False
        if not self._on_host:
            await network.disconnect(self.address)
        await asyncio.to_thread(network.release_namespaces, list(self.namespaces.values()))

    async def forget(self) -> None:
        """Removes its files and frees its address."""
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        if not self._on_host:
            self._node.addresses.release(self.address)
