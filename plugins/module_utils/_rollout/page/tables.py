# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The tables of a page: steps with their verdicts, golden requests, what happened, what was written, the plan, the queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..._report import brief
from ..._spec.gate import Gate
from ..counters import Counts
from .history import Held, History
from .markup import Markup, join, tag
from .wording import clock, count, duration, elapsed, moment, percent

SIGNS = {"pass": "\N{CHECK MARK}", "fail": "\N{BALLOT X}", "insufficient": "\N{HORIZONTAL ELLIPSIS}"}
REACH = re.compile(r"\[\d+s\]")
"""How far a query reaches back: to the last look, or to the shift."""

TIMES = ("hold", "interval", "insufficient_limit", "keep", "ready_timeout", "abort_timeout")
"""Keys of a plan that are seconds."""

SHORT = 90
"""Characters of two values that stand on one line."""

KINDS = {"passed": "good", "promoted": "wait", "aborted": "bad", "paused": "wait"}


def steps(history: History) -> Markup:
    """One row a step, also for those that were not reached."""
    rollout = history.state.rollout
    rows = []
    for index, step in enumerate(rollout.steps):
        held = history.held.get(index)
        outcome = held.outcome if held else "not reached"
        planned = f"of {duration(rollout.hold_of(index))}"
        cells = [
            tag("b", str(step)),
            join(chip(outcome, KINDS.get(outcome, "plain")), note("then a person's word") if step.pause else None),
            join(duration(held.ended - held.begun), note(planned)) if held else planned.removeprefix("of "),
            _answered(history, held),
            _verdicts(held.last.verdicts if held and held.last else (), rollout.gates_of(index)),
        ]
        rows.append([index + 1, *cells])
    return table(
        ("Step", "The candidate gets", "Outcome", "Held", "Answered since the shift", "Verdicts of the last look"),
        rows,
        "steps",
    )


def golden(history: History, record: Iterable[Mapping[str, Any]]) -> Markup | None:
    """The golden requests and how they were answered; None where there are none."""
    state = history.state
    tried = [one for entry in record for one in entry["seen"].get("golden", ())]
    rows = []
    for entry in state.rollout.golden:
        wanted = {"answer": entry.expect, "tolerance": entry.tolerance or None, "assertion": entry.assertion}
        wanted |= {
            "within": entry.latency and duration_of(entry.latency),
            "differs from the baseline by at most": entry.compare,
        }
        own = [one for one in tried if one["request"] == entry.label]
        wrong = [one for one in own if one["problem"]]
        if wrong:
            result = join(
                chip("failed", "bad"), *(note(f"through {one['through']}: {one['problem']}") for one in wrong[:3])
            )
        elif own or state.proven:
            slowest = max((one["seconds"] for one in own), default=0.0)
            ways = f"{count(len(own), 'time')}, the slowest in {duration_of(slowest)}"
            result = join(chip("answered", "good"), note(ways) if own else None)
        else:
            result = chip("not asked", "plain")
        asked = join(entry.name or None, tag("code", f"{entry.method} {_json(entry.request)}"))
        rows.append(
            [
                asked,
                join(*(note(f"{name}: {_text(value)}") for name, value in wanted.items() if value is not None)),
                result,
            ]
        )
    return table(("Request", "Expected", "Result"), rows) if rows else None


def happened(history: History) -> Markup:
    """All lines; the numbers are those of the charts."""
    rows = [
        [
            tag("span", event.number, class_=f"dot {event.kind}", id=f"e{event.number}"),
            join(tag("time", _when(event.at, history)), note(f"+{elapsed(event.at - history.begun)}")),
            event.line,
        ]
        for event in history.events
    ]
    return table(("No.", "UTC", "What happened"), rows, "events")


def written(history: History, record: Iterable[Mapping[str, Any]]) -> Markup | None:
    """What was written to the cluster; None where nothing was."""
    rows = [
        [
            tag("time", _when(entry["at"], history)),
            patch["object"],
            join(*(_change(change) for change in patch["changes"])),
        ]
        for entry in record
        for patch in entry["seen"].get("patches", ())
    ]
    return table(("UTC", "Object", "Change"), rows, "wide") if rows else None


