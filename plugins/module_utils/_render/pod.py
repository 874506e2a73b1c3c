# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The Pods of a version: one container with TensorFlow Serving as its first process."""

from __future__ import annotations

import json
import math
from typing import Any

from .._spec import names
from .._spec.model import Model
from .._spec.version import Version
from .._spec.workload import DRAIN, S3
from .defaults import filled
from .meta import GRPC_PORT, REST_PORT, Object, digest, duration, present, selector
from .server_config import METRICS_PATH, MOUNT, files, flags

SERVER = "/usr/bin/tensorflow_model_server"
CREDENTIALS = "/secret/gcp-credentials"
DEFAULT_REQUEST = 30.0
"""Seconds of the longest request where the model names no timeout: TensorFlow Serving's own rest_api_timeout_in_ms."""

LOADING = 1800
"""Seconds that a model may take to load before its container is started anew."""


def template(model: Model, version: Version) -> Object:
    """The Pod template of the version's Deployment."""
    return {"metadata": _metadata(model, version), "spec": _spec(model, version)}


def grace(model: Model) -> int:
    """Seconds between the order to stop and the kill: the drain, the longest request, and some to spare."""
    return math.ceil(DRAIN + (model.timeout or DEFAULT_REQUEST) + 5)


def _metadata(model: Model, version: Version) -> Object:
    labels = {**version.pod_labels, names.MANAGED_BY: names.MANAGER, **selector(model.name, version.name)}
    annotations = dict(version.pod_annotations)
    config = files(model, version)
    if config:
        annotations[names.ANNOTATION + "config"] = digest(config)  # a changed file takes new Pods
    if version.prometheus:
        annotations |= {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(REST_PORT),
            "prometheus.io/path": METRICS_PATH,
        }
    labels["sidecar.istio.io/inject"] = str(version.inject_istio).lower()
    if version.inject_istio:  # the sidecar's own drain is 5 s, shorter than the server's
        annotations.setdefault(
            "proxy.istio.io/config", json.dumps({"terminationDrainDuration": duration(grace(model) - 5)})
        )
    return present({"labels": labels, "annotations": annotations})


def _spec(model: Model, version: Version) -> Object:
    return present(
        {
            "automountServiceAccountToken": None if version.service_account else False,
            "serviceAccountName": version.service_account,
            "terminationGracePeriodSeconds": grace(model),
            "nodeSelector": version.node_selector,
            "tolerations": list(version.tolerations),
            "affinity": version.affinity,
            "containers": [_container(model, version)],
            "volumes": _volumes(model, version),
        }
    )


def _container(model: Model, version: Version) -> Object:
    return present(
        {
            "name": model.name,
            "image": version.server_image,
            "command": [SERVER],
            "args": flags(model, version),
            "env": _environment(version),
            "ports": [
                {"name": "grpc", "containerPort": GRPC_PORT, "protocol": "TCP"},
                {"name": "rest", "containerPort": REST_PORT, "protocol": "TCP"},
            ],
            "resources": _resources(version),
            "securityContext": {"allowPrivilegeEscalation": False},
            "volumeMounts": _mounts(model, version),
            "lifecycle": {"preStop": {"sleep": {"seconds": int(DRAIN)}}},
            # The ports open once the first load has succeeded or failed for good; only metadata tells the two apart.
            "startupProbe": {
                "tcpSocket": {"port": GRPC_PORT},
                "periodSeconds": 1,
                "timeoutSeconds": 1,
                "failureThreshold": LOADING,
            },
            "readinessProbe": {
                "httpGet": {
                    "path": f"/v1/models/{model.model_name}{_pin(version)}/metadata",
                    "port": REST_PORT,
                    "scheme": "HTTP",
                },
                "periodSeconds": 5,
                "timeoutSeconds": 5,
                "failureThreshold": 3,
            },
            "livenessProbe": {
                "tcpSocket": {"port": GRPC_PORT},
                "periodSeconds": 30,
                "timeoutSeconds": 5,
                "failureThreshold": 3,
            },
        }
    )


def _pin(version: Version) -> str:
    return "" if version.model_version is None else f"/versions/{version.model_version}"


def _resources(version: Version) -> Object:
    limits = dict(version.resources.limits)
    if version.gpus:
        limits["nvidia.com/gpu"] = str(version.gpus)
    return present({"requests": dict(version.resources.requests), "limits": limits})


def _environment(version: Version) -> list[Object]:
    env: dict[str, Any] = {}
    if version.gcp:
        env["GOOGLE_APPLICATION_CREDENTIALS"] = {"value": f"{CREDENTIALS}/{version.gcp.key}"}
    if version.s3:
        env |= _s3(version.s3)
    return [{"name": name, **filled(value)} for name, value in {**env, **version.env}.items()]


def _s3(s3: S3) -> dict[str, Any]:
    return {
        "AWS_ACCESS_KEY_ID": {"valueFrom": {"secretKeyRef": {"name": s3.secret, "key": s3.access_key}}},
        "AWS_SECRET_ACCESS_KEY": {"valueFrom": {"secretKeyRef": {"name": s3.secret, "key": s3.secret_key}}},
        "AWS_REGION": {"value": s3.region},
        "S3_ENDPOINT": {"value": s3.endpoint},
        "S3_USE_HTTPS": {"value": str(int(s3.use_https))},
        "S3_VERIFY_SSL": {"value": str(int(s3.verify_ssl))},
    }


def _volumes(model: Model, version: Version) -> list[Object]:
    volumes: list[Object] = []
    if files(model, version):
        volumes.append({"name": "tfserving-config", "configMap": {"name": names.version(model.name, version.name)}})
    if version.gcp:
        volumes.append({"name": "gcp-credentials", "secret": {"secretName": version.gcp.secret}})
    return volumes + [{"name": volume.name, **filled(volume.source)} for volume in version.volumes]


def _mounts(model: Model, version: Version) -> list[Object]:
    mounts: list[Object] = []
    if files(model, version):
        mounts.append({"name": "tfserving-config", "mountPath": MOUNT, "readOnly": True})
    if version.gcp:
        mounts.append({"name": "gcp-credentials", "mountPath": CREDENTIALS, "readOnly": True})
    return mounts + [
        present(
            {
                "name": volume.name,
                "mountPath": volume.mount_path,
                "readOnly": volume.read_only or None,
                "subPath": volume.sub_path,
            }
        )
        for volume in version.volumes
    ]
