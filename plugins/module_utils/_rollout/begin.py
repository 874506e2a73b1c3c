# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What a rollout needs to begin: a plan, a candidate that is pinned, and evidence to be had."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .._cluster.client import Client
from .._cluster.read import get
from .._prometheus import Prometheus
from .._spec import names
from .._spec.errors import Collector, did_you_mean, wrong
from .._spec.prometheus import PROMETHEUS
from .._spec.record import keys
from .._spec.rollout import RULE, WEIGHTS, Rollout, read_rollout
from .._spec.rule import Rule
from .behind import has_flag
from .evidence import RATES, asking
from .foreign import begin as begin_foreign
from .routes import Routes
from .state import ABORTED, State, digest


def read(params: Mapping[str, Any], client: Client) -> tuple[Rollout, Prometheus | None]:
    """The plan, and Prometheus where its gates need it. Raises SpecError, and ImportError where golden requests need jmespath."""
    rollout = read_rollout({name: params.get(name) for name in keys(Rollout)})
    problems = Collector()
    given = params.get("prometheus")
    options = None if given is None else problems.run("prometheus", lambda: PROMETHEUS(given))
    needing = sorted({gate.name for gate in asking(rollout) if gate.kind in (*RATES, "promql")})
    if needing and given is None:
        problems.add(
            "prometheus", f"is required by the gates {', '.join(needing)}; write its url, or its service in the cluster"
        )
    problems.finish()
    if any(golden.assertion for golden in rollout.golden):
        import_module("jmespath")  # what is missing is named before anything begins, and not tried again and again
    return rollout, Prometheus(options, client) if options else None


def stands(client: Client, rollout: Rollout) -> tuple[Rule, Rule | None, dict[str, Any] | None]:
    """The rule from before, the one that it would be undone to, and what is to be known of a route of somebody else's. Raises SpecError."""
    if rollout.manage == WEIGHTS:
        before, foreign = begin_foreign(client, rollout)
        return before, None, foreign
    _found, live = Routes(client, rollout.namespace, rollout.name).read()
    return live.rule, live.record.previous, None


def may_begin(client: Client, rollout: Rollout, prometheus: Prometheus | None, before: Rule) -> None:
    """Raise SpecError where a rollout from this rule could not be carried out, or not be judged."""
    if rollout.manage == RULE:
        _servable(client, rollout, before)
        _countable(client, rollout, before)
    boundaries = [gate.boundary for gate in asking(rollout) if gate.kind == "latency"]
    if prometheus and boundaries:
        prometheus.check_boundaries(boundaries)


def _servable(client: Client, rollout: Rollout, before: Rule) -> None:
    """The candidate is deployed and pinned, and the first step is one for what it has."""
    name = names.version(rollout.name, rollout.candidate)
    deployment = get(client, "Deployment", rollout.namespace, name)
    if deployment is None:
        raise wrong(
            f"candidate: version {rollout.candidate} of {rollout.namespace}/{rollout.name} is not deployed; deploy it without traffic first "
            f"(tfserving.istio.model). {did_you_mean(rollout.candidate, before.versions)}"
        )
    if not has_flag(deployment["spec"]["template"]["spec"]["containers"][0], "model_config_file"):
        raise wrong(
            f"candidate: version {rollout.candidate} does not pin model_version, so TensorFlow Serving would load whatever integer appears "
            "under its base path, past the rollout; write model_version and deploy it again"
        )
    share = before.share(rollout.candidate)
    if share and rollout.steps[0].weight is None:
        raise wrong(
            f"candidate: {rollout.candidate} has {share / 10:g} percent of the traffic, and the first step is for a version without any: "
            f"{rollout.steps[0]}. Take its share away first (tfserving.istio.traffic), or begin with a weight"
        )


def refuse_again(state: State, rollout: Rollout) -> None:
    """Raise SpecError where the same rollout was aborted: whoever calls it from cron does not mean to try for ever."""
    if state.phase == ABORTED and digest(state.plan) == digest(rollout.to_json()):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(state.ended))
        raise wrong(
            f"this rollout of {rollout.candidate} was aborted at {when}: {state.reason}. Give restart: true to try the same again, "
            "or change the plan"
        )


def refuse_other(state: State, rollout: Rollout) -> None:
    """Raise SpecError where another plan is under way."""
    if digest(state.plan) == digest(rollout.to_json()):
        return
    under_way = state.rollout
    raise wrong(
        f"another rollout is under way: {under_way.candidate} is {state.phase} at {state.tenths / 10:g} percent, step {state.step + 1} of "
        f"{len(under_way.steps)}, and its plan is not this one. Run it with its own plan to go on, or abort it first: "
        f"ansible-playbook tfserving.istio.abort -e model={under_way.name} -e model_namespace={under_way.namespace}"
    )


def _countable(client: Client, rollout: Rollout, before: Rule) -> None:
    """Raise SpecError where copies are to be judged by their rates, and a server does not show its counters."""
    mirrored = [index for index, step in enumerate(rollout.steps) if step.mirror is not None]
    if not any(gate.kind in RATES for index in mirrored for gate in rollout.gates_of(index)):
        return
    for version in (rollout.candidate, before.largest()):
        found = get(client, "Deployment", rollout.namespace, names.version(rollout.name, version))
        server = found["spec"]["template"]["spec"]["containers"][0] if found else {}
        if not has_flag(server, "monitoring_config_file"):
            raise wrong(
                f"steps: version {version} shows no metrics, and copies of requests are judged by TensorFlow Serving's own; deploy it with "
                "prometheus: true, or give the steps with mirror gates of other kinds"
            )
