# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Metadata and small values that every kind of object shares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .._spec.names import MANAGED_BY, MANAGER

GRPC_PORT = 9000
REST_PORT = 8500
GRPC_PORT_NAME = "grpc-tf-serving"
REST_PORT_NAME = "http-tf-serving"

Object = dict[str, Any]


def selector(model: str, version: str) -> dict[str, str]:
    """The labels by which Services and Deployments find a version's Pods; Kubeflow's."""
    return {"app": model, "version": version}


def metadata(
    name: str, namespace: str, model: str, version: str | None = None, annotations: Mapping[str, str] | None = None
) -> Object:
    labels = {MANAGED_BY: MANAGER, "app": model}
    if version is not None:
        labels["version"] = version
    result: Object = {"name": name, "namespace": namespace, "labels": labels}
    if annotations:
        result["annotations"] = dict(annotations)
    return result


def digest(value: Any) -> str:
    """A short name for a value: equal values have equal digests."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def duration(seconds: float) -> str:
    """Seconds as Istio writes a duration: ``30s``, ``0.25s``."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def present(mapping: Mapping[str, Any]) -> Object:
    """The mapping without what is None or empty: server-side apply would own an empty field."""
    return {name: value for name, value in mapping.items() if value not in (None, "", [], {}, ())}
