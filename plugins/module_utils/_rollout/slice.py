# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""One slice of a rollout: takes the Lease, drives for a while, and says where the rollout stands then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .._cluster.client import Client
from .._cluster.errors import ClusterError
from .._prometheus import Prometheus
from .._spec.errors import SpecError
from .._spec.rollout import Rollout
from .acts import Acts
from .begin import refuse_other
from .copies import Copies
from .driver import AGAIN, MARGIN, Driver
from .evidence import Evidence
from .lease import Held, Lease
from .machine import ABORT
from .state import PAUSED, State, digest, live_rule
from .store import Kept, load, save, wish
from .tell import BRIEF, TIMEOUT, Tell
from .words import standing

T = TypeVar("T")
Result = dict[str, Any]
REFUSED = (401, 403)
STARTING = 15.0
"""Seconds in which an API server that was just started may not know anybody's rights yet."""

REACT = 5.0
"""Seconds that a driver has to carry an abort out, before whoever asks for it takes over."""


def patiently(work: Callable[[], T], patience: float) -> T:
    """What ``work`` returns, tried again for ``patience`` seconds while the API server is away. Raises ClusterError.

    One that was just started may refuse everybody for a moment, until it has read who may do what.
    """
    until = time.monotonic() + patience
    known = time.monotonic() + min(patience, STARTING)
    while True:
        try:
            return work()
        except Held:
            raise
        except ClusterError as error:
            now = time.monotonic()
            if not error.status or error.status >= 500:
                known = now + min(patience, STARTING)
            elif error.status not in REFUSED or now >= known:
                raise
            if now >= until:
                raise
            time.sleep(AGAIN)


def drive(
    client: Client,
    params: Mapping[str, Any],
    kept: Kept,
    rollout: Rollout,
    prometheus: Prometheus | None,
    holder: str,
    wished: str = "",
) -> Result:
    """Drive for a slice. ``wished``: the state that was asked for in place of the rollout's end. Raises Held, ClusterError, SpecError."""
    lease = Lease(client, rollout.namespace, rollout.name, holder)
    began = time.time()
    if wished == "aborted":
        _react(client, kept.state)
        lease.take(0, by_force=True)
    else:
        patiently(lambda: lease.take(params["lease_timeout"]), params["patience"])
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
        late = not wished and abandoned(kept.state, began)
        if late:  # anybody's next slice takes the traffic back, whatever its own plan is
            rollout, prometheus = kept.state.rollout, None
        elif not wished:
            refuse_other(kept.state, rollout)
        tell = Tell(client, rollout, params.get("notify"))
        driver = Driver(
            client,
            kept,
            lambda: Acts(client, rollout, Evidence(rollout, prometheus, Copies(client, rollout)), kept.state.foreign),
            lease,
            tell,
            params["slice_due"] if params["slice"] else params["slice_seconds"] + MARGIN,
        )
        if late:
            due = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(driver.state.due))
            why = f"it was abandoned: its next slice was due at {due}"
            wish(client, rollout.namespace, rollout.name, kept.state.id, ABORT, why)
        if driver.state.phase == PAUSED and not wished:
            driver.resume()
        driver.drive(began + params["slice_seconds"], telling=params["until_event"])
        done = driver.state.over or driver.state.phase == PAUSED
        tell.finish(TIMEOUT if done or params["slice"] else BRIEF)
        said = {"changed": bool(driver.lines), "done": done, "lines": driver.lines}
        warnings = list(dict.fromkeys(tell.failed))
        return {**summary(driver.state), **reported(driver.kept, params), **said, "warnings": warnings}
    except SpecError:
        done = True
        raise
    finally:
        lease.stop(release=done or params["slice"] or not params["holder"])


def await_driver(client: Client, params: Mapping[str, Any], state: State, phase: str) -> Result:
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
    return {**summary(state), "changed": True, "done": done, "lines": []}


def summary(state: State) -> Result:
    rollout = state.rollout
    return {
        "name": rollout.name,
        "namespace": rollout.namespace,
        "id": state.id,
        "plan_digest": digest(state.plan),
        "rule": {"before": state.before, "after": str(live_rule(state))},
        "verdicts": state.verdicts,
        **standing(state, time.time()),
    }


def reported(kept: Kept, params: Mapping[str, Any]) -> Result:
    """What the files of a report are made of, where they are wanted."""
    return {"report": {"state": kept.state.to_json(), "record": kept.record}} if params.get("report_dir") else {}


def abandoned(state: State, now: float) -> bool:
    """Whether nobody went on with a rollout in time, and its plan says that its traffic is to be taken back then."""
    return state.rollout.on_abandoned == "abort" and state.overdue(now)


def _react(client: Client, state: State) -> None:
    """Give a driver that is at work the time to notice an abort and to end; one that was killed does not, and is not waited for longer."""
    deadline = time.time() + REACT
    while time.time() < deadline:
        kept = load(client, state.rollout.namespace, state.rollout.name)
        if kept is None or kept.state.id != state.id or kept.state.over:
            return
        time.sleep(0.5)
