# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Charts. The drawing is an SVG that is stretched to its place; all text is HTML above it, so that it stays readable at every width."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .axis import Axis
from .history import Event, History, Look
from .markup import Markup, join, tag
from .wording import clock, percent

MOST = 400
"""Points of a line; more are not seen."""

MANY = 40
"""Values of a chart of which all are in its scale."""

SPANS = (0.1, 0.2, 0.5, 1, 2, 4, 6, 10, 20, 30, 40, 60, 100)
"""Lengths of a scale, in percent points."""

EDGE = 3
"""Room above and below the scale, in its percent: a line at 100 percent is seen as a whole."""

APART = 4.5
"""Percent of the width between two numbers in one row."""

Value = Callable[[Look], "float | None"]


@dataclass(frozen=True)
class Line:
    """A line of a chart: what it is called, its class in the style sheet, and its value at a look (None for none)."""

    name: str
    class_: str
    value: Value


def weights(history: History, axis: Axis) -> Markup:
    """The candidate's share over time, with the numbers of what happened above it."""
    steps, last = [], 0.0
    for index, (at, tenths) in enumerate(history.weights):
        x = axis.place(at)
        steps += [(x, last)] if index else []
        last = tenths / 10
        steps.append((x, last))
    steps.append((100.0, last))
    area = [(steps[0][0], 0.0), *steps, (100.0, 0.0)]
    drawing = join(
        tag("path", d=_path(area, 0, 100) + "Z", class_="area"),
        tag("path", d=_path(steps, 0, 100), class_="candidate"),
    )
    name = f"Weight of {history.state.rollout.candidate} over time"
    lane = _lane(history.events, axis)
    return _figure(name, Markup(""), drawing, history, axis, (0, 100), lane)


def rates(
    title: str, lines: Iterable[Line], objectives: Iterable[float], history: History, axis: Axis, high: bool
) -> Markup:
    """Shares of both versions over time, one piece of line a step. ``high``: the good end of the scale is 100 percent, not 0."""
    lines, objectives = list(lines), sorted(set(objectives))
    drawn = [(line, _pieces(line, history, axis)) for line in lines]
    low, top = _scale([y for _line, pieces in drawn for piece in pieces for _x, y in piece], objectives, high)
    parts = [
        tag("line", x1=0, x2=100, y1=_y(value, low, top), y2=_y(value, low, top), class_="objective")
        for value in objectives
    ]
    parts += [tag("path", d=_path(piece, low, top), class_=line.class_) for line, pieces in drawn for piece in pieces]
    legend = [_key(line.class_, _ending(line, history)) for line in lines]
    legend += [_key("objective", f"objective {value:g} %") for value in objectives]
    return _figure(title, tag("span", *legend, class_="legend"), join(*parts), history, axis, (low, top))


def _figure(
    title: str,
    legend: Markup,
    drawing: Markup,
    history: History,
    axis: Axis,
    scale: tuple[float, float],
    lane: Markup | None = None,
) -> Markup:
    low, top = scale
    places = [
        tag("line", x1=axis.place(e.at), x2=axis.place(e.at), y1=-EDGE, y2=100 + EDGE, class_=f"at {e.kind}")
        for e in history.events
    ]
    bands = [
        tag(
            "rect",
            x=axis.place(held.begun),
            y=-EDGE,
            width=round(axis.place(held.ended) - axis.place(held.begun), 3),
            height=100 + 2 * EDGE,
            class_="band",
        )
        for index, held in enumerate(history.held.values())
        if index % 2 == 0
    ]
    cuts = [
        tag("rect", x=begin, y=-EDGE, width=round(end - begin, 3), height=100 + 2 * EDGE, class_="cut")
        for begin, end, _long in axis.gaps()
    ]
    grid = [tag("line", x1=0, x2=100, y1=y, y2=y, class_="grid") for y in (0, 50, 100)]
    view: dict[str, Any] = {
        "viewBox": f"0 {-EDGE} 100 {100 + 2 * EDGE}",
        "preserveAspectRatio": "none",
        "aria_hidden": "true",
    }
    svg = tag("svg", *bands, *grid, *places, drawing, *cuts, **view)
    labels = [
        tag("span", f"{value:.4g} %", class_="y", style=f"top:{100 * (y + EDGE) / (100 + 2 * EDGE):.1f}%")
        for y, value in ((0, top), (50, (low + top) / 2), (100, low))
    ]
    marks = [tag("span", text, style=f"left:{x}%") for x, text in axis.marks()]
    gaps = [
        tag("span", f"{long} cut", class_="gap", style=f"left:{(begin + end) / 2:.3f}%")
        for begin, end, long in axis.gaps()
    ]
    plot = tag("div", svg, *labels, *gaps, class_="plot", role="img", aria_label=title)
    return tag(
        "figure",
        tag("figcaption", tag("b", title), legend),
        lane,
        plot,
        tag("div", *marks, class_="x"),
    )


def _lane(events: list[Event], axis: Axis) -> Markup:
    """The numbers of events at their times, in as many rows as keep them apart."""
    rows: list[float] = []
    made = []
    for event in events:
        x = axis.place(event.at)
        row = next((row for row, last in enumerate(rows) if x - last >= APART), len(rows))
        rows[row : row + 1] = [x]
        title = f"{clock(event.at)} {event.line}"
        style = f"left:{x}%;bottom:{row * 1.35:.2f}rem"
        made.append(
            tag("a", event.number, class_=f"dot {event.kind}", href=f"#e{event.number}", title=title, style=style)
        )
    return tag("div", *made, class_="lane", style=f"height:{max(1, len(rows)) * 1.35:.2f}rem")


def _pieces(line: Line, history: History, axis: Axis) -> list[list[tuple[float, float]]]:
    """Places and percents, a list a step. Of too many looks every second, third, ... is shown, and the last of each step."""
    every = 1 + len(history.looks) // MOST
    found: dict[int, list[tuple[float, float]]] = {}
    for index, look in enumerate(history.looks):
        value = line.value(look)
        if value is not None and (index % every == 0 or look is history.held[look.step].last):
            found.setdefault(look.step, []).append((axis.place(look.at), 100 * value))
    return [piece if len(piece) > 1 else [piece[0], (piece[0][0] + 1, piece[0][1])] for piece in found.values()]


def _scale(values: list[float], objectives: list[float], high: bool) -> tuple[float, float]:
    """The ends of the scale, in percent. First looks after a shift saw few requests and swing widely: of many values a few may leave the chart."""
    away = sorted(100 - value if high else value for value in values)
    goals = [1.5 * (100 - value if high else value) for value in objectives]
    most = max([*away[: MANY if len(away) <= MANY else int(0.97 * len(away))], *goals], default=0.0)
    span = next((nice for nice in SPANS if most <= nice), 100)
    return (100 - span, 100) if high else (0, span)


def _path(points: list[tuple[float, float]], low: float, top: float) -> str:
    return "M" + "L".join(f"{x:g} {_y(value, low, top):g}" for x, value in points)


def _y(value: float, low: float, top: float) -> float:
    return round(100 - 100 * (value - low) / ((top - low) or 1.0), 3)


def _key(class_: str, text: str) -> Markup:
    """An entry of a legend."""
    return tag("span", tag("i", class_=class_), text)


def _ending(line: Line, history: History) -> str:
    """The line's name, with its value at the last look that had one."""
    value = next((found for found in (line.value(look) for look in reversed(history.looks)) if found is not None), None)
    return line.name if value is None else f"{line.name} {percent(value)}"
