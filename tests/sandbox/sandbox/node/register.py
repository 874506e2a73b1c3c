"""The Node object, its conditions and its Lease."""

from __future__ import annotations

import asyncio
import logging
import platform
from datetime import datetime, timezone
from typing import Any

from sandbox.node.api import Api, ApiError
from sandbox.node.references import CAPACITY
from sandbox.node.state import now, timestamp

Object = dict[str, Any]

KUBELET_VERSION = "v1.36.3"
KUBELET_PORT = 10250
_PODS = "250"
_LEASE_SECONDS = 40
_RENEW_EVERY = 10.0
_STATUS_EVERY = 300.0
_RETRY = 1.0
_HEALTHY = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}

_log = logging.getLogger(__name__)


class Registration:
    """Keeps the cluster told that the node is there and well."""

    def __init__(self, api: Api, name: str, address: str) -> None:
        self._api = api
        self._name = name
        self._address = address
        self._since = timestamp(now())

    async def register(self) -> Object:
        """Creates the Node, waiting for the API server where it is not ready yet.

        Returns:
            The Node.
        """
        while True:
            try:
                return await self._create()
            except ApiError as error:
                _log.info("%s; trying again", error)
                await asyncio.sleep(_RETRY)

    async def _create(self) -> Object:
        labels = {
            "kubernetes.io/hostname": self._name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": _architecture(),
            "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": _architecture(),
        }
        body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._name, "labels": labels}}
        try:
            await self._api.post("/api/v1/nodes", body)
        except ApiError as error:
            if error.code != 409:
                raise
        return await self._write_status(ready=True)

    async def keep(self) -> None:
        """Renews the Lease and the conditions; ends only by being cancelled."""
        loop = asyncio.get_running_loop()
        status_due = loop.time() + _STATUS_EVERY
        while True:
            try:
                await self._renew()
                if loop.time() >= status_due or await self._doubted():
                    await self._write_status(ready=True)
                    status_due = loop.time() + _STATUS_EVERY
                await asyncio.sleep(_RENEW_EVERY)
            except ApiError as error:
                _log.warning("%s; trying again", error)
                await asyncio.sleep(_RETRY)

    async def _doubted(self) -> bool:
        """Whether the cluster takes the node for unwell, as after a time without an API server. A kubelet asks every ten seconds too."""
        node = await self._api.get(f"/api/v1/nodes/{self._name}")
        conditions = {entry["type"]: entry["status"] for entry in node["status"].get("conditions") or ()}
        return conditions.get("Ready") != "True"

    async def _renew(self) -> None:
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        spec = {
            "holderIdentity": self._name,
            "leaseDurationSeconds": _LEASE_SECONDS,
            "renewTime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        try:
            await self._api.merge(f"{path}/{self._name}", {"spec": spec})
        except ApiError as error:
            if error.code != 404:
                raise
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self._name}}
            await self._api.post(path, {**body, "spec": spec})

    async def _write_status(self, ready: bool) -> Object:
        capacity = {**CAPACITY, "pods": _PODS}
        moment = timestamp(now())
        conditions = []
        for kind, (value, reason, message) in _HEALTHY.items():
            if kind == "Ready" and not ready:
                value, reason, message = "False", "KubeletNotReady", "node is shutting down"
            times = {"lastHeartbeatTime": moment, "lastTransitionTime": self._since if ready else moment}
            conditions.append({"type": kind, "status": value, "reason": reason, "message": message, **times})
        status = {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [
                {"type": "InternalIP", "address": self._address},
                {"type": "Hostname", "address": self._name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
            "conditions": conditions,
            "nodeInfo": _node_info(),
        }
        return await self._api.patch(f"/api/v1/nodes/{self._name}/status", {"status": status})

    async def sign_off(self) -> None:
        """Says that the node is going down."""
        try:
            await self._write_status(ready=False)
        except ApiError as error:
            _log.info("%s", error)


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _node_info() -> Object:
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = "Linux"
    return {
        "kubeletVersion": KUBELET_VERSION,
        "kubeProxyVersion": "",
        "containerRuntimeVersion": "sandbox://1",
        "kernelVersion": platform.release(),
        "osImage": system,
        "operatingSystem": "linux",
        "architecture": _architecture(),
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
    }
