"""The state machine: driven by what a made-up world shows it."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._render.trial import Cookie, Trial
from ansible_collections.tfserving.istio.plugins.module_utils._rollout import machine
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counts
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.gates import Window
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.machine import Seen, action, advance
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import (
    ABORTED,
    ABORTING,
    COMPLETE,
    DECIDING,
    HOLDING,
    PAUSED,
    PENDING,
    PREPARING,
    PROMOTING,
    PROVING,
    begin,
    live_rule,
    read_state,
    trial_of,
)
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.words import gets
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import read_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule

GOOD, BAD, NONE = (5000, 5), (200, 60), (0, 0)
"""Requests and errors of a candidate that passes, fails, and shows nothing."""


def rollout(**keys):
    plan = {"name": "mnist", "candidate": "v2", "steps": [10, 100], "hold": 10, "gates": ["success_rate"], **keys}
    return begin(read_rollout(plan), read_rule("v1:100"), None, 0.0)


def window(requests, errors, seconds=10.0):
    return asdict(Window(seconds, Counts(requests, errors), Counts(50_000, 50)))


class World:
    """Carries actions out: at once, with what the test has put in place."""

    def __init__(self, state, counts=GOOD):
        self.state, self.counts, self.now, self.acted, self.phases = state, counts, 0.0, [], []

    def run(self, until=(COMPLETE, ABORTED, PAUSED), most=500):
        for _try in range(most):
            if self.state.phase in until:
                return self
            self.step()
        raise AssertionError(f"still {self.state.phase} after {most} actions: {self.acted[-5:]}")

    def step(self, **seen):
        kind, due = action(self.state)
        self.now = max(self.now, due) + 0.01
        look = {"window": window(*self.counts)} if kind == machine.LOOK and self.counts else {}
        served = {"served": [2]} if kind in (machine.PREPARE, machine.CHECK) else {}
        self.see(kind, Seen(self.now, **{**look, **served, **seen}))

    def see(self, kind, seen):
        self.state = read_state(advance(self.state, seen).to_json())  # as it comes back from the cluster
        self.acted.append((kind, self.state.tenths))
        if not self.phases or self.phases[-1] != self.state.phase:
            self.phases.append(self.state.phase)

    def wish(self, kind):
        self.see(kind, Seen(self.now, wish=kind))
        return self


def test_a_good_candidate_takes_every_step():
    world = World(rollout()).run()
    assert [kind for kind, _tenths in world.acted if kind != machine.LOOK] == [
        machine.MARK, machine.PREPARE, machine.PROVE, machine.SHIFT, machine.CHECK,
        machine.PREPARE, machine.SHIFT, machine.CHECK, machine.SHIFT, machine.FINISH,
    ]  # fmt: skip
    assert world.state.phase == COMPLETE and world.state.tenths == 1000
    assert world.now >= 20


def test_a_bad_candidate_is_aborted_before_the_hold_ends():
    world = World(rollout(hold=600), BAD).run()
    assert world.state.phase == ABORTED and world.state.tenths == 0
    assert world.now < 60
    assert "140 of 200" in world.state.reason and "objective of 99 %" in world.state.reason


@pytest.mark.parametrize("counts", [NONE, None])
@pytest.mark.parametrize(
    ("keys", "phase", "least"),
    [
        ({"on_insufficient": "pause"}, PAUSED, 10),
        ({"on_insufficient": "abort"}, ABORTED, 10),
        ({"on_insufficient": "wait", "insufficient_limit": 30}, PAUSED, 40),
        ({"on_insufficient": "wait", "insufficient_limit": 30, "after_limit": "abort"}, ABORTED, 40),
    ],
)
def test_no_evidence_is_neither_pass_nor_failure(counts, keys, phase, least):
    world = World(rollout(**keys), counts).run()
    assert world.state.phase == phase
    assert least <= world.now < least + 10
    assert 1000 not in {tenths for _kind, tenths in world.acted}


def test_evidence_from_before_prometheus_went_away_is_none():
    world = World(rollout(on_insufficient="pause"))
    while not (world.state.phase == HOLDING and world.state.looked > world.state.since):
        world.step()
    world.counts = None
    world.run()
    assert world.state.phase == PAUSED and world.state.tenths == 100


def test_evidence_that_comes_late_is_still_taken():
    world = World(rollout(), NONE)
    while not world.state.patience:
        world.step()
    world.counts = GOOD
    assert world.run().state.phase == COMPLETE


def test_without_gates_only_time_decides():
    assert World(rollout(gates=[]), None).run().state.phase == COMPLETE


def test_a_step_that_pauses_waits_for_a_person_once():
    world = World(rollout(steps=[{"weight": 10, "pause": True}, 100])).run()
    assert world.state.phase == PAUSED and world.state.tenths == 100
    assert world.wish(machine.RESUME).run().state.phase == COMPLETE


def test_an_approval_is_given_by_running_again():
    world = World(rollout(gates=["success_rate", "approval"], steps=[100])).run()
    assert world.state.phase == PAUSED and world.state.awaiting
    assert world.wish(machine.RESUME).run().state.phase == COMPLETE


def test_a_pause_for_want_of_evidence_is_no_approval():
    world = World(rollout(on_insufficient="pause", gates=["success_rate", "approval"], steps=[100]), NONE).run()
    assert world.state.phase == PAUSED and not world.state.awaiting
    world.wish(machine.RESUME)
    world.counts = GOOD
    assert world.run().state.awaiting


def test_another_integer_stops_the_rollout():
    world = World(rollout())
    while world.state.phase != DECIDING:
        world.step()
    world.step(served=[3])
    assert world.state.phase == ABORTING and "serves 3" in world.state.reason and "served 2" in world.state.reason


def test_what_cannot_be_done_is_tried_again_and_then_paused_but_an_abort_never_is():
    world = World(rollout(ready_timeout=5))
    world.step()
    world.step(trouble="the API server is away")
    assert world.state.phase == PREPARING
    world.now += 6
    world.step(trouble="the API server is away")
    assert world.state.phase == PAUSED and world.state.reason == "the API server is away"
    world.wish(machine.ABORT)
    for _try in range(5):
        world.now += 100
        world.step(trouble="the API server is away")
    assert world.state.phase == ABORTING


def test_what_is_refused_before_the_first_shift_moves_nothing():
    world = World(rollout())
    world.step(), world.step()
    world.step(refused="golden request 1 is wrong")
    assert world.run().state.phase == ABORTED
    assert {tenths for _kind, tenths in world.acted} == {0}


@pytest.mark.parametrize("phase", [PENDING, PREPARING, PROVING, HOLDING, DECIDING, PROMOTING])
def test_promotion_goes_to_the_end_from_anywhere_and_still_proves(phase):
    world = World(rollout(), NONE if phase != PROMOTING else GOOD)
    world.run(until=(phase,))
    world.wish(machine.PROMOTE).run()
    kinds = [kind for kind, _tenths in world.acted]
    assert world.state.phase == COMPLETE and machine.PROVE in kinds and kinds.count(machine.SHIFT) >= 2


def test_a_pause_keeps_the_weight_and_the_way_on():
    world = World(rollout()).run(until=(HOLDING,))
    world.step()
    world.wish(machine.PAUSE)
    assert action(world.state) == (machine.REST, float("inf")) and world.state.tenths == 100
    assert world.wish(machine.RESUME).run().state.phase == COMPLETE


@pytest.mark.parametrize("wish", [machine.PAUSE, machine.PROMOTE, machine.ABORT])
def test_a_shift_that_a_wish_has_ended_before_its_proof_is_known_until_the_next_one(wish):
    world = World(rollout()).run(until=(HOLDING,))
    world.state = advance(world.state, Seen(world.now, wish=wish))
    assert gets(world.state) == "0 percent, or 10 percent through gateway Pods that have the new routes already"
    world.wish(machine.RESUME).run()
    assert world.state.over and not world.state.unproved


def test_what_was_paused_can_be_promoted_however_often():
    world = World(rollout(steps=[10, 50, 100])).run(until=(HOLDING,))
    for _time in range(2):
        world.wish(machine.PROMOTE).wish(machine.PAUSE)
        assert world.state.phase == PAUSED and world.state.hurried
    assert world.wish(machine.PROMOTE).run().state.phase == COMPLETE


def test_a_promotion_that_was_paused_by_trouble_asks_no_gate_again():
    world = World(rollout(keep=100)).run(until=(PROMOTING,))
    world.now += 1
    for _try in range(2):
        world.step(trouble="away")
        world.now += 1000
    assert world.state.phase == PAUSED and gets(world.state).startswith("100 percent")
    before = len(world.acted)
    assert world.wish(machine.RESUME).run().state.phase == COMPLETE
    assert machine.LOOK not in [kind for kind, _tenths in world.acted[before:]]


def test_keep_can_still_be_aborted():
    world = World(rollout(keep=100)).run(until=(PROMOTING,))
    world.step()
    assert world.state.tenths == 1000
    assert world.wish(machine.ABORT).run().state.phase == ABORTED
    assert world.state.tenths == 0


MIRROR = {"strategy": "mirror", "steps": [{"mirror": 10}, {"mirror": 100}, 50, 100]}
TESTERS = {"match": [{"header": "x-tester", "exact": "yes"}]}
AB = {"strategy": "ab", "steps": [TESTERS, {"weight": 20, "sticky": "variant", "pause": True}, 100]}


def test_copies_give_no_share_and_their_evidence_is_asked_for():
    world = World(rollout(**MIRROR)).run()
    shifts = [tenths for kind, tenths in world.acted if kind == machine.SHIFT]
    assert shifts == [0, 0, 500, 1000, 1000]
    assert world.state.phase == COMPLETE and world.now >= 40
    assert World(rollout(**MIRROR, on_insufficient="abort"), NONE).run().state.step == 0


def test_a_candidate_that_fails_on_copies_never_gets_a_share():
    world = World(rollout(**MIRROR, hold=600), BAD).run()
    assert world.state.phase == ABORTED and world.now < 60
    assert {tenths for _kind, tenths in world.acted} == {0}


def test_a_server_that_ends_under_copies_ends_the_rollout():
    world = World(rollout(**MIRROR)).run(until=(HOLDING,))
    world.step()
    world.step(refused="Pod a of v2 was restarted once while it got copies")
    assert world.state.phase == ABORTING and "restarted once" in world.state.reason


def test_an_ab_test_waits_for_a_person_and_then_all_get_the_candidate():
    world = World(rollout(**AB)).run()
    assert (world.state.phase, world.state.step, world.state.tenths) == (PAUSED, 1, 200)
    assert gets(world.state) == "20 percent of the callers, by cookie variant"
    assert world.wish(machine.RESUME).run().state.phase == COMPLETE
    assert gets(world.state) == "100 percent" and trial_of(world.state) is None


@pytest.mark.parametrize("plan", [MIRROR, AB])
@pytest.mark.parametrize("wish", [machine.ABORT, machine.PROMOTE, machine.PAUSE])
def test_what_is_live_is_known_from_the_state_alone(plan, wish):
    world = World(rollout(**plan))
    assert gets(world.state) == "0 percent" and world.state.trial is None
    world.run(until=(HOLDING,)).step()
    first = str(world.state.rollout.steps[0])
    assert gets(world.state) == first and str(live_rule(world.state)) == "v1:100"
    world.wish(wish)
    assert gets(world.state) == first, "until something else is written"
    world.run()
    ended = {machine.ABORT: "0 percent", machine.PROMOTE: "100 percent", machine.PAUSE: first}
    assert gets(world.state) == ended[wish]


def test_a_cookie_is_of_one_rollout_and_lasts_for_the_hold():
    state = replace(rollout(**AB), step=1)
    assert trial_of(state) == Trial("v2", cookie=Cookie("variant", state.id, 10.0))
    assert trial_of(replace(state, step=0)) == Trial("v2", match=state.rollout.steps[0].match)
    assert trial_of(rollout(**MIRROR)) == Trial("v2", mirror=10.0)


EVENTS = st.sampled_from(
    [GOOD, BAD, NONE, None, machine.ABORT, machine.PAUSE, machine.PROMOTE, machine.RESUME, "trouble", "refused"]
)


PLANS = [
    {"steps": [1, 10, 50, 100]},
    {"strategy": "mirror", "steps": [{"mirror": 10}, {"mirror": 100}, 1, 10, 50, 100]},
    {"strategy": "ab", "steps": [TESTERS, {"weight": 10, "sticky": "variant"}, 100]},
]


@given(st.sampled_from(PLANS), st.lists(EVENTS, max_size=40))
def test_whatever_comes_the_weight_rises_by_evidence_only_and_an_abort_wins(plan, events):
    world = World(rollout(**plan, hold=5))
    aborted = False
    for event in events:
        before = world.state
        if isinstance(event, str) and event not in ("trouble", "refused"):
            world.wish(event)
            aborted = aborted or (event == machine.ABORT and not before.over)
        elif event in ("trouble", "refused"):
            world.step(**{event: "so it is"})
        else:
            world.counts = event
            world.step()
        after = world.state
        if before.over:
            assert after == before
        if aborted:
            assert after.phase in (ABORTING, ABORTED)
        if after.tenths > before.tenths:
            assert before.proven, "no weight without proof"
            assert before.hurried or before.step == 0 or before.live == before.step - 1 or before.phase == PROMOTING
            assert after.tenths in (10, 100, 500, 1000)
        if after.live >= 0 and after.phase not in (PROMOTING, COMPLETE):
            assert after.tenths in (after.rollout.steps[after.live].tenths, 1000), "what is live is what the state says"
        if after.live != before.live and after.live >= 0:
            assert before.hurried or after.live == before.live + 1, "no step is left out"
    assert world.wish(machine.ABORT).run().state.over


def test_an_interrupted_action_is_the_next_one_again():
    state = rollout()
    for _try in range(3):
        assert action(state) == action(replace(state, due=99.0))
        state = advance(state, Seen(1.0, served=[2]))
