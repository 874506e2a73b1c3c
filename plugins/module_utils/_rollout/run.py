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
from .._prometheus import Prometheus
from .._spec.check import DNS_LABEL, SERVICE_NAME
from .._spec.errors import Collector, wrong
from .._spec.rollout import RULE, Rollout
from .._spec.rule import WHOLE, read_rule
from .begin import may_begin, read, refuse_again, refuse_other, stands
from .copies import Copies
from .evidence import Evidence
from .foresee import foresee, foresee_return
from .lease import Held
from .machine import ABORT, PAUSE, PROMOTE
from .plan import back as back_text
from .plan import plan as plan_text
from .slice import Result, abandoned, await_driver, drive, patiently, reported, summary
from .state import ABORTED, ABORTING, COMPLETE, PAUSED, PROMOTING, State, begin, digest
from .store import Kept, load, wish
from .words import status

WISHES = {"aborted": ABORT, "paused": PAUSE, "promoted": PROMOTE}

TOO_LATE = {"paused": (PROMOTING, ABORTING), "promoted": (ABORTING,)}
"""Phases in which a wish changes nothing any more."""


def run_rollout(client: Client, params: Mapping[str, Any], check: bool) -> Result:
    """The module's result. Raises SpecError and ClusterError."""
    namespace, name = _address(params)
    kept = patiently(lambda: load(client, namespace, name), params["patience"])
    if params["state"] == "reported":
        return _reported(params, kept)
    holder = params["holder"] or f"{socket.gethostname()}-{os.getpid()}"
    if params["state"] != "complete":
        return _wanted(client, params, kept, holder, check)
    rollout, prometheus = read(params, client)
    if kept is not None and not kept.state.over:
        # Anybody's next slice takes the traffic of an abandoned one back, whatever its own plan is.
        lost = abandoned(kept.state, time.time())
        if not lost:
            refuse_other(kept.state, rollout)
        if check:
            back = lost or kept.state.phase == ABORTING
            planned = _returned(client, kept.state) if back else _planned(client, kept.state, rollout, prometheus)
            return {**summary(kept.state), **planned}
        return drive(client, params, kept, rollout, prometheus, holder)
    before, undo, foreign = stands(client, rollout)
    if before.share(rollout.candidate) == WHOLE:
        rule = {"before": str(before), "after": str(before)}
        return {**_nothing(f"{rollout.candidate} has 100 percent already"), "rule": rule}
    may_begin(client, rollout, prometheus, before)
    if kept is not None and not params["restart"]:
        refuse_again(kept.state, rollout)
    state = begin(rollout, before, undo, time.time(), foreign)
    if check:
        return _planned(client, state, rollout, prometheus)
    new = Kept(state, [], kept.resource_version if kept else None)
    return drive(client, params, new, rollout, prometheus, holder)


def _planned(client: Client, state: State, rollout: Rollout, prometheus: Prometheus | None) -> Result:
    """The plan of what is still to be done; nothing is written."""
    evidence = Evidence(rollout, prometheus, Copies(client, rollout))
    return _shown(state, plan_text(rollout, read_rule(state.before), foresee(client, rollout, state, evidence)))


def _returned(client: Client, state: State) -> Result:
    """The same for a rollout whose traffic is to be taken back."""
    return _shown(state, back_text(state, foresee_return(client, state)))


def _shown(state: State, text: str) -> Result:
    plan = {"plan": text.splitlines(), "plan_digest": digest(state.plan), "diff": {"prepared": text}}
    return {"changed": True, "done": True, "lines": [], **plan}


def _wanted(client: Client, params: Mapping[str, Any], kept: Kept | None, holder: str, check: bool) -> Result:
    """A wish for the rollout that is under way: left for its driver, and granted here where there is none."""
    namespace, name = params["namespace"], params["name"]
    ended = {"aborted": ABORTED, "promoted": COMPLETE, "paused": PAUSED}[params["state"]]
    if kept is not None and kept.state.phase == ended:
        return {**summary(kept.state), "changed": False, "done": True, "lines": []}
    if kept is None or kept.state.over:
        if params["state"] == "aborted":
            return _nothing(f"no rollout of {namespace}/{name} is under way")
        raise wrong(f"no rollout of {namespace}/{name} is under way, so there is none to be {params['state']}")
    if kept.state.phase in TOO_LATE.get(params["state"], ()):
        raise wrong(
            f"the rollout of {namespace}/{name} cannot be {params['state']} any more, it is {kept.state.phase}: {status(kept.state, time.time())}"
        )
    if check:
        return {**summary(kept.state), "changed": True, "done": True, "lines": []}
    why = params["reason"] or f"asked for by {holder}"
    wish(client, namespace, name, kept.state.id, WISHES[params["state"]], why)
    rollout = kept.state.rollout
    try:
        result = drive(client, params, kept, rollout, None, holder, wished=params["state"])
    except Held:
        result = await_driver(client, params, kept.state, ended)
    if ended == ABORTED and result["phase"] == COMPLETE:
        raise wrong(
            f"the rollout of {namespace}/{name} was complete before it could be aborted: {rollout.candidate} has 100 percent. To go back: "
            + ("tfserving.istio.traffic with state: previous" if rollout.manage == RULE else "move the weights back")
        )
    return result


def _reported(params: Mapping[str, Any], kept: Kept | None) -> Result:
    """The last rollout as it stands, whoever drives it or drove it."""
    if kept is None:
        raise wrong(
            f"nothing is kept of a rollout of {params['namespace']}/{params['name']}, so there is nothing to report"
        )
    return {**summary(kept.state), **reported(kept, params), "changed": False, "done": True, "lines": []}


def _nothing(why: str) -> Result:
    return {"changed": False, "done": True, "lines": [], "msg": why}


def _address(params: Mapping[str, Any]) -> tuple[str, str]:
    problems = Collector()
    namespace = problems.run("namespace", lambda: DNS_LABEL(params["namespace"]))
    name = problems.run("name", lambda: SERVICE_NAME(params["name"]))
    problems.finish()
    return str(namespace), str(name)
