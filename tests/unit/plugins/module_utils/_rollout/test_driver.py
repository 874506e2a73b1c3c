"""What a driver has kept on the cluster at each moment: a run may be killed at any of them, and real ones are over too soon to be met."""

from __future__ import annotations

import copy
import json
import threading
import time
from dataclasses import asdict, replace
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._prometheus import Prometheus
from ansible_collections.tfserving.istio.plugins.module_utils._rollout import driver as driver_module
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.acts import Acts
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.copies import Copies
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counters
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.driver import Driver
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.evidence import Evidence
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.lease import Held, Lease
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.machine import (
    ABORT,
    PAUSE,
    PREPARE,
    PROMOTE,
    Seen,
    advance,
)
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.room import Room
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.state import HOLDING, PAUSED, PREPARING, begin
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.store import Kept, wish
from ansible_collections.tfserving.istio.plugins.module_utils._spec.prometheus import PrometheusOptions
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rollout import read_rollout
from ansible_collections.tfserving.istio.plugins.module_utils._spec.rule import read_rule
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, events, listing
from ansible_collections.tfserving.istio.tests.unit.support.fixtures import live

PLAN = read_rollout({"name": "scaled", "candidate": "v2", "steps": [100], "gates": []})
DEPLOYMENTS = "/apis/apps/v1/namespaces/kubeflow/deployments"
SCALERS = "/apis/autoscaling/v2/namespaces/kubeflow/horizontalpodautoscalers"
ENDPOINTS = "/apis/discovery.k8s.io/v1/namespaces/kubeflow/endpointslices"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kubeflow/leases"
CONFIGMAPS = "/api/v1/namespaces/kubeflow/configmaps"


class Cluster:
    """Deployments v1 with four Pods and v2 with one, each with an autoscaler whose minimum is 2 and 1; what writes them is refused."""

    def __init__(self, server: ApiServer) -> None:
        self.state: dict[str, Any] = {}
        self.minimum_at_each_write: list[Any] = []
        """The minimum that was kept, when an autoscaler or a Deployment was about to be written."""
        scalers = []
        for version, replicas, minimum in (("v1", 4, 2), ("v2", 1, 1)):
            deployment, scaler = (
                copy.deepcopy(live("Deployment-scaled")),
                copy.deepcopy(live("HorizontalPodAutoscaler")),
            )
            deployment["metadata"]["name"] = scaler["metadata"]["name"] = f"scaled-{version}"
            deployment["spec"]["replicas"], scaler["spec"]["minReplicas"] = replicas, minimum
            scaler["spec"]["scaleTargetRef"]["name"] = f"scaled-{version}"
            scalers.append(scaler)
            server.at("GET", f"{DEPLOYMENTS}/scaled-{version}", (200, deployment))
            server.at("PATCH", f"{DEPLOYMENTS}/scaled-{version}", self.refuse)
            server.at("PATCH", f"{SCALERS}/scaled-{version}", self.refuse)
        server.at("GET", SCALERS, (200, listing(*scalers)))
        server.at("GET", "/api/v1/nodes", (403, {"message": "forbidden"}))
        server.at("GET", "/api/v1/pods", (403, {"message": "forbidden"}))
        self.wishes, self.wished = list[dict[str, Any]](), threading.Event()
        server.at("GET", CONFIGMAPS, lambda request: (200, listing(*self.wishes)))
        server.at("WATCH", CONFIGMAPS, self.watch, self.watch)
        server.at("PATCH", f"{CONFIGMAPS}/scaled.wishes", self.wish)
        server.at("POST", "/api/v1/namespaces/kubeflow/events", (201, {}))
        server.at("PATCH", f"{CONFIGMAPS}/scaled.rollout", self.keep)
        self.lease = {
            "kind": "Lease",
            "metadata": {"resourceVersion": "1"},
            "spec": {"holderIdentity": "test", "leaseTransitions": 1},
        }
        server.at("GET", f"{LEASES}/scaled.rollout", lambda request: (200, self.lease))
        server.at("PATCH", f"{LEASES}/scaled.rollout", lambda request: (200, self.lease))

    def keep(self, request: dict[str, Any]) -> tuple[int, Any]:
        body = json.loads(request["body"])
        self.state = json.loads(body["data"]["state.json"])
        return 200, {**body, "metadata": {**body["metadata"], "resourceVersion": "2"}}

    def wish(self, request: dict[str, Any]) -> tuple[int, Any]:
        meta = {"name": "scaled.wishes", "namespace": "kubeflow", "resourceVersion": "2"}
        before = self.wishes[0]["data"] if self.wishes else {}
        data = {**before, **json.loads(request["body"])["data"]}
        self.wishes = [{"metadata": meta, "data": {kind: made for kind, made in data.items() if made is not None}}]
        self.wished.set()
        return 200, self.wishes[0]

    def watch(self, request: dict[str, Any]) -> tuple[int, Any]:
        self.wished.wait(10)
        return 200, events(*(("MODIFIED", entry) for entry in self.wishes))

    def refuse(self, request: dict[str, Any]) -> tuple[int, Any]:
        self.minimum_at_each_write.append((self.state.get("restore") or {}).get("minimum"))
        return 503, {"message": "killed"}


