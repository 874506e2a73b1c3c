"""ansible-playbook ends by SIGKILL in the middle of a deployment; the next run goes on, and no request notices."""

from __future__ import annotations

import time

import pytest


def _deployment(cluster, model):
    names = [entry.metadata.name for entry in cluster.apps.list_namespaced_deployment(model["namespace"]).items]
    return f"{model['name']}-v2" in names


def _routes(cluster, model):
    return str(cluster.istio("virtualservices", model["namespace"], f"{model['name']}-rule"))


MOMENTS = {
    "workloads are written": _deployment,
    "the preview route stands": lambda cluster, model: "preview-rest" in _routes(cluster, model),
    "the weights are written": lambda cluster, model: "'weight': 40" in _routes(cluster, model),
}


KILLS = [(moment, True) for moment in MOMENTS] + [
    ("the preview route stands", False),
    ("the weights are written", False),
]
"""Moments, and whether the module dies with ansible-playbook, as when a machine loses power, or ends what it began."""


@pytest.mark.parametrize(("moment", "everything"), KILLS)
def test_second_run_goes_on(operator, cluster, model, traffic, moment, everything):
    operator.model(model("v1", traffic="v1:100"))
    both = model("v1", "v2", traffic="v1:60:v2:40")
    with traffic(both) as load:
        run = operator.start({"tfserving.istio.model": {"models": [both]}})
        while not MOMENTS[moment](cluster, both):
            assert run.process.poll() is None, f"the run ended before {moment}: {run.result()}"
            time.sleep(0.02)
        run.kill(everything)
        left = _routes(cluster, both)
        load.gather(20)
        if everything:
            assert _routes(cluster, both) == left, "something still works at it"
        operator.model(both)
        load.gather(200)
        assert not operator.model(both)["changed"]
    load.assert_flawless()
    assert "preview" not in _routes(cluster, both)
    assert load.versions() == {"v1", "v2"}
