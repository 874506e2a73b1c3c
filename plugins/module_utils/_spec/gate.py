# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A gate: what a candidate has to show before it gets more traffic."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .check import (
    ABSOLUTE_PATH,
    ANY_TEXT,
    HEADER,
    SECRET,
    Check,
    list_of,
    map_of,
    one_of,
    plain,
    seconds,
    shown,
    text,
    whole,
)
from .errors import Collector, did_you_mean, wrong
from .record import MISSING, REQUIRED, key, keys, mapping, unknown, values

HIDDEN = "(hidden)"
PLACEHOLDERS = ("model", "namespace", "candidate", "baseline", "candidate_service", "baseline_service", "interval")
"""What a query may name as $model: the model's name and namespace, the names of both versions and of their Services
(mnist-v2.kubeflow.svc.cluster.local), and the time since the shift, such as 73s."""

KINDS: dict[str, dict[str, Any]] = {
    "success_rate": {"objective": 99.0, "margin": 1.0, "against": ("objective", "baseline")},
    "latency": {"boundary": 250.0, "objective": 95.0, "margin": 2.0, "against": ("objective", "baseline")},
    "throughput": {"floor": 0.5},
    "promql": {"query": REQUIRED, "at_least": None, "at_most": None, "failures": 3},
    "webhook": {"url": REQUIRED, "timeout": 10.0, "headers": None, "ca_cert": None},
    "command": {"argv": REQUIRED, "timeout": 60.0},
    "approval": {},
}
"""The keys of each kind of gate, with their defaults."""

OWN = tuple(dict.fromkeys(name for own in KINDS.values() for name in own))
NAME = text(r"[A-Za-z0-9][-_. A-Za-z0-9]*", "a name of letters, digits, '-', '_', '.' and spaces", longest=63)


def _number(check: Callable[[float], bool], expected: str) -> Check:
    def get(value: Any) -> float:
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not abs(number) < float("inf") or not check(number):
            raise wrong(f"{shown(value)} is not {expected}")
        return number

    return Check("float", get)


def _query(value: Any) -> str:
    query = text(r".*\S.*", "a PromQL expression")(value)
    for name in re.findall(r"\$(?:\{(\w+)\}|(\w+))", query.replace("$$", "")):
        word = name[0] or name[1]
        if word not in PLACEHOLDERS:
            raise wrong(f"${word} is no placeholder; {did_you_mean(word, PLACEHOLDERS)} ($$ writes a dollar sign)")
    return str(query)


def _url(value: Any) -> str:
    url = text(r"https?://[^\s/]+\S*", "a URL that starts with http:// or https://")(value)
    if urlsplit(url).username is not None:
        raise wrong("has a user name in it; give credentials as a header (Authorization)")
    return str(url)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate. A key that its kind does not have is None.

    ``objective`` and ``margin`` are percents: of requests that succeed, or that are no slower than ``boundary`` ms, and by how
    many points it may be missed before that has to be seen. ``against``: what the candidate is compared with.
    ``floor``: requests a second of the candidate. ``failures``: consecutive looks that fail a query. ``timeout``: seconds.
    """

    kind: str = key(one_of(*KINDS))
    name: str = key(NAME, None)
    objective: float = key(_number(lambda n: 0 < n <= 100, "a percent above 0"), None)
    margin: float = key(_number(lambda n: 0 < n < 100, "percent points between 0 and 100"), None)
    against: tuple[str, ...] = key(list_of(one_of("objective", "baseline"), at_least=1), None)
    boundary: float = key(_number(lambda n: n > 0, "a number of milliseconds"), None)
    floor: float = key(_number(lambda n: n >= 0, "a number of requests a second"), None)
    query: str = key(Check("str", _query), None)
    at_least: float | None = key(_number(lambda n: True, "a number"), None)
    at_most: float | None = key(_number(lambda n: True, "a number"), None)
    failures: int = key(whole(1, 1000), None)
    url: str = key(Check("str", _url), None)
    headers: dict[str, str] | None = key(map_of(HEADER, SECRET), None)
    ca_cert: str | None = key(ABSOLUTE_PATH, None)
    argv: tuple[str, ...] = key(list_of(ANY_TEXT, at_least=1), None)
    timeout: float = key(seconds(0.001), None)

    def kept(self) -> dict[str, Any]:
        """The gate as plain JSON for plans and reports: values of headers and a URL's query, which may be secret, are hidden.

        Gates that differ in nothing else keep the same: a renewed token is no other plan.
        """
        result = {name: entry for name, entry in plain(dataclasses.asdict(self)).items() if entry is not None}
        if self.headers:
            result["headers"] = dict.fromkeys(self.headers, HIDDEN)
        if self.kind == "webhook" and urlsplit(self.url).query:
            result["url"] = urlunsplit(urlsplit(self.url)._replace(query=HIDDEN))
        return result


def read_gate(value: Any) -> Gate:
    """A gate from its mapping or, with nothing but defaults, from its kind alone. Raises SpecError with every problem of it."""
    given = {"kind": value} if isinstance(value, str) else mapping(value, f"its keys: kind, name, {', '.join(OWN)}")
    problems = Collector()
    unknown(given, keys(Gate), problems)
    kind = str(given.get("kind"))
    own = KINDS.get(kind)
    if own is None:
        values(Gate, given, problems)
        problems.finish()
        raise wrong(MISSING, "kind")
    for name, entry in given.items():
        if name in OWN and name not in own and entry is not None:
            problems.add(name, f"is no key of a gate of kind {kind}, which has {', '.join(own) or 'none'}")
    defaults = {name: entry for name, entry in own.items() if entry is not REQUIRED}
    result = values(Gate, {**defaults, **{name: entry for name, entry in given.items() if entry is not None}}, problems)
    for name, default in own.items():
        if default is REQUIRED and given.get(name) is None:
            problems.add(name, MISSING)
    if not problems.problems:
        result.setdefault("name", kind)
        _together(result, problems)
    problems.finish()
    return Gate(**result)


def _together(result: dict[str, Any], problems: Collector) -> None:
    """What single keys cannot show."""
    if result.get("objective") is not None and result["margin"] >= result["objective"]:
        problems.add("margin", f"{result['margin']:g} leaves nothing of the objective {result['objective']:g}")
    if result["kind"] == "promql":
        least, most = result.get("at_least"), result.get("at_most")
        if least is None and most is None:
            problems.add("at_least", "is required, or at_most")
        elif least is not None and most is not None and least > most:
            problems.add("at_least", f"{least:g} is more than at_most {most:g}")


def read_gates(value: Any) -> tuple[Gate, ...]:
    """Gates whose names differ. Raises SpecError."""
    gates: tuple[Gate, ...] = list_of(GATE)(value)
    problems = Collector()
    for index, gate in enumerate(gates):
        if gate.name in [other.name for other in gates[:index]]:
            problems.add(f"[{index}].name", f"{gate.name} is the name of an earlier gate too; give each a name")
    problems.finish()
    return gates


GATE = Check("raw", read_gate, record=Gate)
GATES = Check("list", read_gates, elements="raw", record=Gate)
