# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the module ``traffic`` does: the rule alone. Reads the rule and the endpoints, writes the rule, and the Service where its version changes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from ._cluster.client import Client
from ._cluster.read import get
from ._converge import Converge
from ._outcome import Outcome, Settings
from ._plan.decide import moved, undone
from ._plan.endpoints import Endpoints
from ._plan.guard import refuse_in_rollout
from ._plan.live import Live
from ._plan.owned import extract
from ._plan.step import Plan, Stage, Step
from ._plan.traffic_plan import select_step, shift_steps
from ._render.meta import Object
from ._report import failure, model_result, plan_text
from ._rollout.routes import Routes
from ._spec import names
from ._spec.check import DNS_LABEL, SERVICE_NAME
from ._spec.errors import Collector
from ._spec.rule import Rule, check_versions, read_rule

Result = dict[str, Any]


def converge_traffic(client: Client, params: Mapping[str, Any], check: bool) -> Result:
    """The module's result; its ``failed`` and ``msg`` say what went wrong after the plan. Raises SpecError and ClusterError before."""
    namespace, name, declared = _read_params(params)
    routes = Routes(client, namespace, name)
    found, before = routes.read()
    live, endpoints = Live(namespace, name, {("VirtualService", names.rule(name)): found}), routes.endpoints()
    undo = params["state"] == "previous"
    if declared is not None:
        check_versions(declared, endpoints.versions, f"{namespace}/{name}")
        rule, record = moved(before, declared)
    else:
        rule, record = undone(before)
    settings = Settings(secrets.token_urlsafe(24), params["wait_timeout"], force=params["force"])
    key = f"{namespace}/{name}"
    steps = [
        Step(Stage.READY, "wait", key, "until its endpoints are ready", version=version)
        for version in endpoints.unready(rule.live)
    ]
    steps += shift_steps(live, rule, before.policy, record, settings.token, undo)
    steps += _select(client, live, endpoints, rule)
    plan = Plan(namespace, name, before.rule, rule, tuple(sorted(steps, key=lambda step: step.stage)))
    refuse_in_rollout(live, plan)
    if check:
        return _result(plan, None)
    return _result(plan, Converge(client, {key: live}, settings, {}).run([plan]))


def _read_params(params: Mapping[str, Any]) -> tuple[str, str, Rule | None]:
    problems = Collector()
    namespace = problems.run("namespace", lambda: DNS_LABEL(params["namespace"]))
    name = problems.run("name", lambda: SERVICE_NAME(params["name"]))
    rule = None
    if params["state"] == "previous" and params["rule"] is not None:
        problems.add("rule", "cannot be given together with state: previous, which takes the rule from before")
    elif params["state"] == "present" and params["rule"] is None:
        problems.add("rule", 'is required; write rule: "v1:90:v2:10", or state: previous for the rule from before')
    elif params["rule"] is not None:
        rule = problems.run("rule", lambda: read_rule(params["rule"]))
    problems.finish()
    return str(namespace), str(name), rule


def _select(client: Client, live: Live, endpoints: Endpoints, rule: Rule) -> list[Step]:
    """The Service MODEL is read only where its version has to change, or cannot be told from its endpoints."""
    selected = endpoints.selected
    if selected is not None and rule.largest(selected) == selected:
        return []
    service = get(client, "Service", live.namespace, live.name)
    if service is None:
        return []

    def selecting(version: str) -> Object:
        body = extract(service)
        body["spec"]["selector"] = {**body["spec"]["selector"], "version": version}
        return body

    there = Live(live.namespace, live.name, {**live.objects, ("Service", live.name): service})
    return list(select_step(there, rule, selecting))


def _result(plan: Plan, outcome: Outcome | None) -> Result:
    result = {
        **model_result(plan, outcome),
        "diff": {"prepared": plan_text([plan]) if plan.changed else ""},
        **failure(outcome),
    }
    for unused in ("served", "quiet"):
        del result[unused]
    return result
