# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Parameters of Kubeflow's ksonnet prototypes (0.4 to 0.6), as a model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ._spec.check import shown, truth, whole
from ._spec.errors import Collector, did_you_mean, wrong

SIMPLE = {
    "name": "name",
    "modelName": "model_name",
    "trafficRule": "traffic",
    "serviceType": "service_type",
}
PER_VERSION = {
    "versionName": "name",
    "modelBasePath": "base_path",
    "numGpus": "gpus",
    "injectIstio": "inject_istio",
    "enablePrometheus": "prometheus",
}
S3 = {
    "s3SecretName": "secret",
    "s3SecretAccesskeyidKeyName": "access_key",
    "s3SecretSecretaccesskeyKeyName": "secret_key",
    "s3AwsRegion": "region",
    "s3UseHttps": "use_https",
    "s3VerifySsl": "verify_ssl",
    "s3Endpoint": "endpoint",
}
IMAGES = {False: "defaultCpuImage", True: "defaultGpuImage"}
OTHER = ("gcpCredentialSecretName", "s3Enable", *IMAGES.values())
REQUEST_LOG = ("gcpProject", "dataset", "table")
DEFAULT_VERSION = "v1"


NUMBER, SWITCH = whole(), truth()


def from_ksonnet(value: Any) -> dict[str, Any]:
    """A model from the parameters of one prototype, or of a service and of the deployments it goes to.

    A list is one model: parameters with ``trafficRule`` or ``serviceType`` alone are the service's, the others a version each.
    Raises SpecError.
    """
    groups = value if isinstance(value, (list, tuple)) else [value]
    problems = Collector()
    for index, group in enumerate(groups):
        problems.run(f"[{index}]" if len(groups) > 1 else "", partial(_check, group))
    problems.finish()
    model: dict[str, Any] = {}
    versions = []
    for group in groups:
        given = {name: entry for name, entry in group.items() if entry is not None and entry != "null"}
        service = "modelBasePath" not in given and len(groups) > 1
        own = {new: given[old] for old, new in SIMPLE.items() if old in given}
        own["name"] = given.get("modelName", given.get("name")) if len(groups) > 1 else given.get("name")
        model.update(
            {name: entry for name, entry in own.items() if entry is not None and (service or name not in model)}
        )
        if not service:
            versions.append(_version(given))
    return {**model, "versions": versions}


def _check(group: Any) -> None:
    if not isinstance(group, Mapping):
        raise wrong(f"{shown(group)} is not a mapping of ksonnet parameters")
    known = [*SIMPLE, *PER_VERSION, *S3, *OTHER]
    problems = Collector()
    for name, entry in group.items():
        if name in REQUEST_LOG:
            if entry not in (None, "null"):
                problems.add(
                    str(name), "the request log is not available in this release of the collection; leave it out"
                )
        elif name not in known:
            problems.add(str(name), f"is no parameter of Kubeflow's tf-serving prototypes; {did_you_mean(name, known)}")
    for name, check in (("numGpus", NUMBER), ("s3Enable", SWITCH)):
        if group.get(name) not in (None, "null"):
            problems.run(name, partial(check, group[name]))
    problems.finish()


def _version(given: Mapping[str, Any]) -> dict[str, Any]:
    version: dict[str, Any] = {
        "name": DEFAULT_VERSION,
        **{new: given[old] for old, new in PER_VERSION.items() if old in given},
    }
    image = given.get(IMAGES[NUMBER(given.get("numGpus", 0)) > 0])
    if image:
        version["image"] = image
    if "gcpCredentialSecretName" in given:
        version["gcp"] = {"secret": given["gcpCredentialSecretName"]}
    if SWITCH(given.get("s3Enable", False)):
        version["s3"] = {new: given[old] for old, new in S3.items() if old in given}
    return version
