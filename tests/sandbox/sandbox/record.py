"""What is known of the running machine, kept in a file beside it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox import namespaces
from sandbox.layout import Layout


@dataclass(frozen=True)
class Record:
    """pid: the machine's first process, as seen from outside. network: its network namespace.

    started: seconds since the epoch. sidecars_refused: why injected sidecars cannot run, or None.
    """

    pid: int
    network: int
    started: float
    sidecars_refused: str | None

    def write(self, layout: Layout) -> None:
        """Keep it beside the machine's files."""
        temporary = layout.record.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)))
        os.replace(temporary, layout.record)

    @property
    def alive(self) -> bool:
        """Whether the machine still runs; a reused process id does not deceive."""
        try:
            return namespaces.identity(self.pid) == self.network
        except OSError:
            return False

    @property
    def inside(self) -> bool:
        """Whether this very process is in the machine."""
        return namespaces.identity("self") == self.network


def running(layout: Layout) -> Record | None:
    """The machine of this layout, or None where none runs."""
    try:
        record = Record(**json.loads(Path(layout.record).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.alive or record.inside else None
