# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Waiting by watches: events come in, nothing is polled."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from .client import Client
from .errors import ClusterError
from .kinds import path
from .read import list_versioned

Store = dict[str, dict[str, dict[str, Any]]]
"""Objects by kind and name."""

Event: TypeAlias = "tuple[str, str, dict[str, Any] | None] | ClusterError"
"""Kind, name and object, None where it is gone; or why a watch was lost."""

PAUSE = 0.1
"""Seconds between the regular end of a watch and the next: whoever ends them at once is not asked without a break."""

LOST = 1.0
"""Seconds before a watch that was lost begins anew."""


def wait(
    client: Client,
    namespace: str,
    kinds: Iterable[str],
    selector: str,
    done: Callable[[Mapping[str, Mapping[str, Any]]], bool],
    timeout: float,
) -> Store:
    """Keep the kinds of a namespace in view until ``done(objects)``, or for ``timeout`` seconds; the last view either way.

    Raises ClusterError where the first reading fails, or where the watch stays lost until the time is up.
    """
    deadline = time.monotonic() + timeout
    events: queue.Queue[Event] = queue.Queue()
    stop = threading.Event()
    store: Store = {}
    lost: ClusterError | None = None
    try:
        versions: dict[str, str] = {}
        for kind in kinds:
            entries, versions[kind] = list_versioned(client, kind, namespace, selector)
            store[kind] = {entry["metadata"]["name"]: entry for entry in entries}
        if done(store):
            return store
        for kind, version in versions.items():
            arguments = (client, kind, namespace, selector, version, store[kind].keys(), events, stop, deadline)
            threading.Thread(target=_follow, args=arguments, daemon=True).start()
        while True:
            try:
                event = events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                if lost is not None:
                    raise lost from None
                return store
            for news in (event, *_more(events)):  # many Pods change at once, and ``done`` looks at all of them
                lost = news if isinstance(news, ClusterError) else None
                if not isinstance(news, ClusterError):
                    _note(store, *news)
            if done(store):
                return store
    finally:
        stop.set()


def _more(events: queue.Queue[Event]) -> Iterator[Event]:
    """What else has come in by now."""
    with suppress(queue.Empty):
        while True:
            yield events.get_nowait()


def _note(store: Store, kind: str, name: str, entry: dict[str, Any] | None) -> None:
    if entry is None:
        store[kind].pop(name, None)
    else:
        store[kind][name] = entry


def _follow(
    client: Client,
    kind: str,
    namespace: str,
    selector: str,
    version: str,
    known: Iterable[str],
    events: Any,
    stop: threading.Event,
    deadline: float,
) -> None:
    """Pass on what changes; when the watch is lost, read again and go on."""
    names = set(known)
    target = f"{kind}s of namespace {namespace}"
    while not stop.is_set() and time.monotonic() < deadline:
        left = max(1, int(deadline - time.monotonic()) + 1)
        query = {
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": min(left, 300),
            **({"labelSelector": selector} if selector else {}),
        }
        try:
            for event in client.stream(path(kind, namespace), target, query, timeout=left + 5):
                if stop.is_set():
                    return
                if event["type"] == "ERROR":
                    break
                entry = event["object"]
                version = entry["metadata"]["resourceVersion"]
                names.add(entry["metadata"]["name"])
                events.put((kind, entry["metadata"]["name"], None if event["type"] == "DELETED" else entry))
            else:
                stop.wait(PAUSE)
                continue
        except Exception as error:  # the connection broke: say so to whoever waits, and read anew
            events.put(error if isinstance(error, ClusterError) else ClusterError(f"cannot watch {target}: {error}"))
        stop.wait(LOST)
        try:
            entries, version = list_versioned(client, kind, namespace, selector)
        except ClusterError as error:
            events.put(error)
            continue
        current = {entry["metadata"]["name"] for entry in entries}
        for name in names - current:
            events.put((kind, name, None))
        for entry in entries:
            events.put((kind, entry["metadata"]["name"], entry))
        names = current
