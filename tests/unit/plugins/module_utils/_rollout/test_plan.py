"""The plan of a rollout in words. What it foresees of a cluster, the target rollouts tries."""

from __future__ import annotations

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.plan import Foreseen, back
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.plan import plan as words
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import begin
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.plugins.module_utils._rollout.test_words import AB, MIRROR
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import plan


def test_the_plan_names_copies_callers_and_cookies():
    told = words(MIRROR, read_rule("v1:90:v3:10"))
    assert "  4. rule v1:90:v3:10; v2 gets copies of 25 percent, held 120 s; gates: latency\n" in told
    assert "  5. rule v2:100, held 120 s; gates: latency\n" in told
    told = words(AB, read_rule("v1:100"))
    assert "  4. rule v1:100; v2 gets callers with header x-tester = yes, held 120 s; gates: none\n" in told
    kept = "20 percent of the callers, by cookie variant, held 120 s; gates: none; then a person's word\n"
    assert f"  5. rule v1:80:v2:20; v2 gets {kept}" in told


def test_each_patch_stands_below_the_line_that_writes_it_and_holds_that_are_over_count_no_more():
    change = {"path": "spec.replicas", "before": 1, "after": 2}
    patches = {
        5: [{"object": "Deployment kubeflow/mnist-v2", "changes": [change]}],
        6: [{"object": "refused: no room", "changes": []}],
    }
    told = words(
        plan(steps=[10, 100], hold=30, gates=[]), read_rule("v1:100"), Foreseen(patches, ("sum(a)",), done=4, first=5)
    )
    lines = told.splitlines()
    assert lines[4].endswith("gates: none (done)") and not lines[5].endswith("(done)")
    assert lines[6] == "        Deployment kubeflow/mnist-v2 spec.replicas: 1 -> 2"
    assert lines[8] == "        refused: no room"
    assert "after 30 s of holds" in told and lines[-1] == "  query: sum(a)"


def test_steps_that_a_promotion_leaves_out_are_not_done():
    told = words(plan(steps=[10, 50, 100], gates=[]), read_rule("v1:100"), Foreseen(done=4, first=6)).splitlines()
    assert [line.rpartition("(")[2] for line in told[4:6]] == ["done)", "left out)"] and not told[6].endswith(")")


def test_what_is_aborting_goes_nowhere_but_back():
    change = {"path": "spec.selector.version", "before": "v2", "after": "v1"}
    state = begin(plan(), read_rule("v1:100"), None, 0.0)
    assert back(state, [{"object": "Service kubeflow/mnist", "changes": [change]}]).splitlines() == [
        "kubeflow/mnist: the traffic is taken back to v1:100",
        "        Service kubeflow/mnist spec.selector.version: v2 -> v1",
    ]
