# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Plans and outcomes as results and as text. Nothing secret gets into either."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ._outcome import Outcome
from ._plan.owned import Change, changes
from ._plan.step import Plan, Step
from ._render.meta import Object
from ._render.rule import PREVIEW_HEADER

HIDDEN = "(hidden)"


def step_result(step: Step) -> dict[str, Any]:
    result: dict[str, Any] = {
        "stage": step.stage.name.lower(),
        "action": step.action,
        "target": step.target,
        "reason": step.reason,
    }
    if step.changes:
        result["changes"] = _change_results(step.changes)
    return result


def patch_result(live: Object, wanted: Object) -> dict[str, Any]:
    """What a write changes of an object."""
    metadata = wanted["metadata"]
    target = f"{wanted['kind']} {metadata['namespace']}/{metadata['name']}"
    return {"object": target, "changes": _change_results(changes(live, wanted))}


def model_result(plan: Plan, outcome: Outcome | None) -> dict[str, Any]:
    """What was planned for a model and, where there is an outcome, what was done."""
    done = outcome or Outcome()
    proof = done.proofs.get(plan.key)
    return {
        "name": plan.name,
        "namespace": plan.namespace,
        "changed": changed(plan, outcome),
        "rule": {"before": plan.before and str(plan.before), "after": plan.after and str(plan.after)},
        "plan": [step_result(step) for step in plan.steps],
        "objects": done.written.get(plan.key, []),
        "served": done.served.get(plan.key, {}),
        "proof": proof.report() if proof else None,
        "quiet": done.quiet.get(plan.key, {}),
    }


def changed(plan: Plan, outcome: Outcome | None) -> bool:
    """Whether anything was written; without an outcome (check mode), whether anything would be."""
    return plan.changed if outcome is None else bool(outcome.written.get(plan.key))


def failure(outcome: Outcome | None) -> dict[str, Any]:
    """The part of a result that makes a task fail; empty where nothing went wrong."""
    return {"failed": True, "msg": "\n".join(outcome.errors.values())} if outcome and outcome.errors else {}


def plan_text(plans: Iterable[Plan]) -> str:
    """The plan as a person reads it: a paragraph a model."""
    return "".join(_paragraph(plan) for plan in plans if plan.steps)


def _paragraph(plan: Plan) -> str:
    move = (
        f"{plan.before or 'no rule'} -> {plan.after or 'no rule'}"
        if str(plan.before) != str(plan.after)
        else f"rule {plan.after}, not moved"
    )
    lines = [f"{plan.key}: {move}\n"]
    for number, step in enumerate(plan.steps, 1):
        lines.append(f"  {number:>2}. {step.action:<8} {step.target}: {step.reason}\n")
        lines += [
            f"        {change_text(change.path, before, after)}\n"
            for change, before, after in map(_shown, step.changes)
        ]
    return "".join(lines) + "\n"


def _change_results(found: Iterable[Change]) -> list[dict[str, Any]]:
    shown = map(_shown, found)
    return [{"path": change.path, "before": before, "after": after} for change, before, after in shown]


def _shown(change: Change) -> tuple[Change, Any, Any]:
    return change, _redacted(change.path, change.before), _redacted(change.path, change.after)


def _redacted(path: str, value: Any) -> Any:
    """Values of environment variables and the preview's token stay out: nobody can tell which of them are secret."""
    if value is None:
        return None
    if ".env[" in path and not path.endswith("valueFrom"):
        return HIDDEN
    if isinstance(value, dict):
        return {
            name: ({"exact": HIDDEN} if name == PREVIEW_HEADER else _redacted(f"{path}.{name}", entry))
            for name, entry in value.items()
        }
    if isinstance(value, list):
        return [_redacted(f"{path}[]" if path.endswith("env") else path, entry) for entry in value]
    return value


def change_text(path: str, before: Any, after: Any) -> str:
    """One line for a change of an object."""
    return f"{path}: {brief(path, before)} -> {brief(path, after)}"


def brief(path: str, value: Any) -> str:
    """One line for a value of an object; routes as what they do."""
    if path == "spec.http" and isinstance(value, list):
        return "; ".join(_route_brief(route) for route in value)
    text = "(none)" if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    text = text.replace("\n", "\\n")
    return text if len(text) <= 160 else f"{text[:157]}..."


def _route_brief(route: dict[str, Any]) -> str:
    name = route.get("name", "route")
    if "directResponse" in route:
        return f"{name} {route['directResponse'].get('body', {}).get('string', '')}"
    if "delegate" in route:
        return f"to {route['delegate'].get('name')}"
    shares = [
        f"{_short(target['destination'])} {target.get('weight', '')}".strip() for target in route.get("route") or ()
    ]
    if "mirror" in route:
        shares.append(
            f"copies of {(route.get('mirrorPercentage') or {}).get('value', 100):g} percent to {_short(route['mirror'])}"
        )
    timeout = f", timeout {route['timeout']}" if "timeout" in route else ""
    retries = f", {route['retries'].get('attempts', 0)} retries" if "retries" in route else ""
    return f"{name}: {', '.join(shares)}{timeout}{retries}"


def _short(destination: dict[str, Any]) -> str:
    return str(destination["host"]).split(".", maxsplit=1)[0]
