"""What a load can be sent to."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from .answer import Outcome


class Connections(Enum):
    """How requests use connections. Connections that are kept hide what happens to new ones, and the other way round."""

    KEPT = "kept"
    NEW = "new"
    BOTH = "both"  # every other request


class Target(Protocol):
    """One kind of request to one address. `open` and `close` run in the load's event loop, around all `send`."""

    async def open(self) -> None:
        """Prepare the connections that are kept."""

    async def send(self, new_connection: bool, timeout: float) -> Outcome:
        """Send one request and wait at most ``timeout`` seconds. What goes wrong is an outcome, never an exception."""

    async def close(self) -> None:
        """Give the connections back."""
