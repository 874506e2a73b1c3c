"""The models that are applied: many, small, and never scheduled, so that the API server is all that is measured."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def models(count: int, namespace: str) -> list[dict[str, Any]]:
    """``count`` models of two versions each in one namespace."""
    return [
        {
            "name": f"model-{number:04}",
            "namespace": namespace,
            "base_path": f"gs://bucket/model-{number:04}",
            "traffic": "v1:90:v2:10",
            "node_selector": {"benchmark": "nowhere"},
            "versions": [{"name": "v1", "model_version": 1}, {"name": "v2", "model_version": 2}],
        }
        for number in range(count)
    ]


def write_variables(folder: Path, count: int, namespace: str) -> Path:
    """The models as a file for ``-e @FILE``."""
    path = folder / f"{namespace}-{count}.json"
    path.write_text(json.dumps({"models": models(count, namespace)}))
    return path


def kubectl(*arguments: str, text: str | None = None) -> None:
    """Run kubectl, and raise CalledProcessError with what it said where it fails."""
    subprocess.run(["kubectl", *arguments], check=True, input=text, text=True, stdout=subprocess.DEVNULL)


def new_namespace(name: str) -> None:
    """An empty namespace in which no Pod is ever made: Pods would load the machine while others are measured."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "no-pods", "namespace": name},
        "spec": {"hard": {"pods": "0"}},
    }
    kubectl("create", "namespace", name)
    kubectl("apply", "-f", "-", text=json.dumps(quota))
