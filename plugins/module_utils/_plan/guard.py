# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""While a rollout moves a model, nothing else touches what it moves."""

from __future__ import annotations

from .._render.meta import Object
from .._spec.errors import wrong
from .live import Live
from .step import Plan


def refuse_in_rollout(live: Live, plan: Plan) -> None:
    """Raise SpecError where a plan writes routes, or versions that have traffic or are to get it, while a rollout is on."""
    rule = live.rule
    candidate = rule.record.rollout if rule else None
    if rule is None or candidate is None:
        return
    moved = {candidate, *rule.rule.live}
    touched = [step.target for step in plan.steps if step.object is not None and _moved(step.object, live.name, moved)]
    if touched:
        raise wrong(
            f"{plan.key}: a rollout to {candidate} is under way, and this would write {', '.join(touched)}. Let it end, or end it: "
            f"ansible-playbook tfserving.istio.abort -e model={live.name} -e model_namespace={live.namespace}"
        )


def _moved(entry: Object, model: str, versions: set[str]) -> bool:
    if entry["kind"] == "VirtualService" or (entry["kind"], entry["metadata"]["name"]) == ("Service", model):
        return True
    return (entry["metadata"].get("labels") or {}).get("version") in versions