@pytest.fixture
def cluster(server: ApiServer) -> Cluster:
    return Cluster(server)


@pytest.fixture
def driver(cluster: Cluster, client: Client) -> Driver:
    """It has the Lease, and prepares the first step."""
    state = advance(begin(PLAN, read_rule("v1:100"), None, time.time()), Seen(time.time()))
    assert state.phase == PREPARING
    lease = Lease(client, "kubeflow", "scaled", "test")
    lease.take(0)
    return Driver(
        client,
        Kept(state, []),
        lambda: Acts(client, PLAN, Evidence(PLAN, None, Copies(client, PLAN))),
        lease,
        lambda state, line: None,
    )


def test_the_minimum_of_every_autoscaler_is_kept_before_the_first_of_them_is_written(cluster: Cluster, driver: Driver):
    driver.drive(time.time() + 5)
    assert cluster.minimum_at_each_write
    assert all(kept == {"scaled-v1": 2, "scaled-v2": 1} for kept in cluster.minimum_at_each_write)


def test_a_pause_does_not_wait_for_a_candidate_to_get_ready(
    cluster: Cluster, driver: Driver, client: Client, server: ApiServer
):
    def slow(request: dict[str, Any]) -> tuple[int, Any]:
        wish(client, "kubeflow", "scaled", driver.state.id, PAUSE, "lunch")
        server.closing.wait(60)
        return 503, {"message": "away"}

    server.at("GET", SCALERS, slow)
    began = time.monotonic()
    driver.drive(time.time() + 20)
    assert (driver.state.phase, driver.state.reason) == (PAUSED, "lunch")
    assert time.monotonic() - began < 30


def test_a_pause_does_not_wait_for_the_answer_to_a_query(
    cluster: Cluster, driver: Driver, client: Client, server: ApiServer
):
    gate = {"kind": "promql", "name": "queue", "query": "max(queue_length)", "at_most": 10}
    looking = read_rollout({"name": "scaled", "candidate": "v2", "steps": [100], "gates": [gate], "interval": 1})

    def slow(request: dict[str, Any]) -> tuple[int, Any]:
        wish(client, "kubeflow", "scaled", driver.state.id, PAUSE, "lunch")
        server.closing.wait(60)
        return 503, {}

    server.at("GET", "/api/v1/query", slow)
    began = time.time()
    counters = asdict(Counters(time.time(), {"v1": {}, "v2": {}}))
    plan = {"plan": looking.to_json(), "counters": counters}
    state = replace(driver.state, phase=HOLDING, shifted=True, since=time.time(), **plan)
    evidence = Evidence(looking, Prometheus(PrometheusOptions(url=server.url, timeout=120)), Copies(client, looking))
    asking = Driver(
        client, Kept(state, []), lambda: Acts(client, looking, evidence), driver._lease, lambda state, line: None
    )
    asking.drive(time.time() + 30)
    assert (asking.state.phase, asking.state.reason) == (PAUSED, "lunch")
    assert server.sent("GET").count("/api/v1/query") == 1 and time.time() - began < 30


def test_what_was_written_is_on_record_where_a_slice_ends_before_the_pods_are_there(
    cluster: Cluster, driver: Driver, server: ApiServer, monkeypatch: pytest.MonkeyPatch
):
    """Waiting for Pods is what a mock stands for: they take longer than the slice."""
    for version in ("v1", "v2"):
        server.at("PATCH", f"{DEPLOYMENTS}/scaled-{version}", (200, {}))
        server.at("PATCH", f"{SCALERS}/scaled-{version}", (200, {}))
    monkeypatch.setattr(Room, "wait", lambda _room, _version, _timeout: server.closing.wait(30) or [2])
    driver.drive(time.time() + 5)
    patched = [patch["object"] for made in driver.kept.record for patch in made["seen"].get("patches", [])]
    assert driver.state.phase == PREPARING and "Deployment kubeflow/scaled-v2" in patched
    assert len(patched) == len([path for path in server.sent("PATCH") if path.startswith((DEPLOYMENTS, SCALERS))])


