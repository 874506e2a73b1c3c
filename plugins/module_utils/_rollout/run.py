# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the module ``rollout`` does: one slice of a rollout, or a wish for the one that is under way."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Any

from .._cluster.client import Client
from .._cluster.read import get
from .._prometheus import Prometheus
from .._spec import names
from .._spec.check import DNS_LABEL, SERVICE_NAME
from .._spec.errors import Collector, did_you_mean, wrong
from .._spec.prometheus import PROMETHEUS
from .._spec.record import keys
from .._spec.rollout import Rollout, read_rollout
from .._spec.rule import WHOLE, Rule, read_rule
from .acts import Acts
from .driver import Driver
from .evidence import RATES, Evidence
from .lease import Held, Lease
from .machine import ABORT, PAUSE, PROMOTE
from .routes import Routes
from .state import ABORTED, ABORTING, COMPLETE, PAUSED, State, begin, digest, rule_at
from .store import Kept, load, save, wish
from .tell import Tell
from .words import plan as plan_text
from .words import status

Result = dict[str, Any]
WISHES = {"aborted": ABORT, "paused": PAUSE, "promoted": PROMOTE}
REACT = 5.0
"""Seconds that a driver has to notice an abort, before whoever asks for it takes over."""


def run_rollout(client: Client, params: Mapping[str, Any], check: bool) -> Result:
    """The module's result. Raises SpecError and ClusterError."""
    namespace, name = _address(params)
    kept = load(client, namespace, name)
    holder = params["holder"] or f"{socket.gethostname()}-{os.getpid()}"
    if params["state"] != "complete":
        return _wanted(client, params, kept, holder, check)
    rollout, prometheus = _read(params, client)
    if kept is None or kept.state.over:
        if check or kept is None or not _restarted(kept, rollout, params["restart"]):
            before, undo = _may_begin(client, rollout, prometheus)
            if before.share(rollout.candidate) == WHOLE:
                return {
                    "changed": False,
                    "done": True,
                    "lines": [],
                    "msg": f"{rollout.candidate} has 100 percent already",
                }
            if check:
                queries = [
                    gate.query for index in range(len(rollout.steps)) for gate in rollout.gates_of(index) if gate.query
                ]
                text = plan_text(rollout, before, list(dict.fromkeys(queries)))
                return {
                    "changed": True,
                    "done": True,
                    "lines": [],
                    "plan": text.splitlines(),
                    "diff": {"prepared": text},
                }
            kept = Kept(begin(rollout, before, undo, time.time()), [], kept.resource_version if kept else None)
    elif digest(kept.state.plan) != digest(rollout.to_json()):
        raise wrong(_other_plan(kept.state))
    if check:
        return {**_summary(kept.state), "changed": not kept.state.over, "done": True, "lines": []}
    return _drive(client, params, kept, rollout, prometheus, holder)


def _restarted(kept: Kept, rollout: Rollout, restart: bool) -> bool:
    """Whether a rollout that has ended stays the last word. Raises SpecError for one that was aborted, where ``restart`` is not given."""
    state = kept.state
    if state.phase == ABORTED and digest(state.plan) == digest(rollout.to_json()) and not restart:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(state.ended))
        raise wrong(
            f"this rollout of {rollout.candidate} was aborted at {when}: {state.reason}. Give restart: true to try the same again, "
            "or change the plan"
        )
    return False


def _address(params: Mapping[str, Any]) -> tuple[str, str]:
    problems = Collector()
    namespace = problems.run("namespace", lambda: DNS_LABEL(params["namespace"]))
    name = problems.run("name", lambda: SERVICE_NAME(params["name"]))
    problems.finish()
    return str(namespace), str(name)


def _read(params: Mapping[str, Any], client: Client) -> tuple[Rollout, Prometheus | None]:
    rollout = read_rollout({name: params.get(name) for name in keys(Rollout)})
    problems = Collector()
    given = params.get("prometheus")
    options = None if given is None else problems.run("prometheus", lambda: PROMETHEUS(given))
    asking = sorted(
        {
            gate.name
            for index in range(len(rollout.steps))
            for gate in rollout.gates_of(index)
            if gate.kind in (*RATES, "promql")
        }
    )
    if asking and given is None:
        problems.add(
            "prometheus", f"is required by the gates {', '.join(asking)}; write its url, or its service in the cluster"
        )
    problems.finish()
    return rollout, Prometheus(options, client) if options else None


def _may_begin(client: Client, rollout: Rollout, prometheus: Prometheus | None) -> tuple[Rule, Rule | None]:
    """The rule from before and the one that it would be undone to. Raises SpecError where the rollout cannot be."""
    _found, live = Routes(client, rollout.namespace, rollout.name).read()
    name = names.version(rollout.name, rollout.candidate)
    deployment = get(client, "Deployment", rollout.namespace, name)
    if deployment is None:
        raise wrong(
            f"candidate: version {rollout.candidate} of {rollout.namespace}/{rollout.name} is not deployed; deploy it without traffic first "
            f"(tfserving.istio.model). {did_you_mean(rollout.candidate, live.rule.versions)}"
        )
    args = deployment["spec"]["template"]["spec"]["containers"][0].get("args") or ()
    if not any(str(word).startswith("--model_config_file=") for word in args):
        raise wrong(
            f"candidate: version {rollout.candidate} does not pin model_version, so TensorFlow Serving would load whatever integer appears "
            "under its base path, past the rollout; write model_version and deploy it again"
        )
    boundaries = [
        gate.boundary
        for index in range(len(rollout.steps))
        for gate in rollout.gates_of(index)
        if gate.kind == "latency"
    ]
    if prometheus and boundaries:
        prometheus.check_boundaries(boundaries)
    return live.rule, live.record.previous


