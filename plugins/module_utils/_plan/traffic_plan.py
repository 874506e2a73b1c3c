# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Steps that move the rule: used for a model that is deployed and for traffic alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .._render.meta import Object
from .._render.rule import Policy, Preview, Record, rule_service
from .._spec.rule import Rule
from .live import Live
from .step import Stage, Step
from .write import apply_step


def fresh(live: Live, rule: Rule) -> list[str]:
    """Versions that get requests by ``rule`` and have none now."""
    before = live.rule
    return [name for name in rule.live if before is None or not before.rule.share(name)]


def shift_steps(
    live: Live, rule: Rule, policy: Policy, record: Record, token: str, undo: bool = False
) -> Iterator[Step]:
    """Preview, answer, shift, prove. Nothing where MODEL-rule is as wanted, whatever a rollout has beside the rule.

    ``token`` is the preview's secret. An undo writes the weights at once and waits for no proof.
    """
    model, before = f"{live.namespace}/{live.name}", live.rule
    if (
        before is not None
        and record.rollout
        and (policy, record) == (before.policy, before.record)
        and rule.same_as(before.rule)
    ):
        return  # what stands beside the rule meanwhile is the rollout's
    wanted = rule_service(live.name, live.namespace, rule, policy, record)
    reason = "" if before is None or rule.same_as(before.rule) else f"rule {before.rule} -> {rule}"
    shift = list(apply_step(live, wanted, Stage.SHIFT, reason, versioned=True))
    news = fresh(live, rule) if before is not None and not undo else []
    if shift and news and before is not None:
        previews = tuple(Preview(name, f"{token}-{name}") for name in news)
        hidden = rule_service(live.name, live.namespace, before.rule, policy, before.record, previews)
        yield from apply_step(live, hidden, Stage.PREVIEW, f"a hidden route to {', '.join(news)}", versioned=True)
        for name in news:
            yield Step(Stage.ANSWER, "preview", model, "through every gateway, before it gets requests", version=name)
    yield from shift
    if shift and before is not None and not undo:
        yield prove_step(model)


def prove_step(model: str) -> Step:
    """Wait for the proxies to have what was written."""
    return Step(Stage.PROVE, "prove", model, "every gateway has the new routes")


def select_step(
    live: Live, rule: Rule, service: Callable[[str], Object], stage: Stage = Stage.SELECT
) -> Iterator[Step]:
    """The Service MODEL selects the version with the largest share."""
    leader = rule.largest(live.selected)
    reason = (
        ""
        if live.selected in (None, leader)
        else f"selects {leader}, which has the largest share, in place of {live.selected}"
    )
    yield from apply_step(live, service(leader), stage, reason)
