# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The plan of a model: the design's order, from what is live to what is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from .._render.meta import Object
from .._render.model import version_objects
from .._render.routes import gateway_service, mesh_service
from .._render.rule import policy
from .._render.service import model_service
from .._spec import names
from .._spec.errors import wrong
from .._spec.model import Model, unpinned
from .._spec.rule import Rule
from .decide import Decision, decide
from .live import Live, is_ours
from .owned import owners
from .step import Plan, Stage, Step
from .traffic_plan import select_step, shift_steps
from .write import apply_step, check_owner, delete_step

OPTIONAL_KINDS = ("ConfigMap", "HorizontalPodAutoscaler", "PodDisruptionBudget")


def plan_model(model: Model, live: Live, token: str, purge: bool = False, wait: bool = True) -> Plan:
    """Every step for one model. Raises SpecError where it cannot be what the user wants.

    ``token`` is the secret of preview routes. With ``purge`` versions that the model omits go, once they have no share. Without ``wait``
    routes are written only where none stood before.
    """
    before = live.rule
    decision = decide(model, before, live.versions)
    _servable(model, decision.rule)
    warnings = [*unpinned(model), *decision.warnings]
    if before is not None and not wait and not decision.rule.same_as(before.rule):
        warnings.append(
            f"{model.key}: traffic stays at {before.rule}, because wait is false; run again with wait: true to shift it to {decision.rule}"
        )
        decision = Decision(before.rule, before.record)
    workloads = list(_workloads(model, live))
    steps = [
        *_pin(model, live),
        *workloads,
        *(_ready(model, live, decision.rule, workloads) if wait else ()),
        *_routes(model, live, decision, token),
        *_superfluous(model, live),
        *(_purge(model, live, decision.rule, warnings) if purge else ()),
    ]
    return Plan(
        model.namespace,
        model.name,
        before and before.rule,
        decision.rule,
        tuple(sorted(steps, key=lambda step: step.stage)),
        tuple(warnings),
    )


def _servable(model: Model, rule: Rule) -> None:
    for version in model.versions:
        if rule.share(version.name) and version.autoscale is None and not version.replicas:
            raise wrong(
                f"{model.key}: version {version.name} has 0 replicas and {rule.percents()[version.name]} percent of the traffic; give it replicas or no share"
            )


def _pin(model: Model, live: Live) -> Iterator[Step]:
    """Before new Pods exist, the Service MODEL selects a version: a Service that selects by the model alone would send them requests at once."""
    if live.rule is not None and live.selected is None:
        yield from select_step(live, live.rule.rule, lambda leader: model_service(model, leader), Stage.PIN)


def _workloads(model: Model, live: Live) -> Iterator[Step]:
    for version in model.versions:
        for wanted in version_objects(model, version):
            yield from apply_step(live, _keep_replicas(live, wanted), Stage.CREATE)


def _keep_replicas(live: Live, wanted: Object) -> Object:
    """An autoscaler's number of replicas is not ours to write.

    Leaving out a field that only we own would reset it to 1; until the autoscaler has written it, its live value is applied again.
    """
    name = wanted["metadata"]["name"]
    found = live.get("Deployment", name) if wanted["kind"] == "Deployment" else None
    if found is None:
        return wanted
    if name not in live.scaled and "replicas" in wanted["spec"]:
        return wanted
    spec = {key: value for key, value in wanted["spec"].items() if key != "replicas"}
    if len(owners(found, "spec", "replicas")) == 1 and names.MANAGER in owners(found, "spec", "replicas"):
        spec["replicas"] = found["spec"]["replicas"]
    return {**wanted, "spec": spec}


def _ready(model: Model, live: Live, rule: Rule, workloads: list[Step]) -> Iterator[Step]:
    """Wait for what was written, and for what a changed rule sends requests to."""
    written = {
        step.object["metadata"]["labels"]["version"]
        for step in workloads
        if step.object and step.object["kind"] in ("Deployment", "ConfigMap")
    }
    shifted = set() if live.rule and rule.same_as(live.rule.rule) else set(rule.live)
    declared = [version.name for version in model.versions]
    loose = {version.name for version in model.versions if version.model_version is None}
    for name in [*declared, *(name for name in rule.live if name not in declared)]:
        if name in written | shifted:
            yield Step(
                Stage.READY,
                "wait",
                model.key,
                "until TensorFlow Serving says AVAILABLE and its endpoints are ready",
                version=name,
            )
        elif name in loose:
            yield Step(Stage.READY, "wait", model.key, "read which integer TensorFlow Serving has loaded", version=name)


def _routes(model: Model, live: Live, decision: Decision, token: str) -> Iterator[Step]:
    first = live.rule is None
    yield from shift_steps(live, decision.rule, policy(model), decision.record, token)
    yield from select_step(
        live, decision.rule, lambda leader: model_service(model, leader), Stage.CREATE if first else Stage.SELECT
    )
    for root in (gateway_service(model), mesh_service(model)):
        if root is not None:
            yield from apply_step(live, root, Stage.SELECT)


def _superfluous(model: Model, live: Live) -> Iterator[Step]:
    """Objects that a version or the model no longer needs."""
    for version in model.versions:
        wanted = {entry["kind"] for entry in version_objects(model, version)}
        for entry in live.of_version(version.name):
            if entry["kind"] in OPTIONAL_KINDS and entry["kind"] not in wanted:
                yield delete_step(live, entry, Stage.REMOVE, f"version {version.name} asks for none any more")
    root = live.get("VirtualService", model.name)
    if root and is_ours(root) and not model.gateway_ref:
        check_owner(live, root)
        yield delete_step(live, root, Stage.UNROUTE, "the model is reached from inside the mesh only")


def _purge(model: Model, live: Live, rule: Rule, warnings: list[str]) -> Iterator[Step]:
    declared = [version.name for version in model.versions]
    for name in live.versions:
        if name in declared:
            continue
        if rule.share(name):
            warnings.append(
                f"{model.key}: version {name} is not removed, it has {rule.percents()[name]} percent of the traffic; shift it away first"
            )
        else:
            yield from removal(live, name)


def removal(live: Live, version: str) -> Iterator[Step]:
    """A version without a share leaves: silence, then its objects."""
    yield Step(Stage.QUIET, "quiet", f"{live.namespace}/{live.name}", "until nobody asks it any more", version=version)
    for entry in live.of_version(version):
        yield delete_step(live, entry, Stage.REMOVE, f"version {version} is not in the list")
