# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The Deployment of a version."""

from __future__ import annotations

from .._spec import names
from .._spec.model import Model
from .._spec.version import Version
from .meta import Object, metadata, selector
from .pod import LOADING, template


def deployment(model: Model, version: Version) -> Object:
    """No Pod leaves before its successor is ready. ``replicas`` is left out where an autoscaler decides it."""
    spec: Object = {
        "selector": {"matchLabels": selector(model.name, version.name)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "progressDeadlineSeconds": LOADING,
        "template": template(model, version),
    }
    if version.autoscale is None:
        spec["replicas"] = version.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(names.version(model.name, version.name), model.namespace, model.name, version.name),
        "spec": spec,
    }
