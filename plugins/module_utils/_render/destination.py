# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The DestinationRule of a version: how proxies treat its Pods."""

from __future__ import annotations

from .._spec import names
from .._spec.model import Model
from .._spec.version import Version
from .meta import Object, duration, metadata, present


def destination_rule(model: Model, version: Version) -> Object:
    """Least requests first; a Pod that cannot be connected to is left alone for a while, never more than half of them."""
    name = names.version(model.name, version.name)
    warmup = version.warmup and {
        "duration": duration(version.warmup.duration),
        "minimumPercent": version.warmup.minimum_percent,
        "aggression": version.warmup.aggression,
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": metadata(name, model.namespace, model.name, version.name),
        "spec": {
            "host": names.host(name, model.namespace),
            "trafficPolicy": {
                "connectionPool": {"tcp": {"connectTimeout": "2s"}},
                "loadBalancer": present({"simple": "LEAST_REQUEST", "warmup": warmup}),
                "outlierDetection": {
                    "splitExternalLocalOriginErrors": True,
                    "consecutiveLocalOriginFailures": 5,
                    "consecutive5xxErrors": 0,
                    "interval": "5s",
                    "baseEjectionTime": "15s",
                    "maxEjectionPercent": 50,
                },
            },
        },
    }
