"""The rule decides which version answers: in every kind of request, at once, and back again."""

from __future__ import annotations

import time

COUNT = 400
"""Answers of each kind that a split is judged by: with these a share of 0, 25 or 50 percent is never taken for 10."""


def test_rule_is_followed_moved_and_undone(operator, model, traffic):
    both = model("v1", "v2", traffic="v1:90:v2:10")
    operator.model(both)
    with traffic(both, rate=60) as load:
        load.gather(COUNT)
        load.assert_split({"v1": 90, "v2": 10})

        moved = operator.traffic(both, "v2:100")
        proved = time.monotonic()
        load.gather(60)
        assert load.versions(since=proved) == {"v2"}, "what was sent after the proof"

        undone = operator.undo(both)
        time.sleep(10)  # an undo waits for no proof
        settled = time.monotonic()
        load.gather(COUNT)
        load.assert_split({"v1": 90, "v2": 10}, since=settled)
    load.assert_flawless()
    assert moved["rule"] == {"before": "v1:90:v2:10", "after": "v2:100"}
    assert moved["proof"]["gateway_pods"] and "settle" not in moved["proof"]["transport"]
    assert undone["rule"] == {"before": "v2:100", "after": "v1:90:v2:10"} and undone["proof"] is None
    assert not operator.undo(both)["changed"], "its record is used up"


def test_share_that_was_given_back_is_not_asked_again(operator, model, traffic):
    """What Kubeflow 0.4 answered by 503: a version that the rule no longer names."""
    both = model("v1", "v2", traffic="v1:50:v2:50")
    operator.model(both)
    with traffic(both) as load:
        load.gather(20)
        assert load.versions() == {"v1", "v2"}
        operator.traffic(both, "v1:100")
        proved = time.monotonic()
        load.gather(40)
    load.assert_flawless()
    assert load.versions(since=proved) == {"v1"}
