# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The kinds of objects that the collection reads and writes, and where the API has them."""

from __future__ import annotations

PATHS = {
    "ConfigMap": ("api/v1", "configmaps"),
    "Service": ("api/v1", "services"),
    "Pod": ("api/v1", "pods"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "HorizontalPodAutoscaler": ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "EndpointSlice": ("apis/discovery.k8s.io/v1", "endpointslices"),
    "DestinationRule": ("apis/networking.istio.io/v1", "destinationrules"),
    "VirtualService": ("apis/networking.istio.io/v1", "virtualservices"),
    "Gateway": ("apis/networking.istio.io/v1", "gateways"),
    "Lease": ("apis/coordination.k8s.io/v1", "leases"),
    "Event": ("api/v1", "events"),
    "Node": ("api/v1", "nodes"),
}

OWN = (
    "ConfigMap",
    "Service",
    "Deployment",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "DestinationRule",
    "VirtualService",
)
"""Kinds that a model is made of."""


def path(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    """The path of one object, of a namespace's objects, or of all of a kind."""
    base, plural = PATHS[kind]
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"/{base}{where}/{plural}" + (f"/{name}" if name else "")


def api_version(kind: str) -> str:
    return PATHS[kind][0].split("/", 1)[1]
