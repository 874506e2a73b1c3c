# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Names of the objects of a model. Everything that needs one asks here, so that collisions can be found before anything is written."""

from __future__ import annotations

MANAGER = "tfserving.istio"
"""Field manager of every write, and value of the label app.kubernetes.io/managed-by."""

MANAGED_BY = "app.kubernetes.io/managed-by"
ANNOTATION = "tfserving.istio/"
"""Prefix of the collection's own annotations."""


def version(model: str, name: str) -> str:
    """Deployment, Service, DestinationRule and so on of a version."""
    return f"{model}-{name}"


def rule(model: str) -> str:
    """The VirtualService without hosts that holds the weights."""
    return f"{model}-rule"


def mesh(model: str) -> str:
    """The VirtualService for callers in the mesh. The one for the gateway has the model's own name."""
    return f"{model}-mesh"


def host(service: str, namespace: str) -> str:
    """A Service's full DNS name."""
    return f"{service}.{namespace}.svc.cluster.local"


def rollout(model: str) -> str:
    """The ConfigMap with a rollout's state, and the Lease of whoever drives it. No version's objects have a dot in their names."""
    return f"{model}.rollout"


def wishes(model: str) -> str:
    """The ConfigMap with wishes for a rollout: pause, promote, abort."""
    return f"{model}.wishes"


def destination(model: str, name: str) -> str:
    """The version that a destination is: its subset, or the first label of its host, without the model's name before it."""
    return name.removeprefix(f"{model}-")
