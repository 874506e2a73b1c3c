# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Steps for what serves a version: Deployment, Service, and what belongs to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from .._render.meta import Object
from .._render.model import version_objects
from .._spec import names
from .._spec.model import Model
from .live import Live, is_ours
from .owned import owners
from .step import Stage, Step
from .write import apply_step, delete_step

AUTOSCALERS = "kube-controller-manager"
"""The field manager of Kubernetes' own autoscalers; it stays an owner of the replicas when its HorizontalPodAutoscaler is gone."""

OPTIONAL_KINDS = ("ConfigMap", "HorizontalPodAutoscaler", "PodDisruptionBudget")


Workloads = Mapping[str, list[Object]]
"""What serves each version of the list, by its name."""


def workloads(model: Model) -> Workloads:
    return {version.name: version_objects(model, version) for version in model.versions}


def workload_steps(model: Model, live: Live, objects: Workloads) -> Iterator[Step]:
    """What has to be written so that every version of the list serves."""
    for version in model.versions:
        retaken = version.autoscale is None and _was_autoscaled(live, names.version(model.name, version.name))
        for wanted in objects[version.name]:
            for step in apply_step(live, _keep_replicas(live, wanted), Stage.CREATE):
                # The number that our own autoscaler left behind is ours again.
                yield replace(step, force=retaken and wanted["kind"] == "Deployment")


def superfluous_steps(live: Live, objects: Workloads) -> Iterator[Step]:
    """Objects that a version of the list no longer asks for. An autoscaler goes first: it would write the replicas again."""
    for version, entries in objects.items():
        wanted = {entry["kind"] for entry in entries}
        for entry in live.of_version(version):
            kind = entry["kind"]
            if kind in OPTIONAL_KINDS and kind not in wanted:
                stage = Stage.PIN if kind == "HorizontalPodAutoscaler" else Stage.REMOVE
                yield delete_step(live, entry, stage, f"version {version} asks for none any more")


def _was_autoscaled(live: Live, name: str) -> bool:
    """Whether our own autoscaler has the replicas in hand, or left them behind when an earlier run was cut short."""
    scaler, deployment = live.get("HorizontalPodAutoscaler", name), live.get("Deployment", name)
    if scaler and is_ours(scaler):
        return True
    return name not in live.scaled and deployment is not None and AUTOSCALERS in owners(deployment, "spec", "replicas")


def _keep_replicas(live: Live, wanted: Object) -> Object:
    """An autoscaler's number of replicas is not ours to write.

    Leaving out a field that only we own would reset it to 1; until the autoscaler has written it, its live value is applied again;
    except for 0, which would switch the autoscaler off.
    """
    name = wanted["metadata"]["name"]
    found = live.get("Deployment", name) if wanted["kind"] == "Deployment" else None
    if found is None:
        return wanted
    if name not in live.scaled and "replicas" in wanted["spec"]:
        return wanted
    spec = {key: value for key, value in wanted["spec"].items() if key != "replicas"}
    if owners(found, "spec", "replicas") == {names.MANAGER} and found["spec"]["replicas"]:
        spec["replicas"] = found["spec"]["replicas"]
    return {**wanted, "spec": spec}
