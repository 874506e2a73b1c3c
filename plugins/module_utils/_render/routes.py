# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The two static VirtualServices that delegate to MODEL-rule: for the gateway, and for callers in the mesh."""

from __future__ import annotations

from typing import Any

from .._spec import names
from .._spec.model import Model
from .meta import Object, metadata

MODEL_HEADER = "x-tfserving-model"
"""gRPC has the model's name in the body only; through the gateway a request says it in this metadata header."""


def gateway_service(model: Model) -> Object | None:
    """Paths match exactly or by a prefix that ends in '/' or ':', so that ``mnist`` never catches ``mnist2``."""
    if not model.gateway_ref:
        return None
    own, path = f"/v1/models/{model.model_name}", model.path
    http = []
    if path != own:
        http += [
            _to_rule(model, [{"uri": {"exact": path}, "method": {"exact": "POST"}}], f"{own}:predict"),
            _to_rule(model, [{"uri": {"exact": path}}], own),
            _to_rule(model, [{"uri": {"prefix": f"{path}:"}}], f"{own}:"),
            _to_rule(model, [{"uri": {"prefix": f"{path}/"}}], f"{own}/"),
        ]
    http += [
        _to_rule(model, [{"uri": {"exact": own}}, {"uri": {"prefix": f"{own}:"}}, {"uri": {"prefix": f"{own}/"}}]),
        _to_rule(
            model, [{"uri": {"prefix": "/tensorflow.serving."}, "headers": {MODEL_HEADER: {"exact": model.model_name}}}]
        ),
    ]
    return _root(model, model.name, list(model.hosts), [model.gateway_ref], http)


def mesh_service(model: Model) -> Object:
    """Callers with a sidecar that name the Service MODEL follow the rule too."""
    return _root(model, names.mesh(model.name), [names.host(model.name, model.namespace)], ["mesh"], [_to_rule(model)])


def _root(model: Model, name: str, hosts: list[str], gateways: list[str], http: list[Object]) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata(name, model.namespace, model.name),
        "spec": {"hosts": hosts, "gateways": gateways, "http": http},
    }


def _to_rule(model: Model, match: list[Any] | None = None, rewrite: str | None = None) -> Object:
    route: Object = {}
    if match:
        route["match"] = match
    if rewrite:
        route["rewrite"] = {"uri": rewrite}
    route["delegate"] = {"name": names.rule(model.name), "namespace": model.namespace}
    return route
