"""Whom a container runs as and with which rights, from its security contexts (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sandbox.node.environment import ConfigError
from sandbox.node.linux import CAPABILITIES

Object = dict[str, Any]

_DEFAULT = (
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD "
    "AUDIT_WRITE SETFCAP"
).split()
"""What container runtimes leave to a container that asks for nothing."""


@dataclass(frozen=True)
class Identity:
    """A container's user, groups and capabilities, as numbers and names that the kernel takes.

    Attributes:
        groups: Supplementary groups, or None where this node cannot set any.
        squashed: The user that was asked for, where this node has user 0 only.
    """

    uid: int
    gid: int
    groups: tuple[int, ...] | None
    capabilities: tuple[str, ...]
    no_new_privileges: bool
    read_only_root: bool
    squashed: int | None = None


def identity(pod: Object, container: Object, image_user: tuple[int, int], mapped_ids: int) -> Identity:
    """Resolves the security contexts of a container.

    Args:
        image_user: User and group id of the image.
        mapped_ids: How many user ids this node has.

    Raises:
        ConfigError: runAsNonRoot, and it would run as root.
    """
    of_pod: Object = pod["spec"].get("securityContext") or {}
    own: Object = container.get("securityContext") or {}
    context = {**of_pod, **own}
    uid = context.get("runAsUser")
    gid = context.get("runAsGroup")
    if gid is None:
        gid = image_user[1] if uid is None else 0
    uid = image_user[0] if uid is None else uid
    if context.get("runAsNonRoot") and uid == 0:
        raise ConfigError("container has runAsNonRoot and image will run as root")
    groups = {gid, *(of_pod.get("supplementalGroups") or [])}
    if of_pod.get("fsGroup") is not None:
        groups.add(of_pod["fsGroup"])
    found = Identity(
        uid,
        gid,
        tuple(sorted(groups)),
        _capabilities(own),
        no_new_privileges=own.get("allowPrivilegeEscalation") is False,
        read_only_root=bool(own.get("readOnlyRootFilesystem")),
    )
    return found if mapped_ids > 1 else replace(found, uid=0, gid=0, groups=None, squashed=uid or None)


def _capabilities(context: Object) -> tuple[str, ...]:
    if context.get("privileged"):
        return tuple(CAPABILITIES)
    asked = context.get("capabilities") or {}
    added = {name.removeprefix("CAP_") for name in asked.get("add") or []}
    dropped = {name.removeprefix("CAP_") for name in asked.get("drop") or []}
    kept = set(CAPABILITIES) if "ALL" in added else set(_DEFAULT)
    kept = set() if "ALL" in dropped else kept - dropped
    return tuple(sorted(kept | (added - {"ALL"})))
