"""What the node offers to its Pods, and what a Pod offers to its containers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.node.api import Api
from sandbox.node.environment import Lookup
from sandbox.node.events import Events
from sandbox.node.launch import Launcher
from sandbox.node.network import Addresses
from sandbox.node.volumes import Volumes

Object = dict[str, Any]


@dataclass
class Node:
    """The node's services and settings.

    Attributes:
        run: Folder of the running machine; logs of containers go below it.
        scratch: Folder on a tmpfs for roots and volumes.
        programs: Folder of the programs that images stand for.
        find: (kind, namespace, name) -> a ConfigMap or Secret.
        mapped_ids: How many user ids the machine has.
        pulled: Images that were "pulled" already.
    """

    name: str
    address: str
    dns: str
    api: Api
    launcher: Launcher
    events: Events
    addresses: Addresses
    http: aiohttp.ClientSession
    run: Path
    scratch: Path
    programs: Path
    find: Callable[[str, str, str], Object | None]
    services: Callable[[], Iterable[Object]]
    mapped_ids: int
    pulled: set[str] = field(default_factory=set)

    @property
    def skeleton(self) -> Path:
        """The tree that every container's root starts from."""
        return self.scratch / "skeleton"


@dataclass
class Surroundings:
    """What a Pod's containers share.

    Attributes:
        pod: Its newest state.
        namespaces: Kind -> path of the Pod's namespaces.
        lookup: (kind, name) -> a ConfigMap or Secret of the Pod's namespace.
        changed: To be called when a container's state has changed.
        sources_changed: Set, and renewed, whenever a ConfigMap or Secret of the Pod's namespace changes.
    """

    node: Node
    pod: Object
    folder: Path
    logs: Path
    address: str
    hostname: str
    namespaces: dict[str, str]
    volumes: Volumes
    lookup: Lookup
    changed: Callable[[], None]
    sources_changed: asyncio.Event

    @property
    def addresses(self) -> dict[str, str]:
        """What references to addresses resolve to: `podIP` and `hostIP`."""
        return {"podIP": self.address, "hostIP": self.node.address}
