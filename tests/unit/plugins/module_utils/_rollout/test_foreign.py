"""Writing weights beside others. The moment between reading and writing cannot be met on a real API server, so that one is made up here; what a real
one answers to a test that fails (422) was seen there."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError, Conflict
from ansible_collections.tfserving.istio.plugins.module_utils._render.rule import Record
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.acts import Acts
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.copies import Copies
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.evidence import Evidence
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.foreign import Foreign
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.machine import SHIFT, Seen, advance
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.permit import Permit, Stopped
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.routes import marked
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import HOLDING, State, begin, read_state
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import read_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, listing

PATH = "/apis/networking.istio.io/v1/namespaces/kubeflow/virtualservices/routes"
PLAN = read_rollout(
    {"name": "mnist", "candidate": "v2", "manage": "weights", "virtual_service": "routes", "steps": [20, 100]}
)
FAILED = {"kind": "Status", "message": "the server rejected our request due to an error in our request", "code": 422}
BEFORE, AT_20 = read_rule("v1:100:v2:0"), read_rule("v1:80:v2:20")
MARK, UNMARK = marked("v2", None), marked(None, None)


def service(*weights: int | None, manager: str = "team", timeout: str = "1s") -> dict[str, Any]:
    route = [
        {"destination": {"host": "mnist", "subset": f"v{index}"}, **({} if weight is None else {"weight": weight})}
        for index, weight in enumerate(weights, 1)
    ]
    entry = {"manager": manager, "operation": "Update", "time": "2026-01-02T03:04:05Z"}
    entry["fieldsV1"] = {"f:spec": {"f:http": {}}}
    return {
        "kind": "VirtualService",
        "metadata": {"name": "routes", "namespace": "kubeflow", "managedFields": [entry]},
        "spec": {"http": [{"name": "one", "timeout": timeout, "route": route}]},
    }


PODS = [
    {
        "metadata": {"name": f"p{number}", "namespace": "kubeflow", "labels": {"version": f"v{number}"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    for number in (1, 2)
]
SLICES = [
    {
        "metadata": {"namespace": "kubeflow", "labels": {"kubernetes.io/service-name": "mnist"}},
        "endpoints": [{"targetRef": {"namespace": "kubeflow", "name": pod["metadata"]["name"]}} for pod in PODS],
    }
]
SERIES = {version: {"destination_service": "mnist.kubeflow.svc.cluster.local"} for version in ("v1", "v2")}
SUBSETS = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
RULES = [{"metadata": {"namespace": "kubeflow"}, "spec": {"host": "mnist", "subsets": SUBSETS}}]
ORIGIN = service(100, None)["spec"]["http"][0]["route"]


def foreign(client: Client) -> Foreign:
    return Foreign(client, PLAN, copy.deepcopy(ORIGIN))


def behind(server: ApiServer) -> None:
    """Both versions serve."""
    for kind in (
        "discovery.k8s.io/v1/namespaces/kubeflow/endpointslices",
        "networking.istio.io/v1/namespaces/kubeflow/destinationrules",
    ):
        server.at("GET", f"/apis/{kind}", (200, listing(*(SLICES if "slices" in kind else RULES))))
    server.at("GET", "/api/v1/namespaces/kubeflow/pods", (200, listing(*PODS)))


def patches(server: ApiServer) -> list[Any]:
    return [json.loads(request["body"]) for request in server.requests if request["method"] == "PATCH"]


def test_a_shift_is_one_read_and_one_patch_of_the_weights(client: Client, server: ApiServer):
    server.at("GET", PATH, (200, service(100, None)))
    server.at("PATCH", PATH, (200, service(80, 20, manager="tfserving.istio")))
    routes = foreign(client)
    assert routes.write(AT_20, MARK, known=(BEFORE,)) == "v1:80:v2:20"
    assert len(server.requests) == 2 and "fieldManager=tfserving.istio" in server.requests[1]["path"]
    assert server.requests[1]["headers"]["Content-Type"] == "application/json-patch+json"
    assert [(step["op"], step["path"]) for step in patches(server)[0]] == [
        ("test", "/spec/http/0"),
        ("replace", "/spec/http/0/route/0/weight"),
        ("add", "/spec/http/0/route/1/weight"),
    ]
    assert routes.patches[0]["object"] == "VirtualService kubeflow/routes"


def test_whoever_writes_at_the_same_moment_is_named_and_nothing_is_overwritten(client: Client, server: ApiServer):
    server.at("GET", PATH, (200, service(100, None)), (200, service(100, None, manager="kubectl-edit", timeout="9s")))
    server.at("PATCH", PATH, (422, FAILED))
    with pytest.raises(
        Conflict, match=r"was written by kubectl-edit \(Update at 2026-01-02T03:04:05Z\) at the same moment"
    ):
        foreign(client).write(AT_20, MARK, known=(BEFORE,))


def test_a_patch_that_is_rejected_for_another_reason_is_told_as_it_is(client: Client, server: ApiServer):
    server.at("GET", PATH, (200, service(100, None)))
    server.at("PATCH", PATH, (422, {**FAILED, "message": "spec.http[0] is invalid"}))
    with pytest.raises(ClusterError, match=r"spec\.http\[0\] is invalid") as error:
        foreign(client).write(AT_20, MARK, known=(BEFORE,))
    assert not isinstance(error.value, Conflict)


def test_weights_that_are_nobodys_of_this_rollout_are_left_alone(client: Client, server: ApiServer):
    server.at("GET", PATH, (200, service(50, 50, manager="argocd-controller")))
    with pytest.raises(SpecError) as error:
        foreign(client).write(AT_20, MARK, known=(BEFORE,))
    for word in (
        "argocd-controller (Update at",
        "are v1:50:v2:50 now, and were v1:100:v2:0",
        "tfserving.istio.abort -e model=mnist",
    ):
        assert word in str(error.value)
    assert server.sent("PATCH") == []


def test_a_shift_that_was_taken_back_a_moment_later_is_not_made_again(client: Client, server: ApiServer):
    """Not even by the next slice, which is another process and has nothing but the state to go by."""
    behind(server)
    server.at("GET", PATH, (200, service(100, None)))
    server.at("PATCH", PATH, (200, service(80, 20)))
    state = replace(begin(PLAN, BEFORE, None, 0.0, {"route": ORIGIN, "series": SERIES}), phase=HOLDING, step=0)

    def shifted(state: State) -> Seen:
        evidence = Evidence(PLAN, None, Copies(client, PLAN))
        return Acts(client, PLAN, evidence, state.foreign).carry_out(SHIFT, state)

    seen = shifted(state)
    assert "somebody else has moved the traffic" in seen.trouble
    assert seen.wrote == "v1:80:v2:20"
    after = read_state(json.loads(json.dumps(advance(state, seen).to_json())))
    assert "where the weights are v1:100:v2:0 now, and were v1:80:v2:20" in shifted(after).trouble
    assert len(patches(server)) == 1


def test_a_promotion_goes_on_from_a_step_that_a_killed_run_wrote_and_did_not_tell_of(client: Client, server: ApiServer):
    behind(server)
    server.at("GET", PATH, (200, service(80, 20)))
    server.at("PATCH", PATH, (200, service(0, 100)))
    state = begin(PLAN, BEFORE, None, 0.0, {"route": ORIGIN, "series": SERIES})
    state = replace(state, phase=HOLDING, step=1, hurried=True)
    Acts(client, PLAN, Evidence(PLAN, None, Copies(client, PLAN)), state.foreign).carry_out(SHIFT, state)
    assert [step.get("value") for step in patches(server)[0][1:]] == [0, 100]


def test_an_abort_writes_what_was_there_and_gives_the_ownership_back(client: Client, server: ApiServer):
    server.at("GET", PATH, (200, service(3, 97, manager="kubectl-edit")))
    server.at("PATCH", PATH, (200, service(100, None, manager="tfserving.istio")))
    foreign(client).write(BEFORE, UNMARK)
    weights, owner = patches(server)
    assert [(step["op"], step.get("value")) for step in weights[1:]] == [("replace", 100), ("remove", None)]
    assert owner[-1] == {"op": "remove", "path": "/metadata/managedFields/0"}


def test_the_end_keeps_the_ownership_of_the_weights_that_it_wrote(client: Client, server: ApiServer):
    server.at("GET", PATH, (200, service(0, 100, manager="tfserving.istio")))
    rule = read_rule("v2:100")
    foreign(client).write(rule, UNMARK, known=(rule,))
    assert server.sent("PATCH") == []


def test_nothing_is_written_any_more_after_a_stop(client: Client, server: ApiServer):
    permit = Permit()
    routes = Foreign(client, PLAN, copy.deepcopy(ORIGIN), permit)
    permit.stop()
    with pytest.raises(Stopped):
        routes.write(AT_20, MARK, known=(BEFORE,))
    assert server.requests == [] and MARK(Record()).rollout == "v2"
