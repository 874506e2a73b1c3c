# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The page as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..counters import shown
from ..gates import Window
from ..state import ABORTED, ABORTING, COMPLETE, PAUSED
from ..words import meanwhile
from . import chart, tables
from .axis import axis
from .history import History, Look, read_history
from .markup import Markup, join, tag
from .style import STYLE
from .wording import count, duration, moment, percent

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing, whatever is in it."""

KINDS = {COMPLETE: "good", ABORTED: "bad", ABORTING: "bad", PAUSED: "wait"}


def page(report: Mapping[str, Any]) -> str:
    """The page of a report."""
    history, record = read_history(report), report["record"]
    rollout = history.state.rollout
    title = f"{rollout.namespace}/{rollout.name}: rollout of {rollout.candidate}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", f"{title}, {history.state.phase}"),
        tag("style", Markup(STYLE)),
    )
    body = tag(
        "main",
        _headline(history, report),
        _section("Over time", _charts(history)),
        _section("Steps", tables.steps(history)),
        _section("What happened", tables.happened(history)),
        _section("Golden requests", tables.golden(history, record)),
        _section("What was written to the cluster", tables.written(history, record)),
        _section("The plan", tables.plan(history)),
        _section("What Prometheus was asked", tables.queries(record)),
        _foot(history),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def _headline(history: History, report: Mapping[str, Any]) -> Markup:
    state, outcome = history.state, report["outcome"]
    rollout, rule = state.rollout, outcome["rule"]
    candidate, weight = rollout.candidate, f"{outcome['weight']:g} percent"
    has = "gets" if state.trial else "is at"
    said = {
        COMPLETE: f"{candidate} has {weight} of the traffic",
        ABORTED: f"{candidate} was aborted, the rule is {rule['after']} again",
        ABORTING: f"{candidate} is being aborted, the rule goes back to {rule['before']}",
        PAUSED: f"{candidate} is paused {meanwhile(state)}",
    }.get(state.phase, f"{candidate} {has} {outcome['gets']}, step {outcome['step']} of {outcome['steps']}")
    last = [held.last.window for held in history.held.values() if held.last]
    facts = {
        "Model": f"{rollout.namespace}/{rollout.name}",
        "Candidate and baseline": f"{rollout.candidate} against {state.baseline}",
        "Rule before and after": f"{rule['before']} \N{RIGHTWARDS ARROW} {rule['after']}",
        "Began": moment(state.started),
        "Ended" if state.over else "Last seen": moment(history.end),
        "Took": duration(history.end - state.started),
        "In the evidence": _evidence(history, last),
    }
    return tag(
        "header",
        tag(
            "p",
            tables.chip(state.phase, KINDS.get(state.phase, "plain")),
            f" {rollout.strategy.replace('_', '-')} rollout",
            class_="kind",
        ),
        tag("h1", f"{rollout.name}: {said}"),
        tag("p", state.reason, class_="reason") if state.reason else None,
        tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()), class_="facts"),
        _replayed(report["replay"]),
        class_=KINDS.get(state.phase, "plain"),
    )


def _evidence(history: History, windows: list[Window]) -> Markup:
    lines = []
    for name, sides in (
        (history.state.rollout.candidate, [window.candidate for window in windows]),
        (history.state.baseline, [window.baseline for window in windows]),
    ):
        requests, errors = sum(side.requests for side in sides), sum(side.errors for side in sides)
        failed = f", {percent(errors / requests)} failed" if requests else ""
        lines.append(tag("div", f"{name}: {count(requests, 'request')}{failed}"))
    return join(*lines)


def _replayed(differences: list[Mapping[str, Any]] | None) -> Markup | None:
    if differences is None:
        return None
    if not differences:
        return tag("p", "Replayed: from the record alone the state machine makes the same decisions.", class_="replay")
    text = f"Replayed: the state machine decides otherwise in {count(len(differences), 'place')}; the record was changed, or made by another release."
    return tag("p", text, class_="replay differs")


def _charts(history: History) -> Markup:
    rollout, baseline = history.state.rollout, history.state.baseline
    time = axis(history.begun, history.end, history.moments)
    gates = [gate for index in range(len(rollout.steps)) for gate in rollout.gates_of(index)]
    drawn = [chart.weights(history, time)]

    def lines(value: Any) -> list[chart.Line]:
        return [
            chart.Line(rollout.candidate, "candidate", lambda look: value(look.window.candidate)),
            chart.Line(baseline, "baseline", lambda look: value(look.window.baseline)),
        ]

    if any(look.window.candidate.requests or look.window.baseline.requests for look in history.looks):
        goals = [gate.objective for gate in gates if gate.kind == "success_rate" and "objective" in gate.against]
        rate = lines(lambda side: 1 - side.errors / side.requests if side.requests else None)
        drawn.append(chart.rates("Success rate since the shift", rate, goals, history, time, True))
    for boundary in _boundaries(history.looks):
        goals = [
            100 - gate.objective
            for gate in gates
            if gate.kind == "latency" and shown(gate.boundary) == boundary and "objective" in gate.against
        ]
        slow = lines(lambda side, key=boundary: side.slow.get(key, 0) / side.timed if side.timed else None)
        drawn.append(chart.rates(f"Slower than {boundary} ms since the shift", slow, goals, history, time, False))
    if len(drawn) == 1:
        drawn.append(tag("p", "No requests were counted: no gate asked for them, or there were none.", class_="empty"))
    drawn.append(
        tables.note(
            "From left to right: time since the beginning. Numbers in circles: what happened, listed below. "
            "Percents beside names: at the last look."
        )
    )
    return join(*drawn)


def _boundaries(looks: list[Look]) -> list[str]:
    sides = [side for look in looks for side in (look.window.candidate, look.window.baseline) if side.timed]
    return sorted({boundary for side in sides for boundary in side.slow}, key=float)


def _section(title: str, content: Markup | None) -> Markup | None:
    return None if content is None else tag("section", tag("h2", title), content)


def _foot(history: History) -> Markup:
    words = [f"Rollout {history.state.id}, by tfserving.istio."]
    if history.left_out:
        words.append(
            f"{count(history.left_out, 'look')} that decided nothing were left out of the record for their size."
        )
    words.append("Everything that was seen is in report.json beside this page.")
    return tag("footer", " ".join(words))
