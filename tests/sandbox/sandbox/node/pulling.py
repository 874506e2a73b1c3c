"""Pulling an image, as far as there is something to pull: looks it up, and backs off where it is unknown."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from sandbox.node import images
from sandbox.node.backoff import Backoff
from sandbox.node.state import Waiting
from sandbox.node.surroundings import Node

Object = dict[str, Any]

_SEEN_AS_ERROR = 1.0
"""Seconds for which ErrImagePull is shown before ImagePullBackOff."""


class Owner(Protocol):
    """The container for which the image is pulled."""

    def event(self, reason: str, message: str, warning: bool = False) -> None:
        """Writes an Event about the container."""

    def wait_for(self, waiting: Waiting) -> None:
        """Shows why it is not running."""


class Puller:
    """Tries until there is an image."""

    def __init__(self, spec: Object, node: Node, owner: Owner, pause: Callable[[float], Awaitable[bool]]) -> None:
        """*pause* waits some seconds and says whether the container is to be stopped."""
        self._reference: str = spec["image"]
        self._policy: str = spec.get("imagePullPolicy") or "IfNotPresent"
        self._node = node
        self._owner = owner
        self._pause = pause
        self._backoff = Backoff()
        self._backoff.next(0)  # unlike a restart, a second pull is never at once

    @property
    def image_id(self) -> str:
        """What `imageID` of the status says."""
        digest = hashlib.sha256(self._reference.encode()).hexdigest()
        return f"{images.parse(self._reference)[0]}@sha256:{digest}"

    async def pull(self) -> images.Image | None:
        """Returns the image, or None where the container was stopped before there was one."""
        while True:
            image = images.find(self._reference)
            if image and self._reference in self._node.pulled and self._policy != "Always":
                self._owner.event("Pulled", f'Container image "{self._reference}" already present on machine')
                return image
            if await (self._never() if self._policy == "Never" and not image else self._try(image)):
                return image
            if await self._pause(self._backoff.next(0)):
                return None

    async def _never(self) -> bool:
        message = f'Container image "{self._reference}" is not present with pull policy of Never'
        self._owner.wait_for(Waiting("ErrImageNeverPull", message))
        self._owner.event("ErrImageNeverPull", message, warning=True)
        return False

    async def _try(self, image: images.Image | None) -> bool:
        self._owner.event("Pulling", f'Pulling image "{self._reference}"')
        missing = images.missing_files(image, self._node.programs) if image else []
        if image and not missing:
            self._node.pulled.add(self._reference)
            self._owner.event("Pulled", f'Successfully pulled image "{self._reference}"')
            return True
        await self._failed(f"the sandbox has not built {', '.join(missing)}" if missing else "not found")
        return False

    async def _failed(self, why: str) -> None:
        name, owner = self._reference, self._owner
        message = f'failed to pull and unpack image "{name}": failed to resolve reference "{name}": {name}: {why}'
        owner.event("Failed", f'Failed to pull image "{name}": {message}', warning=True)
        owner.event("Failed", "Error: ErrImagePull", warning=True)
        owner.wait_for(Waiting("ErrImagePull", message))
        await self._pause(_SEEN_AS_ERROR)
        owner.wait_for(Waiting("ImagePullBackOff", f'Back-off pulling image "{name}": ErrImagePull: {message}'))
        owner.event("BackOff", f'Back-off pulling image "{name}"')
        owner.event("Failed", "Error: ImagePullBackOff", warning=True)
