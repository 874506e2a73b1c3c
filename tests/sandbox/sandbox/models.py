"""Model folders for the double of TensorFlow Serving: `write_model` makes a version, `write_faults` makes it misbehave.

What a description and faults may hold stands in programs/model_server/README.md.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any


def write_model(base: Path, version: int, kind: str = "half_plus_two", **params: Any) -> Path:
    """Write version ``version`` of a model below ``base`` and return its folder, replacing what was there.

    ``kind`` is half_plus_two, half_plus_three, linear (``weight``, ``bias``), mnist (``bias``) or identity (``type``); each
    takes ``load_seconds`` and ``latency``. The folder appears complete, so that a server that polls ``base`` never sees half of it.
    """
    base.mkdir(parents=True, exist_ok=True)
    folder = base / str(version)
    # Not a number, so no server takes it for a version.
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=base))
    fresh.chmod(0o755)
    (fresh / "model.json").write_text(json.dumps({"kind": kind, **params}) + "\n")
    if folder.exists():
        remove_model(base, version)
    fresh.rename(folder)
    return folder


def remove_model(base: Path, version: int) -> None:
    """Remove a version; a server that polls ``base`` unloads it. The folder vanishes at once."""
    gone = Path(tempfile.mkdtemp(prefix=".old-", dir=base))
    (base / str(version)).rename(gone / "version")
    shutil.rmtree(gone)


def write_faults(folder: Path, **faults: Any) -> None:
    """Switch on the faults of the version in ``folder`` and no others; without any, switch all off.

    For example ``write_faults(folder, errors={"rate": 0.05, "code": "UNAVAILABLE"}, latency={"base_ms": 20})``. Servers
    notice within half a second.
    """
    file = folder / "faults.json"
    if not faults:
        file.unlink(missing_ok=True)
        return
    fresh = folder / ".faults.json"
    fresh.write_text(json.dumps(faults) + "\n")
    os.replace(fresh, file)
