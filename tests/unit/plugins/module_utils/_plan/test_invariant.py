"""The order that loses no request, on random histories: runs one after the other, each of them killed at every step.

Whenever a route is written, every destination in it exists and has a ready endpoint; nothing is deleted that a route leads to or that has
not been silent since (the checks are in the model of the cluster). A killed run that is started anew comes to the same end as one
that was not killed, and after a whole run there is nothing left to do.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._plan.decide import moved, undone
from ansible_collections.tfserving.istio.plugins.module_utils._plan.model_plan import plan_model
from ansible_collections.tfserving.istio.plugins.module_utils._plan.removal_plan import plan_removal
from ansible_collections.tfserving.istio.plugins.module_utils._plan.step import Plan
from ansible_collections.tfserving.istio.plugins.module_utils._plan.traffic_plan import shift_steps
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import read_model
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.cluster import TOGETHER, Cluster
from ansible_collections.tfserving.istio.tests.unit.support.models import mnist, rules

NAMES = ["v1", "v2", "v3"]
KEYS = {
    "timeout": st.sampled_from([5, 30]),
    "gateway": st.sampled_from(["gw", "mesh"]),
    "prometheus": st.booleans(),
    "warmup": st.just(30),
    "pod_disruption_budget": st.just({"min_available": 1}),
}
SCALING = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"replicas": st.sampled_from([0, 1, 2])}),
    st.fixed_dictionaries({"autoscale": st.sampled_from([{"max": 3}, {"min": 2, "max": 3}])}),
)


@st.composite
def runs(draw: st.DrawFn) -> dict[str, Any]:
    """What a user asks for in one run."""
    if draw(st.integers(0, 9)) == 0:
        return {"state": "absent"}
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    keys = draw(st.fixed_dictionaries({}, optional=KEYS)) | draw(SCALING)
    traffic = draw(st.one_of(st.none(), rules(names), rules(NAMES)))
    return {
        "models": mnist(*names, **keys, traffic=traffic),
        "purge": draw(st.booleans()),
        "autoscaled": draw(st.sampled_from([1, 2, 3])),
    }


def plan(run: dict[str, Any], cluster: Cluster, token: str = "secret") -> Plan:
    if run.get("state") == "absent":
        return plan_removal(cluster.live())
    return plan_model(read_model(run["models"]), cluster.live(), token, run["purge"])


def in_order(wanted: Plan, chance: random.Random) -> list[Any]:
    """The steps as a run carries them out: those of some stages in any order."""
    return sorted(wanted.steps, key=lambda step: (step.stage, chance.random() if step.stage in TOGETHER else 0))


@settings(max_examples=60)
@given(st.lists(runs(), min_size=1, max_size=3), st.randoms())
def test_a_run_killed_at_any_step_keeps_the_invariant_and_the_next_one_comes_to_the_same_end(
    history: list[dict[str, Any]], chance: random.Random
) -> None:
    cluster = Cluster()
    for run in history:
        for name in NAMES:
            cluster.autoscale(name, run.get("autoscaled", 1))
        try:
            first = plan(run, cluster)
        except SpecError:
            continue
        steps = in_order(first, chance)
        whole = cluster.copy()
        whole.run(first, steps)
        for done in range(1, len(steps)):
            killed = cluster.copy()
            killed.run(first, steps[:done])
            again = plan(run, killed, "another secret")
            killed.run(again, in_order(again, chance))
            assert killed.state() == whole.state(), f"killed after {steps[done - 1].target}, it came to another end"
        assert not plan(run, whole).changed, "after a whole run there is something left to do"
        cluster = whole


@settings(max_examples=100)
@given(rules(NAMES), rules(NAMES), st.booleans())
def test_traffic_alone_keeps_the_invariant_and_an_undo_brings_the_old_rule_back(
    before: dict[str, float], after: dict[str, float], undo: bool
) -> None:
    cluster = Cluster()
    cluster.run(plan({"models": mnist(*NAMES, traffic=before), "purge": False}, cluster))
    cluster.ready |= set(NAMES)
    cluster.run(shift(cluster, after))
    assert cluster.live().rule.rule.same_as(read_rule(after))
    if undo:
        live = cluster.live()
        rule, record = undone(live.rule)
        cluster.run(as_plan(cluster, shift_steps(live, rule, live.rule.policy, record, "secret", undo=True)))
        assert cluster.live().rule.rule.same_as(read_rule(before))
        assert cluster.live().rule.record.previous is None, "an undo uses its record up"


def shift(cluster: Cluster, rule: dict[str, float]) -> Plan:
    live = cluster.live()
    wanted, record = moved(live.rule, read_rule(rule))
    return as_plan(cluster, shift_steps(live, wanted, live.rule.policy, record, "secret"))


def as_plan(cluster: Cluster, steps: Any) -> Plan:
    return Plan("kubeflow", "mnist", None, None, tuple(sorted(steps, key=lambda step: step.stage)))
