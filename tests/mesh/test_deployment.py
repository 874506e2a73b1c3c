"""A model's versions come, change and leave while they are asked."""

from __future__ import annotations

import time

import pytest
from mesh.world.ansible import ChangeFailed
from mesh.world.models import version

QUIET = 7
"""Seconds; longer than the period of the Pods' own probes, which must not count as requests."""


def test_first_deployment_answers_nothing_wrong(operator, model, traffic):
    with traffic(model("v1")) as load:
        operator.model(model("v1"))
        proved = time.monotonic()
        load.gather(40)
    for kind, loaded in load.loads.items():
        refused = {answer.status for answer in loaded.failures}
        assert refused <= {404, "UNIMPLEMENTED"}, f"{kind}: before there was a route there were {refused}"
    load.assert_flawless(since=proved)
    assert load.versions() == {"v1"}


def test_new_version_gets_nothing_until_it_has_a_share(operator, model, traffic):
    operator.model(model("v1"))
    with traffic(model("v1")) as load:
        added = operator.model(model("v1", "v2"))
        load.gather(40)
    load.assert_flawless()
    assert load.versions() == {"v1"}
    assert added["models"][0]["served"]["v2"] == [2]
    assert added["models"][0]["rule"] == {"before": "v1:100", "after": "v1:100"}


def test_base_path_is_replaced(operator, model, traffic):
    operator.model(model("v1"))
    replaced = model(versions=[version("v1", place="v2")])
    with traffic(model("v1")) as load:
        load.gather(10)
        changed = operator.model(replaced)
        load.gather(40)
        operator.model(replaced)
        # The old Pod still answers kept connections until it has drained.
        drained = time.monotonic()
        load.gather(40)
    load.assert_flawless()
    assert changed["models"][0]["served"]["v1"] == [2]
    assert load.versions() == {"v1", "v2"}, "answers of the old model first, then those of the new one"
    assert load.versions(since=drained) == {"v2"}


def test_version_that_never_serves_moves_no_traffic(operator, model, traffic):
    operator.model(model("v1"))
    missing = {"name": "v2", "base_path": "/models/missing", "model_version": 2}
    both = model(versions=[version("v1"), missing], traffic="v1:50:v2:50")
    with traffic(both) as load:
        with pytest.raises(ChangeFailed, match=r"v2.*Traffic has not moved"):
            operator.model(both, wait_timeout=10)
        load.gather(40)
    load.assert_flawless()
    assert load.versions() == {"v1"}


def test_version_is_removed_without_a_failed_request(operator, cluster, model, traffic, namespace):
    both = model("v1", "v2", traffic="v1:50:v2:50")
    operator.model(both)
    with traffic(both) as load:
        load.gather(20)
        refused = operator.model(model("v1", traffic="v1:50:v2:50"), purge=True, quiet=QUIET)
        assert "not removed" in str(refused["warnings"])
        removed = operator.model(model("v1", traffic="v1:100"), purge=True, quiet=QUIET)
        load.gather(40)
    load.assert_flawless()
    assert "no request" in removed["models"][0]["quiet"]["v2"]
    assert not [
        entry.metadata.name
        for entry in cluster.core.list_namespaced_service(namespace).items
        if entry.metadata.name.endswith("-v2")
    ]


def test_model_is_removed_when_nobody_asks(operator, cluster, model, namespace):
    operator.model(model("v1"))
    removed = operator.model({"name": model()["name"], "namespace": namespace}, state="absent", quiet=1)
    assert removed["changed"]
    assert not cluster.core.list_namespaced_service(namespace).items
    again = operator.model({"name": model()["name"], "namespace": namespace}, state="absent", quiet=1)
    assert not again["changed"]


def test_second_run_changes_nothing(operator, models, namespace, unique):
    """With a rule declared, and without one."""
    declared = [
        models.model(f"mnist-{unique}", namespace, "v1", traffic="v1:100"),
        models.model(f"other-{unique}", namespace, "v1"),
    ]
    operator.model(*declared)
    again = operator.model(*declared)
    assert [model["changed"] for model in again["models"]] == [False, False]
    assert not again["changed"]
