# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The evidence of a hold: one round of questions to Prometheus, or to the servers that get copies, and what webhooks and commands answer."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from .._prometheus import Prometheus, PrometheusError
from .._spec import names
from .._spec.gate import Gate
from .._spec.rollout import Rollout
from .ask import call, run
from .copies import Copies, Crashed, Unseen
from .counters import Counters, Counts, counts
from .gates import Window, filled, looked, window_of
from .machine import Seen
from .state import State

RATES = ("success_rate", "latency", "throughput")
"""Kinds of gates that are judged by the counters of the proxies."""


def asking(rollout: Rollout) -> list[Gate]:
    """The gates but those of rates in steps that mirror: the servers themselves count copies."""
    return [
        gate
        for index, step in enumerate(rollout.steps)
        for gate in rollout.gates_of(index)
        if step.mirror is None or gate.kind not in RATES
    ]


class Evidence:
    """What the gates of a rollout are judged by. ``prometheus`` may be None where no gate needs it."""

    def __init__(self, rollout: Rollout, prometheus: Prometheus | None, copies: Copies) -> None:
        self._rollout, self._prometheus, self._copies = rollout, prometheus, copies

    def begin(self, state: State) -> dict[str, Any]:
        """Counters that start from now. Raises ClusterError."""
        gates = self._rollout.gates_of(state.step)
        boundaries = _boundaries(gates)
        if self._mirrors(state):
            return self._copies.begin(state.baseline, boundaries)
        return asdict(Counters(self._clock(), self._series(state), boundaries))

    def look(self, state: State) -> Seen:
        """One round. Without an answer of Prometheus, or of a server that gets copies, there is no window, and the notes say why. Raises ClusterError."""
        asked = len(self._prometheus.asked) if self._prometheus else 0
        seen = self._look(state)
        return replace(seen, queries=self._prometheus.asked[asked:]) if self._prometheus else seen

    def _look(self, state: State) -> Seen:
        gates = self._rollout.gates_of(state.step)
        last = window_of(state.window) if state.window else Window(0.0)
        try:
            counters, candidate, baseline = self._counted(state)
        except (PrometheusError, Unseen) as error:
            return Seen(time.time(), notes=[str(error)])
        except Crashed as error:
            return Seen(time.time(), refused=str(error))
        now, notes = time.time(), list[str]()
        values = {
            gate.name: looked(gate, last.values.get(gate.name, []), self._value(gate, state, notes))
            for gate in gates
            if gate.kind == "promql"
        }
        over = now >= state.since + self._rollout.hold_of(state.step)
        answers = {
            gate.name: self._answer(gate, state) for gate in gates if over and gate.kind in ("webhook", "command")
        }
        window = Window(now - state.moved, candidate, baseline, values, answers)
        return Seen(now, window=asdict(window), counters=counters, notes=notes)

    def queries(self, state: State) -> list[str]:
        """What Prometheus is asked in the holds of the plan: once a look for all rates, and once for each gate with a query of its own."""
        if self._prometheus is None:
            return []
        gates, now = asking(self._rollout), time.time()
        words = self._words(replace(state, moved=now - self._rollout.hold))
        own = [filled(gate, words) for gate in gates if gate.kind == "promql"]
        counters = Counters(now, self._series(state), _boundaries(gates))
        counted = [self._prometheus.asks(counters, now)] if any(gate.kind in RATES for gate in gates) else []
        return list(dict.fromkeys([*counted, *own]))

    def _mirrors(self, state: State) -> bool:
        return self._rollout.steps[state.step].mirror is not None

    def _counted(self, state: State) -> tuple[dict[str, Any], Counts, Counts]:
        """The counters as they are now, and what candidate and baseline answered."""
        if self._mirrors(state):
            return self._copies.look(state.counters, state.baseline)
        counters = Counters(**state.counters)
        if self._prometheus and any(gate.kind in RATES for gate in self._rollout.gates_of(state.step)):
            counters = self._prometheus.look(counters)
        candidate, baseline = (counts(counters, version) for version in self._series(state))
        return asdict(counters), candidate, baseline

    def _series(self, state: State) -> dict[str, dict[str, str]]:
        """The labels of the series of candidate and baseline, in this order."""
        rollout, both = self._rollout, (self._rollout.candidate, state.baseline)
        if state.foreign:
            return {version: state.foreign["series"][version] for version in both}
        hosts = {version: names.host(names.version(rollout.name, version), rollout.namespace) for version in both}
        return {version: {"destination_service": host} for version, host in hosts.items()}

    def _clock(self) -> float:
        """The time by the clock that stamps the samples; this host's where that one is out of reach."""
        try:
            return self._prometheus.time() if self._prometheus else time.time()
        except PrometheusError:
            return time.time()

    def _value(self, gate: Gate, state: State, notes: list[str]) -> float | None:
        """What a query gives; None where it gives nothing that could be judged, and the notes say why."""
        if self._prometheus is None:
            return None
        try:
            return self._prometheus.value(filled(gate, self._words(state)))
        except PrometheusError as error:
            notes.append(f"gate {gate.name}: {error}")
            return None

    def _answer(self, gate: Gate, state: State) -> dict[str, Any]:
        words = {**self._words(state), "weight": f"{state.tenths / 10:g}", "rollout": state.id}
        return call(gate, words) if gate.kind == "webhook" else run(gate, words)

    def _words(self, state: State) -> dict[str, str]:
        rollout = self._rollout
        candidate, baseline = (labels["destination_service"] for labels in self._series(state).values())
        return {
            "model": rollout.name,
            "namespace": rollout.namespace,
            "candidate": rollout.candidate,
            "baseline": state.baseline,
            "candidate_service": candidate,
            "baseline_service": baseline,
            "interval": f"{max(1, int(time.time() - state.moved))}s",
        }


def _boundaries(gates: Iterable[Gate]) -> list[float]:
    """The boundaries of latency gates, in ms."""
    return sorted({gate.boundary for gate in gates if gate.kind == "latency"})
