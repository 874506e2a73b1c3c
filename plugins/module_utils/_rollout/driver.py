# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Drives a rollout for one slice of time: carries out what the state machine says, keeps what was seen, grants wishes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from .._cluster.client import Client
from .._cluster.errors import ClusterError, Conflict
from .acts import Acts
from .eyes import Eyes
from .lease import Held, Lease
from .machine import ABORT, PAUSE, PREPARE, PROMOTE, REST, RESUME, TAKE_BACK, Seen, action, advance
from .permit import Stopped
from .record import entry
from .state import ABORTING, State
from .store import Kept, forget, load, save
from .words import event

T = TypeVar("T")

AGAIN = 1.0
"""Seconds before an action that could not be carried out is tried again."""

GIVE_UP = 120.0
"""Seconds without an API server after which a run ends; the next one continues."""

MARGIN = 10.0
"""Seconds after which the next slice of a run that goes on is late."""


class Driver:
    """One run's hold on a rollout. ``lines`` collects what happened, ``tell`` is called with each line that decides something.

    ``margin``: seconds after the end of a slice, or after what is to be done next, by which the next slice is due.
    """

    def __init__(
        self,
        client: Client,
        kept: Kept,
        acts: Callable[[], Acts],
        lease: Lease,
        tell: Callable[[State, str], None],
        margin: float = MARGIN,
    ) -> None:
        self._client, self._make_acts, self._lease, self._tell, self._margin = client, acts, lease, tell, margin
        self.kept, self.lines = kept, list[dict[str, Any]]()
        self._acts, self._unfinished = self._fenced(), Seen(0.0)
        rollout = kept.state.rollout
        self._eyes = Eyes(client, rollout.namespace, rollout.name, kept.state.id)

    @property
    def state(self) -> State:
        return self.kept.state

    def resume(self) -> None:
        """Go on after a pause."""
        self._granted({kind: why for kind, why in self._eyes.wishes().items() if kind == PAUSE})
        self._advance(RESUME, Seen(time.time(), wish=RESUME))

    def drive(self, until: float, telling: bool = False) -> None:
        """Go on until the rollout ends, rests, or the time ``until`` (seconds since the epoch) comes. Raises Held, ClusterError.

        ``telling``: what has happened is waited for, so go on no longer than there is something to do at once.
        """
        try:
            while not self.state.over:
                if self._lease.taken.is_set():
                    raise Held(f"another driver took the Lease {self._lease.name} over; run again to go on")
                if self._lease.unsure.is_set():
                    self._wait_for_lease()
                    continue
                wish = self._wish()
                if wish:
                    made = self._eyes.wishes()
                    self._advance(wish.wish, wish)
                    if wish.wish != ABORT:
                        self._granted(made)
                    continue
                kind, due = action(self.state)
                now = time.time()
                if kind == REST or now >= until or (telling and self.lines and (due > now or self.state.trouble)):
                    break
                if due > now:
                    self._eyes.wait(min(due, until) - now)
                    continue
                seen = self._carry_out(kind, until)
                if seen is None:
                    continue
                self._advance(kind, seen)
                if seen.trouble:
                    self._gave_up(seen)
                    self._eyes.wait(AGAIN)
        finally:
            self._eyes.close()
            self._acts.stop()  # a task's time-out ends this thread alone
        self._save(replace(self.state, due=self._due()))

    def _wish(self) -> Seen | None:
        """The strongest wish that changes anything."""
        wishes = self._eyes.wishes()
        for kind in (ABORT, PROMOTE, PAUSE):
            if kind in wishes:
                seen = Seen(time.time(), wish=kind, notes=[wishes[kind]])
                if advance(self.state, seen) != self.state:
                    return seen
        return None

    def _granted(self, made: dict[str, str]) -> None:
        """Take wishes back whose time is over: one that was left would come true again. What was made since stays. Raises ClusterError."""
        now = self._eyes.wishes()
        stale = [kind for kind in (PAUSE, PROMOTE) if kind in made and now.get(kind) == made[kind]]
        if stale:
            rollout = self.state.rollout
            _again(lambda: forget(self._client, rollout.namespace, rollout.name, *stale))
            self._eyes.granted(*stale)

    def _carry_out(self, kind: str, until: float) -> Seen | None:
        """What was seen; None where a wish came first. Then nothing of the action is written any more.

        The end of a slice ends what only waits.
        """
        if kind == TAKE_BACK:
            return self._acts.carry_out(kind, self.state)
        found: list[Seen] = []

        def work(acts: Acts, state: State) -> None:
            try:
                found.append(acts.carry_out(kind, state))
            except (Stopped, Held):
                return
            except Exception as error:  # a fault of ours must not leave a rollout without a driver
                found.append(Seen(time.time(), trouble=f"{type(error).__name__}: {error}"))

        worker = threading.Thread(target=work, args=(self._acts, self.state), daemon=True)
        worker.start()
        while worker.is_alive():
            worker.join(0.05)
            late = kind == PREPARE and time.time() >= until
            if self._wish() is not None or self._lease.taken.is_set() or late:
                self._acts.stop()
                worker.join(0.05)  # it may have ended in this moment
                acts, self._acts = self._acts, self._fenced()
                if found:
                    break
                self._unfinished = acts.noted(self._unfinished)
                return Seen(time.time(), intent="the slice ended") if late else None
        return found[0] if found else None

    def _fenced(self) -> Acts:
        acts = self._make_acts()
        acts.fence(self._lease.confirm)
        return acts

    def _advance(self, kind: str, seen: Seen) -> None:
        left, self._unfinished = self._unfinished, Seen(0.0)
        seen = replace(
            seen,
            patches=[*left.patches, *seen.patches],
            wrote=seen.wrote or left.wrote,
        )
        before, after = self.state, advance(self.state, seen)
        line = event(kind, before, seen, after)
        made = entry(kind, before, seen, after, line)
        self.kept = replace(self.kept, state=after, record=[*self.kept.record, made])
        if line:
            self.lines.append({"at": seen.now, "line": line})
        if made["decided"] or line or (after.restore, after.wrote) != (before.restore, before.wrote):
            self._save(replace(after, due=self._due()))
        if line and (made["decided"] or seen.trouble):
            self._tell(after, line)

    def _save(self, state: State) -> None:
        """Write the state, waiting for an API server that is away. Raises Held where another driver has written."""
        self.kept = replace(self.kept, state=state)

        def write() -> Kept:
            try:
                return save(self._client, self.kept)
            except Conflict:
                there = self._loaded()
                if there is None or there.state != state:  # else it was this very write, whose answer was lost
                    raise Held(f"another driver goes on with the rollout of {state.rollout.name}") from None
                return there

        self.kept = _again(write)

    def _wait_for_lease(self) -> None:
        """Nothing is done while the Lease cannot be renewed: it may be another's before long. Raises ClusterError after a while."""
        until = time.monotonic() + GIVE_UP
        while self._lease.unsure.is_set() and not self._lease.taken.is_set():
            if time.monotonic() > until:
                raise ClusterError(
                    f"the Lease {self._lease.name} could not be renewed for {GIVE_UP:g} s: the API server is away. The rollout stays as it is; "
                    "run again to go on"
                )
            time.sleep(AGAIN)

    def _loaded(self) -> Kept | None:
        rollout = self.state.rollout
        try:
            return load(self._client, rollout.namespace, rollout.name)
        except ClusterError:
            return None

    def _gave_up(self, seen: Seen) -> None:
        """An abort that meets errors goes on until its limit; then whoever reads this has to."""
        state, rollout = self.state, self.state.rollout
        if state.phase == ABORTING and seen.now - state.since > rollout.abort_timeout:
            raise ClusterError(
                f"the abort of {rollout.namespace}/{rollout.name} is not through after {rollout.abort_timeout:g} s: {seen.trouble}. "
                f"Run: ansible-playbook tfserving.istio.abort -e model={rollout.name} -e model_namespace={rollout.namespace}"
            )

    def _due(self) -> float:
        """When the next slice is due at the latest, in seconds since the epoch; 0 for never."""
        kind, due = action(self.state)
        return 0.0 if self.state.over or kind == REST else max(due, time.time()) + self._margin


def _again(work: Callable[[], T]) -> T:
    """What ``work`` returns, tried again while the API server is away. Raises ClusterError after a while, and Held."""
    began = time.monotonic()
    while True:
        try:
            return work()
        except Held:
            raise
        except ClusterError:
            if time.monotonic() - began > GIVE_UP:
                raise
        time.sleep(AGAIN)
