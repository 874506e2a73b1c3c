# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Which rule is to hold: what the user declares, what was declared last, and what is live."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._render.rule import Record
from .._spec.errors import wrong
from .._spec.model import Model
from .._spec.rule import Rule, all_to, check_versions
from .live import LiveRule


@dataclass(frozen=True)
class Decision:
    """The rule that is to hold, what to remember beside it, and what to tell the user."""

    rule: Rule
    record: Record
    warnings: tuple[str, ...] = ()


def decide(model: Model, live: LiveRule | None, live_versions: tuple[str, ...]) -> Decision:
    """A declaration moves traffic when it changes, not when it is repeated: a rollout since then stays. Raises SpecError."""
    declared = model.traffic
    if declared is not None:
        check_versions(
            declared, [*(version.name for version in model.versions), *live_versions], f"{model.key} traffic"
        )
    if live is None:
        rule = declared or _first(model)
        return Decision(rule, Record(declared=declared))
    if declared is None:
        return Decision(live.rule, live.record)
    if declared.same_as(live.rule):
        return Decision(live.rule, replace(live.record, declared=declared))
    if declared.same_as(live.record.declared):
        return Decision(
            live.rule,
            live.record,
            (
                f"{model.key}: the live rule is {live.rule}; traffic says {declared}, which was applied before it moved. Nothing is shifted. "
                f'Write traffic: "{live.rule}", leave traffic out, or shift by tfserving.istio.traffic',
            ),
        )
    return Decision(declared, Record(declared, previous=live.rule))


def _first(model: Model) -> Rule:
    """The rule of a first deployment that declares none."""
    names = [version.name for version in model.versions]
    if len(names) == 1:
        return all_to(names[0])
    raise wrong(
        f'{model.key}: a first deployment of several versions needs traffic, for example "{names[0]}:100:{names[1]}:0"'
    )


def moved(live: LiveRule, rule: Rule) -> tuple[Rule, Record]:
    """``rule`` in the place of the live one, outside any declaration, and what to remember then; another order is the same rule."""
    if rule.same_as(live.rule):
        return live.rule, live.record
    return rule, Record(live.record.declared, previous=live.rule)


def undone(live: LiveRule) -> tuple[Rule, Record]:
    """The rule before the last shift, whose record is used up; the live one where there is no record."""
    previous = live.record.previous
    return (previous, Record(live.record.declared)) if previous else (live.rule, live.record)
