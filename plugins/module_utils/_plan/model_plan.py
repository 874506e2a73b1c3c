# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The plan of a model: the design's order, from what is live to what is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from .._cluster.readiness import unready
from .._render.routes import gateway_service, mesh_service
from .._render.rule import policy
from .._render.service import model_service
from .._spec import names
from .._spec.errors import wrong
from .._spec.model import Model, unpinned
from .._spec.rule import Rule
from .decide import Decision, decide
from .live import Live, is_ours
from .step import Plan, Stage, Step
from .traffic_plan import prove_step, select_step, shift_steps
from .workload_plan import superfluous_steps, workload_steps, workloads
from .write import apply_step, check_owner, delete_step


def plan_model(model: Model, live: Live, token: str, purge: bool = False, wait: bool = True) -> Plan:
    """Every step for one model. Raises SpecError where it cannot be what the user wants.

    ``token`` is the secret of preview routes. With ``purge`` versions that the model omits go, once they have no share. Without ``wait``
    routes are written only where none stood before.
    """
    before = live.rule
    decision = decide(model, before, live.versions)
    _servable(model, live, decision.rule)
    warnings = [*unpinned(model), *decision.warnings]
    if before is not None and not wait and not decision.rule.same_as(before.rule):
        warnings.append(
            f"{model.key}: traffic stays at {before.rule}, because wait is false; run again with wait: true to shift it to {decision.rule}"
        )
        decision = Decision(before.rule, before.record)
    pin = list(_pin(model, live))
    objects = workloads(model)
    written = list(workload_steps(model, live, objects))
    routes = list(_routes(model, live, decision, token, pinned=bool(pin)))
    steps = [
        *pin,
        *written,
        *(_ready(model, live, decision.rule, written) if wait else ()),
        *routes,
        *(_proof(model, routes) if wait else ()),
        *superfluous_steps(live, objects),
        *(_purge(model, live, decision.rule, warnings) if purge else ()),
    ]
    return Plan(
        model.namespace,
        model.name,
        before.rule if before else None,
        decision.rule,
        tuple(sorted(steps, key=lambda step: step.stage)),
        tuple(warnings),
    )


def _servable(model: Model, live: Live, rule: Rule) -> None:
    """Refuse requests for a version that has no Pods and is to have none."""
    declared = {version.name: version for version in model.versions}
    for name in rule.live:
        version, found = declared.get(name), live.get("Deployment", names.version(model.name, name))
        declared_empty = version is not None and version.autoscale is None and not version.replicas
        live_empty = version is None and found is not None and not found["spec"].get("replicas", 1)
        if declared_empty or live_empty:
            share = rule.percents()[name]
            raise wrong(
                f"{model.key}: version {name} has 0 replicas and {share} percent of the traffic; give it replicas or no share"
            )


def _pin(model: Model, live: Live) -> Iterator[Step]:
    """Before new Pods exist, the Service MODEL selects a version: one that selects by the model alone would send them requests at once."""
    if live.rule is not None and live.selected is None:
        yield from select_step(live, live.rule.rule, lambda leader: model_service(model, leader), Stage.PIN)


def _ready(model: Model, live: Live, rule: Rule, workloads: list[Step]) -> Iterator[Step]:
    """Wait for what was written, and for what a changed rule sends requests to."""
    written = {
        step.object["metadata"]["labels"]["version"]
        for step in workloads
        if step.object and step.object["kind"] in ("Deployment", "ConfigMap")
    }
    shifted = set() if live.rule and rule.same_as(live.rule.rule) else set(rule.live)
    declared = {version.name: version for version in model.versions}
    for name in [*declared, *(name for name in rule.live if name not in declared)]:
        version = declared.get(name)
        if version and not version.replicas and version.autoscale is None:
            continue
        if name in written | shifted or _behind(live, model, name):
            reason = "until TensorFlow Serving says AVAILABLE and its endpoints are ready"
        elif version and version.model_version is None:
            reason = "read which integer TensorFlow Serving has loaded"
        else:
            continue
        yield Step(Stage.READY, "wait", model.key, reason, version=name)


def _behind(live: Live, model: Model, version: str) -> bool:
    """Whether an earlier run was cut short before the version was ready."""
    found = live.get("Deployment", names.version(model.name, version))
    return found is not None and bool(found["spec"].get("replicas", 1)) and unready(found, (), 1) is not None


def _routes(model: Model, live: Live, decision: Decision, token: str, pinned: bool) -> Iterator[Step]:
    yield from shift_steps(live, decision.rule, policy(model), decision.record, token)
    if not pinned or live.rule is None or decision.rule.largest() != live.rule.rule.largest():
        stage = Stage.CREATE if live.rule is None else Stage.SELECT
        yield from select_step(live, decision.rule, lambda leader: model_service(model, leader), stage)
    for root in (gateway_service(model), mesh_service(model)):
        if root is not None:
            yield from apply_step(live, root, Stage.SELECT)
    unused = live.get("VirtualService", model.name)
    if unused and is_ours(unused) and not model.gateway_ref:
        check_owner(live, unused)
        yield delete_step(live, unused, Stage.UNROUTE, "the model is reached from inside the mesh only")


def _proof(model: Model, routes: list[Step]) -> Iterator[Step]:
    """A first route, and one that comes by another way, is proved like a shift: who asks right after the run would be answered 404.
    Inside the mesh there is no need, as the Service MODEL leads to the same versions."""
    written = {step.target for step in routes if step.action == "apply"}
    rule, root = (f"VirtualService {model.namespace}/{name}" for name in (names.rule(model.name), model.name))
    if model.gateway_ref and written & {rule, root} and all(step.stage is not Stage.PROVE for step in routes):
        yield prove_step(model.key)


def _purge(model: Model, live: Live, rule: Rule, warnings: list[str]) -> Iterator[Step]:
    declared = [version.name for version in model.versions]
    for name in live.remnants:
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
