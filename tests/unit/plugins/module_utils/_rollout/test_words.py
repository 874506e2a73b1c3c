"""What a rollout says of itself, where a step is not a weight alone."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.tfserving.istio.plugins.module_utils._rollout import words
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import read_state
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import World, drive, plan

MIRROR = plan(strategy="mirror", steps=[{"mirror": 25}, 100], gates=[{"kind": "latency", "boundary": 250}])
AB = plan(
    strategy="ab",
    steps=[
        {"match": [{"header": "X-Tester", "exact": "yes"}]},
        {"weight": 20, "sticky": "variant", "pause": True},
        100,
    ],
    gates=[],
)


def lines(kept):
    return [entry["line"] for entry in kept["record"] if "line" in entry]


def test_lines_say_what_the_candidate_gets():
    assert [line for line in lines(drive(MIRROR, World())) if line.startswith("shifted")] == [
        "shifted: v2 gets copies of 25 percent (proof by port-forward)",
        "shifted: v2 has 100 percent (proof by port-forward)",
    ]
    told = lines(drive(AB, World()))
    assert "shifted: v2 gets callers with header x-tester = yes (proof by port-forward)" in told
    reason = "the step waits for a person's approval. Run it again to go on"
    assert told[-1] == f"paused while it gets 20 percent of the callers, by cookie variant: {reason}"


def test_a_pause_in_the_middle_of_a_shift_says_what_both_routes_give():
    kept = drive(MIRROR, World(), longest=1)
    state = replace(read_state(kept["state"]), unproved="copies of 25 percent", tenths=0, live=-1)
    also = "through gateway Pods that have the new routes already"
    assert words.gets(state) == f"0 percent, or copies of 25 percent {also}"
    assert (
        words.meanwhile(replace(state, live=0, unproved="100 percent"))
        == f"while it gets copies of 25 percent, or 100 percent {also}"
    )


def test_the_status_of_copies_names_the_bucket_that_a_boundary_is_taken_for():
    kept = drive(MIRROR, World(), longest=60)
    window = kept["state"]["window"]
    for side in ("candidate", "baseline"):
        window[side]["rounded"] = {"250": 393.464}
    state = read_state(kept["state"])
    told = words.status(state, kept["record"][-1]["at"])
    assert told.startswith("mnist v2 copies of 25 %; step 1/2; ")
    assert " % over 393.5 ms" in told and "over 250" not in told
