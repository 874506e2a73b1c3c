# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Waits for versions of many models at once, and reads what TensorFlow Serving then serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ._cluster.client import Client
from ._cluster.errors import ClusterError
from ._cluster.read import OURS, list_kind
from ._cluster.readiness import is_ready, pods_of, ready_endpoints, unready
from ._cluster.watch import Store, wait
from ._serving import served
from ._spec import names

KINDS = ("Deployment", "Pod", "EndpointSlice")

Waiting = tuple[str, str]
"""A model as NAMESPACE/NAME and one of its versions."""


class Ready:
    """``model_names`` are TensorFlow Serving's names of the models, by key; ``timeout`` in seconds."""

    def __init__(self, client: Client, timeout: float, model_names: Mapping[str, str]) -> None:
        self._client, self._timeout, self._model_names = client, timeout, model_names

    def wait(self, awaited: Iterable[Waiting]) -> tuple[dict[str, dict[str, list[int]]], dict[str, str]]:
        """Integers served by model and version, and an error for each model that did not become ready."""
        by_namespace: dict[str, list[Waiting]] = {}
        for entry in awaited:
            by_namespace.setdefault(entry[0].split("/")[0], []).append(entry)
        numbers: dict[str, dict[str, list[int]]] = {}
        errors: dict[str, str] = {}
        with ThreadPoolExecutor(max(1, len(by_namespace))) as pool:
            for found, wrong in pool.map(lambda item: self._namespace(*item), by_namespace.items()):
                for (model, version), integers in found.items():
                    numbers.setdefault(model, {})[version] = integers
                errors |= {model: error for (model, version), error in reversed(wrong.items())}
        return numbers, errors

    def pods(self, namespace: str, model: str, version: str) -> list[dict[str, Any]]:
        """The Pods of a version that are not on their way out."""
        found = pods_of(list_kind(self._client, "Pod", namespace, f"{OURS},app={model}"), namespace, model, version)
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def _namespace(self, namespace: str, awaited: list[Waiting]) -> tuple[dict[Waiting, list[int]], dict[Waiting, str]]:
        pending = list(awaited)

        def done(store: Mapping[str, Mapping[str, Any]]) -> bool:
            pending[:] = [entry for entry in pending if _unready(store, *entry)]
            return not pending

        apps = {model.split("/")[1] for model, _version in awaited}
        selector = f"{OURS},app={apps.pop()}" if len(apps) == 1 else OURS  # others' Pods may be many
        try:
            store = wait(self._client, namespace, KINDS, selector, done, self._timeout)
        except ClusterError as error:
            return {}, {entry: f"{entry[0]}: {error}" for entry in awaited}
        errors = {entry: self._late(store, *entry) for entry in pending}
        numbers: dict[Waiting, list[int]] = {}
        ready = [entry for entry in awaited if entry not in errors]
        for entry, result in zip(ready, self._client.every(lambda e: self._served(store, *e), ready), strict=True):
            if isinstance(result, str):
                errors[entry] = f"{entry[0]} version {entry[1]}: {result}"
            else:
                numbers[entry] = result
        return numbers, errors

    def _served(self, store: Store, model: str, version: str) -> list[int] | str:
        pods = [pod for pod in _pods(store, model, version) if is_ready(pod)]
        model_name = self._model_names.get(model)
        if model_name is None:  # who moves traffic alone does not know it
            return []
        try:
            return served(self._client, pods, model_name)
        except ClusterError as error:
            return str(error)

    def _late(self, store: Store, model: str, version: str) -> str:
        """What a version lacks at the time-out, with the last words of a server that runs and serves nothing."""
        reason = _unready(store, model, version)
        mute = (pod for pod in _newest(_pods(store, model, version)) if not is_ready(pod))
        words = next(filter(None, map(self._last_words, mute)), "")
        return f"{model} version {version} is not ready after {self._timeout:g} s: {reason}{words}"

    def _last_words(self, pod: Mapping[str, Any]) -> str:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        container = pod["spec"]["containers"][0]["name"]
        try:
            status, body = self._client.raw(
                f"/api/v1/namespaces/{namespace}/pods/{name}/log?container={container}&tailLines=40",
                f"the log of Pod {namespace}/{name}",
            )
        except ClusterError:
            return ""
        lines = [line for line in body.decode(errors="replace").splitlines() if line.strip()] if status == 200 else []
        telling = [
            line
            for line in lines
            if any(
                word in line
                for word in ("No versions of servable", "Could not find base path", "rror", "ailed", "NOT_FOUND")
            )
        ]
        return f'. Its log says: "{(telling or lines)[-1].strip()[:300]}"' if lines else ""


def _unready(store: Mapping[str, Mapping[str, Any]], model: str, version: str) -> str | None:
    name = names.version(model.split("/")[1], version)
    return unready(
        store["Deployment"].get(name),
        _newest(_pods(store, model, version)),
        ready_endpoints(store["EndpointSlice"].values()).get(name, 0),
    )


def _pods(store: Mapping[str, Mapping[str, Any]], model: str, version: str) -> list[dict[str, Any]]:
    namespace, name = model.split("/")
    return pods_of(store["Pod"].values(), namespace, name, version)


def _newest(pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The Pods of the newest generation: why an older one is not ready matters to nobody any more."""
    if not pods:
        return []
    newest = max(pods, key=lambda pod: pod["metadata"].get("creationTimestamp") or "")
    template = newest["metadata"]["labels"].get("pod-template-hash")
    return [pod for pod in pods if pod["metadata"]["labels"].get("pod-template-hash") == template]
