# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The ConfigMap of a version: TensorFlow Serving's own configuration files."""

from __future__ import annotations

import json

from .._spec import names
from .._spec.model import Model
from .._spec.version import Version
from .._spec.workload import Batching
from .meta import GRPC_PORT, REST_PORT, Object, metadata

MOUNT = "/etc/tfserving"
METRICS_PATH = "/monitoring/prometheus/metrics"
MODELS, MONITORING, BATCHING = "models.config", "monitoring.config", "batching.config"


def files(model: Model, version: Version) -> dict[str, str]:
    """Configuration files by name; empty where flags say everything."""
    result = {}
    if version.batching is not None:
        result[BATCHING] = _batching(version.batching)
    if version.model_version is not None:
        result[MODELS] = _models(model, version, version.model_version)
    if version.prometheus:
        result[MONITORING] = f'prometheus_config {{\n  enable: true\n  path: "{METRICS_PATH}"\n}}\n'
    return result


def flags(model: Model, version: Version) -> list[str]:
    """The server's flags for its model and for the files above."""
    given = files(model, version)
    result = [f"--port={GRPC_PORT}", f"--rest_api_port={REST_PORT}"]
    if MODELS in given:
        result.append(f"--model_config_file={MOUNT}/{MODELS}")
    else:
        result += [f"--model_name={model.model_name}", f"--model_base_path={version.base_path}"]
    if MONITORING in given:
        result.append(f"--monitoring_config_file={MOUNT}/{MONITORING}")
    if BATCHING in given:
        result += ["--enable_batching=true", f"--batching_parameters_file={MOUNT}/{BATCHING}"]
    return result + list(version.args)


def config_map(model: Model, version: Version) -> Object | None:
    data = files(model, version)
    if not data:
        return None
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(names.version(model.name, version.name), model.namespace, model.name, version.name),
        "data": data,
    }


def _models(model: Model, version: Version, number: int) -> str:
    return (
        "model_config_list {\n"
        "  config {\n"
        f"    name: {json.dumps(model.model_name)}\n"
        f"    base_path: {json.dumps(version.base_path)}\n"
        '    model_platform: "tensorflow"\n'
        f"    model_version_policy {{ specific {{ versions: {number} }} }}\n"
        "  }\n"
        "}\n"
    )


def _batching(batching: Batching) -> str:
    """BatchingParameters in text format: scalars are wrapped messages, see TensorFlow Serving's session_bundle_config.proto."""
    lines = []
    for name in ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads"):
        value = getattr(batching, name)
        if value is not None:
            lines.append(f"{name} {{ value: {value} }}")
    lines += [f"allowed_batch_sizes: {size}" for size in batching.allowed_batch_sizes]
    if batching.pad_variable_length_inputs is not None:
        lines.append(f"pad_variable_length_inputs: {str(batching.pad_variable_length_inputs).lower()}")
    return "".join(f"{line}\n" for line in lines)
