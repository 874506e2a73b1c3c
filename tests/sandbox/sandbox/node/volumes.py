"""The volumes of one Pod on this node: made before its containers, kept up to date while it runs."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from sandbox.node import atomic
from sandbox.node.environment import expand
from sandbox.node.mounts import Mount
from sandbox.node.payload import Context, MissingSource, volume_files

Object = dict[str, Any]

_log = logging.getLogger(__name__)
_FILE_KINDS = ("configMap", "secret", "downwardAPI", "projected")
_HOST_TYPES = {
    "Directory": os.path.isdir,
    "File": os.path.isfile,
    "Socket": os.path.exists,
    "CharDevice": os.path.exists,
    "BlockDevice": os.path.exists,
}


def containers(pod: Object) -> list[Object]:
    """The specs of all containers of a Pod."""
    return [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]


class MountFailed(Exception):
    """A volume cannot be made yet (event FailedMount); the message is the kubelet's."""


class Volumes:
    """Folders of a Pod's volumes below *folder*."""

    def __init__(self, folder: Path, context: Context, group: int | None = None) -> None:
        """*group* owns the volumes (fsGroup), where there is one."""
        self._folder = folder
        self._context = context
        self._pod = context.pod
        self._owner = (os.getuid(), os.getgid() if group is None else group)
        self._has_group = group is not None
        self._prepared = False

    def prepare(self) -> None:
        """Makes every volume.

        Raises:
            MountFailed: Something that a volume needs is missing.
        """
        for volume in self._pod["spec"].get("volumes") or []:
            try:
                self._prepare_one(volume)
            except (MissingSource, OSError) as error:
                raise MountFailed(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from None
        for container in containers(self._pod):
            self._make_nested_mountpoints(container)
        self._prepared = True

    def refresh(self) -> bool:
        """Brings changed ConfigMaps, Secrets, labels and tokens into the files. What is missing now keeps its last
        content, as the kubelet's does.

        Returns:
            Whether any file changed.
        """
        changed = False
        if not self._prepared:
            return changed
        for volume in self._pod["spec"].get("volumes") or []:
            if any(kind in volume for kind in _FILE_KINDS):
                try:
                    changed |= self._write_files(volume)
                except (MissingSource, OSError) as error:
                    _log.info("volume %s keeps its content: %s", volume["name"], error)
        return changed

    def forget(self) -> None:
        """No more refreshing: the folders are about to be removed."""
        self._prepared = False

    def update(self, context: Context) -> None:
        """Takes a newer state of the Pod (its labels and annotations may be in files)."""
        self._context = context
        self._pod = context.pod

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _prepare_one(self, volume: Object) -> None:
        if "hostPath" in volume:
            self._check_host_path(volume["hostPath"])
            return
        self._path(volume["name"]).mkdir(parents=True, exist_ok=True)
        if "emptyDir" in volume:
            path = self._path(volume["name"])
            os.chown(path, *self._owner)
            path.chmod(0o2777 if self._has_group else 0o777)
        elif any(kind in volume for kind in _FILE_KINDS):
            self._write_files(volume)
        else:
            kinds = ", ".join(key for key in volume if key != "name")
            raise MissingSource(f"volumes of kind {kinds} are not supported by the sandbox's node")

    def _make_nested_mountpoints(self, container: Object) -> None:
        """A volume mounted inside another, read-only one needs its mount point there beforehand."""
        mounts = [mount for mount in container.get("volumeMounts") or [] if not mount.get("subPath")]
        for outer in mounts:
            folder = self._path(outer["name"])
            for inner in mounts:
                if inner is not outer and inner["mountPath"].startswith(outer["mountPath"].rstrip("/") + "/"):
                    relative = inner["mountPath"].removeprefix(outer["mountPath"]).strip("/")
                    if folder.is_dir() and not (folder / relative).exists():
                        (folder / relative).mkdir(parents=True)

    def _write_files(self, volume: Object) -> bool:
        files = volume_files(volume, self._context)
        if self._has_group:  # the group may read what its owner may
            files = {
                name: atomic.File(file.content, file.mode | ((file.mode & 0o400) >> 3)) for name, file in files.items()
            }
        return atomic.write(self._path(volume["name"]), files, self._owner)

    @staticmethod
    def _check_host_path(source: Object) -> None:
        path, kind = source["path"], source.get("type") or ""
        if kind == "DirectoryOrCreate":
            os.makedirs(path, exist_ok=True)
        elif kind == "FileOrCreate":
            Path(path).touch()
        elif kind in _HOST_TYPES and not _HOST_TYPES[kind](path):
            raise MissingSource(f"hostPath type check failed: {path} is not a {kind.lower()}")
        elif not kind and not os.path.exists(path):
            os.makedirs(path)  # what container runtimes do for a missing one

    def mounts(self, container: Object, environment: dict[str, str]) -> list[Mount]:
        """Bind mounts for a container's volumeMounts.

        Raises:
            MountFailed: A volume or subPath does not exist.
        """
        by_name = {volume["name"]: volume for volume in self._pod["spec"].get("volumes") or []}
        mounts: list[Mount] = []
        for wanted in container.get("volumeMounts") or []:
            volume = by_name[wanted["name"]]
            base = Path(volume["hostPath"]["path"]) if "hostPath" in volume else self._path(volume["name"])
            source = self._sub_path(base, wanted, environment, "emptyDir" in volume or "hostPath" in volume)
            # Files of these kinds come from the API server: no container may change them.
            read_only = bool(wanted.get("readOnly")) or any(kind in volume for kind in _FILE_KINDS)
            mounts.append(
                {"kind": "bind", "target": wanted["mountPath"], "source": str(source), "read_only": read_only}
            )
        return mounts

    @staticmethod
    def _sub_path(base: Path, wanted: Object, environment: dict[str, str], writable: bool) -> Path:
        sub_path = wanted.get("subPath") or expand(wanted.get("subPathExpr") or "", environment)
        if not sub_path:
            return base
        path = (base / sub_path).resolve()
        if not path.is_relative_to(base.resolve()):
            raise MountFailed(f'subPath "{sub_path}" leaves the volume "{wanted["name"]}"')
        if not path.exists():
            if not writable:
                raise MountFailed(f'failed to prepare subPath for volumeMount "{wanted["name"]}"')
            path.mkdir(parents=True)
            path.chmod(0o777)
        return path
