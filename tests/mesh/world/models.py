"""The models that the tests serve: two versions that tell themselves apart by their answers, whatever the way to ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .settings import Settings

PREDICTIONS = {"v1": 2.5, "v2": 3.5}
"""What each version predicts for 1.0."""

NUMBERS = {"1": "v1", "2": "v2"}
"""Versions by TensorFlow Serving's integer."""

MOUNT = "/models"
PLACES = {"v1": (f"{MOUNT}/half_plus_two", 1), "v2": (f"{MOUNT}/half_plus_three", 2)}
"""Base path and integer of each version."""


def write_models(folder: Path) -> dict[str, Any]:
    """Write both models for the sandbox's model server; returns the volume source."""
    from sandbox.models import write_model  # not there in a tree without a sandbox

    for base, number in PLACES.values():
        write_model(folder / Path(base).name, number, Path(base).name)
    folder.chmod(0o755)
    return {"hostPath": {"path": str(folder)}}


@dataclass(frozen=True)
class Models:
    """Makes what the module ``model`` takes."""

    settings: Settings
    volume: dict[str, Any]

    def model(self, name: str, namespace: str, *versions: str, **keys: Any) -> dict[str, Any]:
        """A model with ``versions``, v1 and v2 as a rule; ``keys`` go before what is given here."""
        image = {"image": self.settings.image} if self.settings.image else {}
        return {
            "name": name,
            "namespace": namespace,
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
            "volumes": [{"name": "models", "mount_path": MOUNT, "source": self.volume}],
            **image,
            "versions": [version(name) for name in versions],
            **keys,
        }


def version(name: str, place: str | None = None) -> dict[str, Any]:
    """A version; ``place`` is the one whose base path and integer it has, itself where it is None."""
    base_path, number = PLACES[place or name]
    return {"name": name, "base_path": base_path, "model_version": number}