def test_a_promotion_takes_the_wish_for_a_pause_back(cluster: Cluster, driver: Driver):
    made = json.dumps({"rollout": driver.state.id, "why": "asked for"})
    cluster.wish({"body": json.dumps({"data": {PAUSE: made, PROMOTE: made}})})
    driver.drive(time.time() + 5)
    assert driver.state.hurried and driver.state.phase == PREPARING
    assert cluster.wishes[0]["data"] == {}


def test_a_wish_that_is_made_while_another_is_granted_stays(
    cluster: Cluster, driver: Driver, monkeypatch: pytest.MonkeyPatch
):
    def made(kind: str) -> str:
        return json.dumps({"rollout": driver.state.id, "why": f"{kind} it"})

    def save_and_be_asked(kept: Kept) -> Kept:
        if kept.state.phase == PAUSED and PROMOTE not in cluster.wishes[0]["data"]:
            cluster.wish({"body": json.dumps({"data": {PAUSE: made(PAUSE), PROMOTE: made(PROMOTE)}})})
            driver._eyes._note(cluster.wishes[0])
        return kept

    monkeypatch.setattr(driver_module, "save", lambda _client, kept: save_and_be_asked(kept))
    cluster.wish({"body": json.dumps({"data": {PAUSE: made(PAUSE)}})})
    driver._eyes._note(cluster.wishes[0])
    driver.drive(time.time() + 5)
    assert driver.state.hurried, "the promotion that came while the pause was granted was forgotten"


def test_an_abort_that_meets_errors_to_its_limit_leaves_the_command_to_run(
    cluster: Cluster, driver: Driver, client: Client, server: ApiServer
):
    server.at("GET", ENDPOINTS, (503, {"message": "away"}))
    impatient = replace(PLAN, abort_timeout=2.0)
    state = replace(driver.state, plan=impatient.to_json())
    wish(client, "kubeflow", "scaled", state.id, ABORT, "wrong")
    acts = Acts(client, impatient, Evidence(impatient, None, Copies(client, impatient)))
    aborting = Driver(client, Kept(state, []), lambda: acts, driver._lease, lambda state, line: None)
    command = "ansible-playbook tfserving.istio.abort -e model=scaled -e model_namespace=kubeflow"
    with pytest.raises(ClusterError, match=rf"is not through after 2 s: .*away.*\. Run: {command}"):
        aborting.drive(time.time() + 30)
    assert server.sent("GET").count(ENDPOINTS) > 1


@pytest.mark.parametrize("spec", [{"holderIdentity": "next"}, {"leaseTransitions": 3}, {"holderIdentity": None}])
def test_a_driver_that_was_held_up_and_lost_its_lease_writes_nothing_any_more(
    cluster: Cluster, driver: Driver, spec: dict[str, Any]
):
    """It has not tried to renew it since, so that nothing but the fence tells."""
    cluster.lease["spec"] |= spec
    with pytest.raises(Held, match=r"another driver took the Lease scaled\.rollout over"):
        driver.drive(time.time() + 5)
    assert cluster.minimum_at_each_write == []


def test_pods_that_a_run_adds_long_after_one_was_killed_have_their_whole_time(
    cluster: Cluster, driver: Driver, client: Client, server: ApiServer, monkeypatch: pytest.MonkeyPatch
):
    """Waiting for Pods is what a mock stands for: how long is asked of it."""
    for version in ("v1", "v2"):
        server.at("PATCH", f"{DEPLOYMENTS}/scaled-{version}", (200, {}))
        server.at("PATCH", f"{SCALERS}/scaled-{version}", (200, {}))
    waited: list[float] = []
    monkeypatch.setattr(Room, "wait", lambda _room, _version, timeout: waited.append(timeout) or [2])
    kept = {"minimum": {"scaled-v1": 2, "scaled-v2": 1}}
    state = replace(driver.state, since=time.time() - 3600, restore=kept)
    acts = Acts(client, PLAN, Evidence(PLAN, None, Copies(client, PLAN)))
    assert acts.carry_out(PREPARE, state).served == [2]
    assert waited == [pytest.approx(PLAN.ready_timeout, abs=5)]
