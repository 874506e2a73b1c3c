"""What a rollout needs before it begins.

A mock stands for the objects of the cluster, which is read and nothing more. The host's packages are made up: the tests' own has all of them.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._render.rule import Record
from ansible_collections.tfserving.istio.plugins.module_utils._rollout import begin
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import plan

PINNED, COUNTED = "--model_config_file=/etc/tfserving/models.config", "--monitoring_config_file=/etc/tfserving/m.config"
MIRROR = {"strategy": "mirror", "steps": [{"mirror": 10}, 50, 100]}
TESTERS = {"strategy": "ab", "steps": [{"match": [{"header": "x-tester", "exact": "yes"}]}, 100]}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The live rule, and the arguments of each version's server."""
    world: dict[str, Any] = {"rule": "v1:100", "mnist-v1": [PINNED, COUNTED], "mnist-v2": [PINNED, COUNTED]}

    def get(_client: Any, _kind: str, _namespace: str, name: str) -> Any:
        container = {"name": "mnist", "args": world[name]}
        return {"spec": {"template": {"spec": {"containers": [container]}}}}

    def live(_routes: Any) -> tuple[Any, Any]:
        return {}, SimpleNamespace(rule=read_rule(world["rule"]), record=Record())

    monkeypatch.setattr(begin, "get", get)
    monkeypatch.setattr(begin.Routes, "read", live)
    return world


def may_begin(**given: Any) -> None:
    rollout = plan(**given)
    before, _undo, _foreign = begin.stands(None, rollout)  # type: ignore[arg-type]
    begin.may_begin(None, rollout, None, before)  # type: ignore[arg-type]


def refusal(**given: Any) -> str:
    with pytest.raises(SpecError) as error:
        may_begin(**given)
    return str(error.value)


@pytest.mark.parametrize("given", [MIRROR, TESTERS])
def test_copies_and_callers_are_for_a_version_without_traffic(cluster: dict[str, Any], given: dict[str, Any]):
    cluster["rule"] = "v1:80:v2:20"
    assert refusal(**given).startswith(
        "candidate: v2 has 20 percent of the traffic, and the first step is for a version without any: "
    )
    may_begin(steps=[50, 100])


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_servers_of_both_versions_show_their_counters(cluster: dict[str, Any], version: str):
    cluster[f"mnist-{version}"] = [PINNED]
    assert refusal(**MIRROR).startswith(
        f"steps: version {version} shows no metrics, and copies of requests are judged by"
    )
    unjudged = {"strategy": "mirror", "steps": [{"mirror": 10, "gates": ["approval"]}, 100]}
    for other in (unjudged, TESTERS, {}):
        may_begin(**other)


@pytest.mark.parametrize(
    ("steps", "asked"),
    [
        ([{"mirror": 10}, {"weight": 100, "gates": []}], False),
        ([{"mirror": 10}, 100], True),
        (
            [{"mirror": 10, "gates": [{"kind": "promql", "query": "up", "at_least": 1}]}, {"weight": 100, "gates": []}],
            True,
        ),
    ],
)
def test_prometheus_is_needed_for_what_it_is_asked(steps: list[Any], asked: bool):
    params = {"name": "mnist", "namespace": "kubeflow", "candidate": "v2", "strategy": "mirror", "steps": steps}
    given = {**params, "gates": ["success_rate", "throughput"]}
    if asked:
        with pytest.raises(SpecError, match=r"^prometheus: is required by the gates "):
            begin.read(given, None)  # type: ignore[arg-type]
    else:
        assert begin.read(given, None)[1] is None  # type: ignore[arg-type]


def test_an_assertion_without_jmespath_is_refused_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "jmespath", None)
    params = {"name": "mnist", "candidate": "v2"}
    asserted = {"request": {"instances": [1.0]}, "assertion": "length(predictions) == `1`"}
    with pytest.raises(ImportError) as refused:
        begin.read({**params, "golden": [asserted]}, None)  # type: ignore[arg-type]
    assert refused.value.name == "jmespath"
    assert begin.read(params, None)[0].candidate == "v2", "nothing else needs it"  # type: ignore[arg-type]