def _other_plan(state: State) -> str:
    return (
        f"another rollout is under way: {state.rollout.candidate} is {state.phase} at {state.tenths / 10:g} percent, step {state.step + 1} of "
        f"{len(state.rollout.steps)}, and its plan is not this one. Run it with its own plan to go on, or abort it first: "
        f"ansible-playbook tfserving.istio.abort -e model={state.rollout.name} -e model_namespace={state.rollout.namespace}"
    )


def _wanted(client: Client, params: Mapping[str, Any], kept: Kept | None, holder: str, check: bool) -> Result:
    """A wish for the rollout that is under way: left for its driver, and granted here where there is none."""
    namespace, name = params["namespace"], params["name"]
    ended = {"aborted": ABORTED, "promoted": COMPLETE, "paused": PAUSED}[params["state"]]
    if kept is not None and kept.state.phase == ended:
        return {**_summary(kept.state), "changed": False, "done": True, "lines": []}
    if kept is None or kept.state.over:
        if params["state"] == "aborted":
            return {
                "changed": False,
                "done": True,
                "lines": [],
                "msg": f"no rollout of {namespace}/{name} is under way",
            }
        raise wrong(f"no rollout of {namespace}/{name} is under way, so there is none to be {params['state']}")
    if check:
        return {**_summary(kept.state), "changed": True, "done": True, "lines": []}
    why = params["reason"] or f"asked for by {holder}"
    wish(client, namespace, name, kept.state.id, WISHES[params["state"]], why)
    rollout = kept.state.rollout
    try:
        return _drive(client, params, kept, rollout, None, holder, wished=params["state"])
    except Held:
        return _await(client, params, kept.state, ended)


def _await(client: Client, params: Mapping[str, Any], state: State, phase: str) -> Result:
    """Another driver renews its Lease: wait until it has granted the wish."""
    deadline = time.time() + params["slice_seconds"]
    while time.time() < deadline:
        kept = load(client, params["namespace"], params["name"])
        if kept is None or kept.state.id != state.id:
            break
        state = kept.state
        if state.phase == phase or state.over:
            break
        time.sleep(0.5)
    done = state.phase == phase or state.over
    return {**_summary(state), "changed": True, "done": done, "lines": []}


def _drive(
    client: Client,
    params: Mapping[str, Any],
    kept: Kept,
    rollout: Rollout,
    prometheus: Prometheus | None,
    holder: str,
    wished: str = "",
) -> Result:
    lease = Lease(client, rollout.namespace, rollout.name, holder)
    began = time.time()
    if wished == "aborted":
        _react(client, kept.state)
        lease.take(0, by_force=True)
    else:
        lease.take(params["lease_timeout"])
    lease.renew()
    done = False
    try:
        current = load(client, rollout.namespace, rollout.name)  # as it is now that nobody else writes it
        if current is not None and current.state.id == kept.state.id:
            kept = current
        elif kept.record or kept.resource_version != (current.resource_version if current else None):
            raise Held(f"another rollout of {rollout.name} has begun meanwhile; run again")
        else:
            kept = save(client, kept)
        tell = Tell(client, rollout, params.get("notify"))
        driver = Driver(client, kept, lambda: Acts(client, rollout, Evidence(rollout, prometheus)), lease, tell)
        if not wished and _abandoned(driver.state, began):
            late = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(driver.state.due))
            wish(client, rollout.namespace, rollout.name, kept.state.id, ABORT, f"it was abandoned: its next slice was due at {late}")
        if driver.state.phase == PAUSED and not wished:
            driver.resume()
        driver.drive(began + params["slice_seconds"])
        done = driver.state.over or driver.state.phase == PAUSED
        return _result(driver, done, bool(done or params.get("report_dir")))
    finally:
        lease.stop(release=done or params["slice"] or not params["holder"])


def _abandoned(state: State, now: float) -> bool:
    """Whether nobody went on with a rollout in time, and its plan says that its traffic is to be taken back then."""
    return state.rollout.on_abandoned == "abort" and 0 < state.due < now


def _react(client: Client, state: State) -> None:
    """Give a driver that is at work the time to notice an abort; one that was killed does not, and is not waited for."""
    deadline = time.time() + REACT
    while time.time() < deadline:
        kept = load(client, state.rollout.namespace, state.rollout.name)
        if kept is None or kept.state.id != state.id or kept.state.phase in (ABORTING, ABORTED):
            return
        time.sleep(0.5)


def _result(driver: Driver, done: bool, report: bool) -> Result:
    state = driver.state
    result = {**_summary(state), "changed": bool(driver.lines), "done": done, "lines": driver.lines}
    if report:
        result["report"] = {"state": state.to_json(), "record": driver.kept.record}
    return result


def _summary(state: State) -> Result:
    rollout = state.rollout
    rule = _rule_now(state)
    return {
        "name": rollout.name,
        "namespace": rollout.namespace,
        "candidate": rollout.candidate,
        "baseline": state.baseline,
        "id": state.id,
        "phase": state.phase,
        "step": state.step + 1,
        "steps": len(rollout.steps),
        "weight": state.tenths / 10,
        "rule": {"before": state.before, "after": str(rule)},
        "reason": state.reason,
        "verdicts": state.verdicts,
        "due": state.due,
        "status": status(state, time.time()),
    }


def _rule_now(state: State) -> Rule:
    """The rule that is live, as the state has it."""
    before = read_rule(state.before)
    candidate = state.rollout.candidate
    return before if state.tenths == before.share(candidate) else rule_at(before, candidate, state.tenths)
