"""From a container's spec to what the launcher is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.node.environment import command_line, container_environment, service_variables
from sandbox.node.images import PATH, Image
from sandbox.node.rootfs import container_mounts
from sandbox.node.security import Identity, identity
from sandbox.node.surroundings import Surroundings

Object = dict[str, Any]

_TERMINATION_LOG = "/dev/termination-log"


@dataclass(frozen=True)
class Blueprint:
    """A container ready to be started.

    Attributes:
        description: The launcher's request.
        termination_log: Where the node finds what the container wrote to its terminationMessagePath.
    """

    description: Object
    identity: Identity
    env: dict[str, str]
    cwd: str
    termination_log: Path


def draw(container: Object, image: Image, surroundings: Surroundings, attempt: int) -> Blueprint:
    """Resolves everything a container's spec refers to.

    Raises:
        ConfigError: Something it needs does not exist (CreateContainerConfigError).
        MountFailed: A subPath cannot be mounted.
    """
    pod, node = surroundings.pod, surroundings.node
    who = identity(pod, container, image.user, node.mapped_ids)
    env = container_environment(
        pod,
        container,
        lookup=surroundings.lookup,
        addresses=surroundings.addresses,
        services=service_variables(
            node.services(), pod["metadata"]["namespace"], pod["spec"].get("enableServiceLinks", True)
        ),
        image={"PATH": PATH, "HOSTNAME": surroundings.hostname, "HOME": "/root" if who.uid == 0 else "/", **image.env},
    )
    scratch = surroundings.folder / "containers" / f"{container['name']}-{attempt}"
    (scratch / "merged").mkdir(parents=True)
    termination_log = scratch / "termination-log"
    termination_log.touch(0o666)
    termination_log.chmod(0o666)
    volumes = surroundings.volumes.mounts(container, env)
    volumes.append(
        {
            "kind": "bind",
            "target": container.get("terminationMessagePath") or _TERMINATION_LOG,
            "source": str(termination_log),
        }
    )
    cwd = container.get("workingDir") or image.cwd
    description = {
        "namespaces": surroundings.namespaces,
        "root": str(scratch / "merged"),
        "mounts": container_mounts(
            image,
            skeleton=node.skeleton,
            scratch=scratch,
            programs=node.programs,
            pod_files=surroundings.folder / "etc",
            volumes=volumes,
        ),
        "argv": command_line(container, image.entrypoint, image.arguments, env),
        "env": env,
        "cwd": cwd,
        "uid": who.uid,
        "gid": who.gid,
        "groups": who.groups,
        "capabilities": who.capabilities,
        "no_new_privileges": who.no_new_privileges,
        "read_only_root": who.read_only_root,
    }
    return Blueprint(description, who, env, cwd, termination_log)
