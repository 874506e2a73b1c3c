# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the module ``model`` does: plan every model of its list, then carry the plans out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ._cluster.client import Client
from ._cluster.errors import ClusterError, NotFound
from ._cluster.read import list_kind, own_objects, strangers
from ._outcome import Outcome, Settings
from ._plan.guard import refuse_in_rollout
from ._plan.live import Live, group
from ._plan.model_plan import plan_model
from ._plan.step import Plan
from ._report import changed, failure, model_result, plan_text
from ._spec.errors import Collector
from ._spec.fleet import read_models
from ._spec.model import Model

Result = dict[str, Any]


def converge_models(client: Client, params: Mapping[str, Any], check: bool) -> Result:
    """The module's result; its ``failed`` and ``msg`` say what went wrong after the plan. Raises SpecError and ClusterError before."""
    models = read_models(params["models"], deployed=params["state"] == "present")
    settings = Settings(secrets.token_urlsafe(24), params["wait_timeout"], params["quiet"], params["force"])
    absent = params["state"] == "absent"
    lives = _read(client, models, missing_crds=check or absent)
    plans = _removals(models, lives) if absent else _plans(client, models, lives, settings, params)
    for plan in plans:
        refuse_in_rollout(lives[plan.key], plan)
    if check:
        return _result(plans, None)
    return _result(plans, _carry_out(client, models, lives, settings, plans))


def _removals(models: Iterable[Model], lives: Mapping[str, Live]) -> list[Plan]:
    from ._plan.removal_plan import plan_removal  # loaded where it is needed only, as are others below

    return [plan_removal(lives[model.key]) for model in models]


def _carry_out(
    client: Client, models: Iterable[Model], lives: Mapping[str, Live], settings: Settings, plans: Iterable[Plan]
) -> Outcome:
    if not any(plan.steps for plan in plans):
        return Outcome()
    from ._converge import Converge  # a third of the code

    driver = Converge(client, lives, settings, {model.key: model.model_name for model in models})
    return driver.run(plans)


def _read(client: Client, models: Iterable[Model], missing_crds: bool) -> dict[str, Live]:
    by_namespace: dict[str, list[str]] = {}
    for model in models:
        by_namespace.setdefault(model.namespace, []).append(model.name)
    objects = own_objects(client, by_namespace, missing_crds=missing_crds)
    lives: dict[str, Live] = {}
    for namespace, names in by_namespace.items():
        inside = [entry for entry in objects if entry["metadata"]["namespace"] == namespace]
        lives |= {f"{namespace}/{name}": live for name, live in group(namespace, inside, names).items()}
    return lives


def _plans(
    client: Client, models: Iterable[Model], lives: Mapping[str, Live], settings: Settings, params: Mapping[str, Any]
) -> list[Plan]:
    """Plans of all models, or one error with the problems of all; nothing is written before every plan is known to be possible."""
    problems = Collector()
    plans = []
    for model in models:
        plan = problems.run(
            "", partial(plan_model, model, lives[model.key], settings.token, params["purge"], params["wait"])
        )
        if plan is not None:
            plans.append(plan)
    _refuse_strangers(client, plans, problems)
    problems.finish()
    return _warn_of_shadows(client, plans, lives)


def _refuse_strangers(client: Client, plans: Iterable[Plan], problems: Collector) -> None:
    """An apply would silently take over an object that somebody else made: look for it where something is to be created."""
    created = {}
    for plan in plans:
        for step in plan.steps:
            if step.action == "apply" and step.object and not step.changes:
                created[step.object["kind"], plan.namespace, step.object["metadata"]["name"]] = plan.key
    for found in strangers(client, created):
        kind, metadata = found["kind"], found["metadata"]
        owner = created[kind, metadata["namespace"], metadata["name"]]
        problems.add(
            owner,
            f"{kind} {metadata['name']} exists and was not created by this collection; give the model another name, or delete "
            f"the {kind} if nobody needs it",
        )


def _warn_of_shadows(client: Client, plans: list[Plan], lives: Mapping[str, Live]) -> list[Plan]:
    """Where a model's routes at its gateway are written, look whether others' routes would take its requests."""
    roots = {
        plan.key: step.object
        for plan in plans
        for step in plan.steps
        if step.action == "apply"
        and step.object
        and step.object["kind"] == "VirtualService"
        and step.object["metadata"]["name"] == plan.name
    }
    if not roots:
        return plans
    from ._plan.shadow import shadows

    try:
        others = list_kind(client, "VirtualService")
    except NotFound:  # a cluster without Istio has no routes; writing ours says more
        return plans
    except ClusterError as error:
        return [
            replace(plan, warnings=(*plan.warnings, f"{plan.key}: not looked for routes that shadow it: {error}"))
            for plan in plans
        ]

    def warned(plan: Plan) -> Plan:
        root, live = roots.get(plan.key), lives[plan.key].get("VirtualService", plan.name)
        created = live["metadata"]["creationTimestamp"] if live else None
        return replace(plan, warnings=(*plan.warnings, *(shadows(root, created, others) if root else ())))

    return [warned(plan) for plan in plans]


def _result(plans: list[Plan], outcome: Outcome | None) -> Result:
    return {
        "changed": any(changed(plan, outcome) for plan in plans),
        "models": [model_result(plan, outcome) for plan in plans],
        "diff": {"prepared": plan_text(plan for plan in plans if plan.changed)},
        "warnings": [warning for plan in plans for warning in plan.warnings],
        **failure(outcome),
    }
