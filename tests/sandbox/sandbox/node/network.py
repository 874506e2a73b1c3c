"""Addresses and interfaces of Pods: a veth pair from each Pod's network namespace to the machine's bridge.

A Pod's address has a /32 mask and everything goes through the bridge's own address. So replies of one Pod to another
pass the machine's connection tracking too, without which a ClusterIP's translation would not be undone.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import re
import socket
from pathlib import Path

from sandbox.node import linux

BRIDGE = "cni0"
NETWORK = ipaddress.ip_network("10.244.0.0/16")
GATEWAY = "10.244.0.1"
NAMESPACES = Path("/run/netns")


class NetworkError(Exception):
    """An `ip` command failed; the message has its output."""


class Addresses:
    """Gives out Pod addresses in turn, so that an address is not used again soon after its Pod is gone."""

    def __init__(self) -> None:
        self._hosts = [str(host) for host in list(ipaddress.ip_network("10.244.0.0/20").hosts())[1:]]
        self._next = 0
        self._used: set[str] = set()

    def take(self) -> str:
        """Raises NetworkError where none is left."""
        for _ in self._hosts:
            address = self._hosts[self._next]
            self._next = (self._next + 1) % len(self._hosts)
            if address not in self._used:
                self._used.add(address)
                return address
        raise NetworkError(f"no Pod address left in {NETWORK}: {len(self._used)} are in use")

    def release(self, address: str) -> None:
        """Makes an address free again."""
        self._used.discard(address)


async def ip(*arguments: str, stdin: str = "") -> None:
    """Runs `ip`.

    Raises:
        NetworkError: It failed.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("ip", *arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    _, errors = await process.communicate(stdin.encode())
    if process.returncode != 0:
        raise NetworkError(f"ip {' '.join(arguments)}: {errors.decode().strip()}")


async def prepare_bridge() -> None:
    """Makes the bridge where the machine has none yet, and lets the machine route between Pods."""
    NAMESPACES.mkdir(parents=True, exist_ok=True)
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        try:
            await ip("link", "add", BRIDGE, "type", "bridge")
            await ip("address", "add", f"{GATEWAY}/{NETWORK.prefixlen}", "dev", BRIDGE)
        except NetworkError as error:  # /sys can be another namespace's view
            if "File exists" not in str(error):
                raise
    await ip("link", "set", BRIDGE, "up")
    for name, value in {
        "ip_forward": "1",
        f"conf/{BRIDGE}/send_redirects": "0",
        "conf/all/send_redirects": "0",
    }.items():
        Path(f"/proc/sys/net/ipv4/{name}").write_text(value)


async def connect(namespace: str, address: str) -> None:
    """Gives the network namespace /run/netns/*namespace* its loopback, its eth0 and its routes.

    Raises:
        NetworkError: An `ip` command failed.
    """
    await ip(
        "link", "add", _outer(address), "master", BRIDGE, "type", "veth", "peer", "name", "eth0", "netns", namespace
    )
    await ip("link", "set", _outer(address), "up")
    inner = f"""\
link set lo up
address add {address}/32 dev eth0
link set eth0 up
route add {GATEWAY} dev eth0 scope link
route add default via {GATEWAY} dev eth0
"""
    await ip("-netns", namespace, "-batch", "-", stdin=inner)


async def disconnect(address: str) -> None:
    """Takes the Pod off the bridge at once; its namespace goes with its last process."""
    with contextlib.suppress(NetworkError):  # gone already with its namespace
        await ip("link", "delete", _outer(address))


def _outer(address: str) -> str:
    return f"veth{int(ipaddress.ip_address(address)):08x}"


def release_namespaces(paths: list[str]) -> None:
    """Lets go of a Pod's namespaces."""
    for path in paths:
        if os.path.exists(path):
            with contextlib.suppress(OSError):  # not mounted yet: its creation failed
                linux.umount(path, linux.MNT_DETACH)
            os.unlink(path)


def pod_interfaces() -> list[str]:
    """The machine's ends of all veth pairs that `connect` has made."""
    names = [name for _, name in socket.if_nameindex()]
    return [name for name in names if re.fullmatch(r"veth[0-9a-f]{8}", name)]
