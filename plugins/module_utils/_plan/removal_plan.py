# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The plan that removes models."""

from __future__ import annotations

from .._spec import names
from .live import Live
from .step import Plan, Stage, Step
from .write import delete_step


def plan_removal(live: Live) -> Plan:
    """Routes first, the roots before what they delegate to; then silence; then what served."""
    model = f"{live.namespace}/{live.name}"
    before = live.rule
    ours = list(live.objects.values())
    order = [live.name, names.mesh(live.name), names.rule(live.name)]
    routes = sorted(
        (entry for entry in ours if entry["kind"] == "VirtualService"),
        key=lambda entry: order.index(entry["metadata"]["name"]) if entry["metadata"]["name"] in order else -1,
    )
    rest = [entry for entry in ours if entry["kind"] != "VirtualService"]
    steps = [delete_step(live, entry, Stage.UNROUTE, "the model is to be absent") for entry in routes]
    steps += [
        Step(Stage.QUIET, "quiet", model, "until nobody asks it any more", version=version) for version in live.versions
    ]
    steps += [delete_step(live, entry, Stage.REMOVE, "the model is to be absent") for entry in rest]
    return Plan(live.namespace, live.name, before.rule if before else None, None, tuple(steps))
