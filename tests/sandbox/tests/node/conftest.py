"""A sandbox for the tests that need real Pods."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.patience import eventually

from sandbox.layout import PACKAGE

START_WITHIN = 300.0
BUILD_WITHIN = 3600.0


class Cluster:
    """A running sandbox, used by kubectl in a namespace of its own."""

    def __init__(self, state: Path, namespace: str) -> None:
        self.namespace = namespace
        self.environment = os.environ | {"SANDBOX_STATE": str(state), "PYTHONPATH": str(PACKAGE.parent)}

    def sandbox(self, *words: str, timeout: float, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs `python -m sandbox`."""
        command = [sys.executable, "-m", "sandbox", *words]
        defaults = {"capture_output": True, "text": True, "check": False}
        return subprocess.run(command, env=self.environment, timeout=timeout, **(defaults | options))

    def succeed(self, *words: str, timeout: float = 180, **options: Any) -> str:
        """Standard output of `python -m sandbox`, which must succeed."""
        result = self.sandbox(*words, timeout=timeout, **options)
        assert result.returncode == 0, result.stderr
        return str(result.stdout)

    def try_kubectl(self, *words: str, timeout: float = 180, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs kubectl in the machine; it may fail."""
        return self.sandbox("run", "kubectl", "-n", self.namespace, *words, timeout=timeout, **options)

    def kubectl(self, *words: str, **options: Any) -> str:
        """Standard output of a command that must succeed."""
        return self.succeed("run", "kubectl", "-n", self.namespace, *words, **options)

    def apply(self, *objects: dict[str, Any]) -> None:
        """Applies objects."""
        manifest = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", input=json.dumps(manifest))

    def run_pod(self, name: str, *containers: dict[str, Any], **spec: Any) -> None:
        """Creates a Pod."""
        self.run_pods({name: {"containers": list(containers), **spec}})

    def run_pods(self, specs: dict[str, dict[str, Any]]) -> None:
        """Creates Pods, all by one command."""
        kind = {"apiVersion": "v1", "kind": "Pod"}
        self.apply(
            *(
                {**kind, "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}
                for name, spec in specs.items()
            )
        )

    def wait_for(self, pod: str, path: str, value: str, timeout: int = 180) -> None:
        """Waits until a JSONPath of a Pod has a value."""
        condition = f"--for=jsonpath={{{path}}}={value}"
        self.kubectl("wait", f"pod/{pod}", condition, f"--timeout={timeout}s", timeout=timeout + 30)

    def ready(self, *pods: str) -> None:
        """Waits until Pods are ready."""
        names = [f"pod/{pod}" for pod in pods]
        self.kubectl("wait", "--for=condition=Ready", "--timeout=180s", *names, timeout=210)

    def pod(self, name: str) -> dict[str, Any]:
        """A Pod as the API server has it."""
        return dict(json.loads(self.kubectl("get", "pod", name, "-o", "json")))

    def await_event(self, pod: str, reason: str, message: str) -> None:
        """Waits until the last message of a reason matches: Events are written behind what they tell of."""
        eventually(lambda: re.fullmatch(message, self.events(pod).get(reason, "")))

    def events(self, pod: str) -> dict[str, str]:
        """Reason -> last message."""
        chosen = f"--field-selector=involvedObject.name={pod}"
        found = json.loads(self.kubectl("get", "events", chosen, "-o", "json"))["items"]
        return {event["reason"]: event["message"] for event in found}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One sandbox for all tests of the node."""
    with _built(tmp_path_factory.mktemp("node"), "node-tests") as cluster:
        cluster.succeed("up", timeout=START_WITHIN)
        cluster.kubectl("create", "namespace", cluster.namespace)
        yield cluster


@pytest.fixture
def unstarted(tmp_path: Path) -> Iterator[Cluster]:
    """A sandbox of the test's own, which it starts as it likes."""
    with _built(tmp_path / "state", "default") as cluster:
        yield cluster


@contextmanager
def _built(state: Path, namespace: str) -> Iterator[Cluster]:
    """A sandbox whose programs are there; ended after the block."""
    cluster = Cluster(state, namespace)
    cluster.succeed("build", timeout=BUILD_WITHIN)
    try:
        yield cluster
    finally:
        cluster.sandbox("down", timeout=180)
