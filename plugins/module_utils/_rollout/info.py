# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The rollouts of a cluster as they stand, for whoever looks at models."""

from __future__ import annotations

import time
from typing import Any

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._cluster.read import OURS, get, list_kind
from .._spec import names
from .lease import renewed
from .state import State
from .store import ROLLOUT_LABEL, read_kept
from .words import standing

Key = tuple[str, str]
"""Namespace and name of a model."""


def rollouts(client: Client, namespace: str | None, name: str | None) -> dict[Key, dict[str, Any]]:
    """The last rollout of each model; ``problem`` in place of the rest where one cannot be read. Raises ClusterError."""
    selector = f"{OURS},{ROLLOUT_LABEL}=state" + (f",app={name}" if name else "")
    result: dict[Key, dict[str, Any]] = {}
    now = time.time()
    for found in list_kind(client, "ConfigMap", namespace, selector):
        key = found["metadata"]["namespace"], found["metadata"]["labels"]["app"]
        try:
            kept = read_kept(found)
            if kept is not None:
                abandoned, moves = _abandoned(client, kept.state, now), kept.state.rollout.virtual_service
                result[key] = {**standing(kept.state, now), "abandoned": abandoned, "virtual_service": moves}
        except ClusterError as error:
            result[key] = {"problem": str(error)}
    return result


def _abandoned(client: Client, state: State, now: float) -> bool:
    """Whether the next slice is past due and nobody drives. One that waits for a person has no time by which it is due."""
    if not state.overdue(now):
        return False
    rollout = state.rollout
    try:
        return not renewed(get(client, "Lease", rollout.namespace, names.rollout(rollout.name)))
    except ClusterError:  # whoever may not read Leases sees that it is late
        return True