def plan(history: History) -> Markup:
    """The plan as it was given, with its defaults."""
    rollout = history.state.rollout
    lines: list[tuple[str, object]] = []
    for name, value in history.state.plan.items():
        if name not in ("gates", "golden", "steps"):
            shown = duration(value) if name in TIMES else f"{value:g} %" if name == "error_budget" else _text(value)
            lines.append((name.replace("_", " "), shown))
    steps_ = [
        f"{step} for {duration(rollout.hold_of(index))}"
        + (f", with {', '.join(gate.name for gate in rollout.gates_of(index)) or 'no gates'}")
        + ("; then a person's word" if step.pause else "")
        for index, step in enumerate(rollout.steps)
    ]
    lines.append(("steps", join(*(tag("div", text) for text in steps_))))
    gates = [gate.kept() for index in range(len(rollout.steps)) for gate in rollout.gates_of(index)]
    lines += [
        (
            f"gate {gate['name']}",
            _listed({**gate, "name": None, "against": " and ".join(gate.get("against", ())) or None}),
        )
        for index, gate in enumerate(gates)
        if gate not in gates[:index]
    ]
    return tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in lines))


def queries(record: Iterable[Mapping[str, Any]]) -> Markup | None:
    """What Prometheus was asked, each query once, whatever time it reached back; None where it was asked nothing."""
    asked: dict[str, int] = {}
    for entry in record:
        for query in entry["seen"].get("queries", ()):
            shape = REACH.sub("[Ns]", query)
            asked[shape] = asked.get(shape, 0) + 1
    items = [tag("li", tag("code", query), note(f"asked {count(times, 'time')}")) for query, times in asked.items()]
    return tag("ul", *items, class_="queries") if items else None


def table(heads: Iterable[str], rows: Iterable[Iterable[object]], class_: str | None = None) -> Markup:
    """A table whose rows become cards on a narrow screen."""
    heads = tuple(heads)
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in heads)))
    body = [
        tag("tr", *(tag("td", cell, data_label=name) for name, cell in zip(heads, row, strict=True))) for row in rows
    ]
    return tag("table", head, tag("tbody", *body), class_=class_)


def chip(text: str, kind: str) -> Markup:
    """A word in a coloured frame."""
    return tag("span", text, class_=f"chip {kind}")


def note(text: str) -> Markup:
    """Something in small letters, on a line of its own."""
    return tag("small", text)


def duration_of(seconds: float) -> str:
    """0.035 s, or as any duration."""
    return f"{seconds:.3f} s" if seconds < 10 else duration(seconds)


def _when(at: float, history: History) -> str:
    """The time; with its day where that is another than the first."""
    same = moment(at)[:10] == moment(history.begun)[:10]
    return clock(at) if same else moment(at).removesuffix(" UTC")


def _answered(history: History, held: Held | None) -> Markup | str:
    if held is None or held.last is None:
        return ""
    rollout, window = history.state.rollout, held.last.window
    sides = ((rollout.candidate, "candidate", window.candidate), (history.state.baseline, "baseline", window.baseline))
    if not any(counts.requests for _name, _class, counts in sides):
        return note("no requests were counted")
    return join(
        *(
            tag("div", tag("i", class_=class_), f"{name}: {_rates(counts)}", class_="side")
            for name, class_, counts in sides
        )
    )


def _rates(counts: Counts) -> str:
    if not counts.requests:
        return "no requests"
    words = [count(counts.requests, "request"), f"{percent(1 - counts.errors / counts.requests)} ok"]
    words += [
        f"{percent(slow / counts.timed)} over {counts.boundary(boundary)} ms"
        for boundary, slow in counts.slow.items()
        if counts.timed
    ]
    return ", ".join(words)


def _verdicts(said: Iterable[Mapping[str, Any]], gates: Iterable[Gate]) -> Markup:
    """What each gate said, and its numbers but those of the plan."""
    known = {gate.name: gate.kept() for gate in gates}
    made = []
    for one in said:
        numbers = {key: value for key, value in one["numbers"].items() if key not in known.get(one["gate"], {})}
        word = tag("span", f"{SIGNS.get(one['outcome'], '')} {one['outcome']}", class_=f"verdict {one['outcome']}")
        name = join(" ", tag("b", one["gate"]), f": {one['reason']}")
        made.append(tag("div", word, name, note(_listed(numbers)) if numbers else None, class_="said"))
    return join(*made) if made else note(f"no look; gates: {', '.join(known)}" if known else "no gates")


def _change(change: Mapping[str, Any]) -> Markup:
    """The field with both of its values, on a line each where they are long."""
    path = change["path"]
    before, after = (brief(path, change.get(side)) for side in ("before", "after"))
    if len(before) + len(after) <= SHORT:
        return tag("div", f"{path}: {before} \N{RIGHTWARDS ARROW} {after}")
    values = (
        tag("div", f"{sign} {value}", class_="value") for sign, value in (("\N{MINUS SIGN}", before), ("+", after))
    )
    return tag("div", f"{path}:", *values)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} " + (f"({_listed(value)})" if isinstance(value, Mapping) else _text(value))
        for name, value in values.items()
        if value is not None
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:g}"
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else f"{text[:397]}..."
