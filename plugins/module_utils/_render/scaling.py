# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What keeps a version's number of Pods: HorizontalPodAutoscaler and PodDisruptionBudget."""

from __future__ import annotations

from .._spec import names
from .._spec.model import Model
from .._spec.version import Version
from .meta import Object, metadata, present, selector


def autoscaler(model: Model, version: Version) -> Object | None:
    """On CPU at 80 percent of the request where the version names no target."""
    scale = version.autoscale
    if scale is None:
        return None
    cpu = 80 if scale.cpu is None and scale.memory is None else scale.cpu
    targets = present({"cpu": cpu, "memory": scale.memory})
    name = names.version(model.name, version.name)
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(name, model.namespace, model.name, version.name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": scale.min,
            "maxReplicas": scale.max,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": percent}},
                }
                for resource, percent in targets.items()
            ],
        },
    }


def disruption_budget(model: Model, version: Version) -> Object | None:
    budget = version.pod_disruption_budget
    if budget is None:
        return None
    limit = (
        {"minAvailable": budget.min_available}
        if budget.max_unavailable is None
        else {"maxUnavailable": budget.max_unavailable}
    )
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(names.version(model.name, version.name), model.namespace, model.name, version.name),
        "spec": {**limit, "selector": {"matchLabels": selector(model.name, version.name)}},
    }
