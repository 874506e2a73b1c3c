"""The cluster as its administrator sees it: for fixtures and for looking, never for what is tested."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config, watch

Done = Callable[[list[Any]], bool]


class Cluster:
    """An administrator's connection."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.api = config.new_client_from_config(str(kubeconfig))
        # The client's types have every field of every answer optional.
        self.core: Any = client.CoreV1Api(self.api)
        self.apps: Any = client.AppsV1Api(self.api)
        self.scaling: Any = client.AutoscalingV2Api(self.api)
        self.coordination: Any = client.CoordinationV1Api(self.api)
        self.custom: Any = client.CustomObjectsApi(self.api)

    def kubectl(self, *words: str, text: str | None = None, timeout: float = 60) -> str:
        """Run kubectl and return what it prints. Raises CalledProcessError."""
        command = ["kubectl", f"--kubeconfig={self.kubeconfig}", *words]
        result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout, check=False)
        assert result.returncode == 0, f"kubectl {' '.join(words)}: {result.stderr.strip()}"
        return result.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects that a test needs around what it tests."""
        self.kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(objects))

    @contextmanager
    def namespace(self, name: str, labels: dict[str, str] | None = None) -> Iterator[str]:
        """A namespace that is there for the block; nobody waits until it is gone."""
        self.core.create_namespace({"metadata": {"name": name, "labels": labels or {}}})
        try:
            yield name
        finally:
            self.core.delete_namespace(name)
            # Nobody asks them any more: they need not drain beside the next test.
            self.core.delete_collection_namespaced_pod(name, grace_period_seconds=0)

    def node_address(self) -> str:
        """The internal address of a node, as it is reached from here on the sandbox and on kind."""
        addresses = self.core.list_node().items[0].status.addresses
        return str(next(entry.address for entry in addresses if entry.type == "InternalIP"))

    def istio(self, plural: str, namespace: str, name: str) -> dict[str, Any] | None:
        """One of Istio's networking objects, or None where there is none."""
        try:
            found = self.custom.get_namespaced_custom_object("networking.istio.io", "v1", namespace, plural, name)
        except client.ApiException as error:
            if error.status == 404:
                return None
            raise
        return dict(found)

    def follow(self, listing: Callable[..., Any], *place: str, timeout: float, **query: Any) -> Iterator[Any]:
        """The objects of a list call, and each of them again whenever it changes, for ``timeout`` seconds."""
        first = listing(*place, **query)
        yield from first.items
        yield from (event["object"] for event in _events(first, timeout, listing, *place, **query))

    def wait(
        self, listing: Callable[..., Any], *place: str, done: Done, timeout: float = 120, **query: Any
    ) -> list[Any]:
        """Follow the objects of a list call until ``done`` says so of all of them; fails after ``timeout`` seconds."""
        first = listing(*place, **query)
        objects = {entry.metadata.name: entry for entry in first.items}
        if done(list(objects.values())):
            return list(objects.values())
        for event in _events(first, timeout, listing, *place, **query):
            entry = event["object"]
            if event["type"] == "DELETED":
                objects.pop(entry.metadata.name, None)
            else:
                objects[entry.metadata.name] = entry
            if done(list(objects.values())):
                return list(objects.values())
        raise AssertionError(
            f"not as awaited after {timeout:g} s: {sorted(objects)} of {listing.__name__} {place} {query}"
        )


def _events(first: Any, timeout: float, listing: Callable[..., Any], *place: str, **query: Any) -> Iterator[Any]:
    """What happens to the objects of a list call after its answer ``first``, for ``timeout`` seconds."""
    wait = {"timeout_seconds": int(timeout), "_request_timeout": timeout + 5}
    version = first.metadata.resource_version
    yield from watch.Watch().stream(listing, *place, **query, resource_version=version, **wait)


def ready(pod: Any) -> bool:
    """Whether a Pod is ready and not on its way out."""
    conditions = pod.status.conditions or []
    return not pod.metadata.deletion_timestamp and any(c.type == "Ready" and c.status == "True" for c in conditions)


def all_ready(count: int) -> Done:
    """Whether there are exactly ``count`` Pods that stay, all of them ready."""

    def done(pods: Iterable[Any]) -> bool:
        staying = [pod for pod in pods if not pod.metadata.deletion_timestamp]
        return len(staying) == count and all(map(ready, staying))

    return done
