# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Services: one a version, which routes name, and the model's own, which callers name."""

from __future__ import annotations

from .._spec import names
from .._spec.model import Model
from .._spec.version import Version
from .ambassador import mappings
from .meta import GRPC_PORT, GRPC_PORT_NAME, REST_PORT, REST_PORT_NAME, Object, metadata, selector

PORTS = [
    {"name": GRPC_PORT_NAME, "port": GRPC_PORT, "targetPort": GRPC_PORT, "protocol": "TCP"},
    {"name": REST_PORT_NAME, "port": REST_PORT, "targetPort": REST_PORT, "protocol": "TCP"},
]


def version_service(model: Model, version: Version) -> Object:
    name = names.version(model.name, version.name)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, model.namespace, model.name, version.name),
        "spec": {
            "type": "ClusterIP",
            "ports": [dict(port) for port in PORTS],
            "selector": selector(model.name, version.name),
        },
    }


def model_service(model: Model, version: str) -> Object:
    """The Service MODEL. It selects one version, so that callers without a sidecar never reach one that has no share."""
    annotations = mappings(model) if model.ambassador else None
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(model.name, model.namespace, model.name, annotations=annotations),
        "spec": {
            "type": model.service_type,
            "ports": [dict(port) for port in PORTS],
            "selector": selector(model.name, version),
        },
    }
