"""Answers of a real API server (Kubernetes 1.36), kept as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "fixtures"
LIVE = sorted(path.stem for path in (FOLDER / "live").glob("*.json") if path.stem != "Deployment-scaled")
"""Objects as they were stored after one apply of ``models.rich()``, without what the server adds to every object."""


def live(name: str) -> dict[str, Any]:
    """An object with its managedFields."""
    return dict(json.loads((FOLDER / "live" / f"{name}.json").read_text()))


def refused(name: str) -> bytes:
    """The body of an answer that is not a success."""
    return (FOLDER / "refused" / f"{name}.json").read_bytes()
