"""Rollouts with a load running, disturbed: killed, contradicted, cut off from what they need. No request notices."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.patience import busy
from mesh.world.ansible import Ansible, ChangeFailed, Run
from mesh.world.caller import callers, good
from mesh.world.cluster import Cluster
from mesh.world.prometheus import away
from mesh.world.settings import Settings

LONG = {"steps": [20, 100], "hold": 6, "interval": 1, "gates": []}
"""A rollout without gates, long enough to be met in each of its phases."""


def noticed_within() -> float:
    """Seconds within which a driver notices what is wished for in a second terminal: two, where no more processes want to run than there are cores."""
    return 2.0 * busy()


PHASES = ["pending", "preparing", "proving", "holding", "deciding", "promoting"]


def state(cluster: Cluster, model: dict[str, Any]) -> dict[str, Any]:
    """The rollout as it is kept on the cluster; empty where there is none."""
    name = f"{model['name']}.rollout"
    found = cluster.core.list_namespaced_config_map(model["namespace"], field_selector=f"metadata.name={name}").items
    return state_in(found[0]) if found else {}


def state_in(configmap: Any) -> dict[str, Any]:
    return dict(json.loads(configmap.data["state.json"]))


def wait_for(cluster: Cluster, model: dict[str, Any], run: Any, wanted: Any, timeout: float = 300) -> dict[str, Any]:
    """The state as soon as ``wanted`` is true of it."""
    name, last = f"{model['name']}.rollout", {}
    configmaps = cluster.core.list_namespaced_config_map
    for found in cluster.follow(
        configmaps, model["namespace"], timeout=timeout, field_selector=f"metadata.name={name}"
    ):
        last = state_in(found)
        if wanted(last):
            return last
        assert run.process.poll() is None, f"the run ended before: {run.process.communicate()}"
    raise AssertionError(f"not after {timeout:g} s: {last}")


def holds(found: dict[str, Any]) -> bool:
    return found["phase"] == "holding" and found["shifted"]


def held(operator: Ansible, cluster: Cluster, model: dict[str, Any], **plan: Any) -> Run:
    """A run that holds the first step of a rollout to v2."""
    run = operator.start_rollout(model, "v2", **plan)
    wait_for(cluster, model, run, holds)
    return run


def noticed(cluster: Cluster, model: dict[str, Any], wish: str, *phases: str) -> float:
    """Seconds from when a wish is on the cluster until its rollout is in one of the phases there."""
    asked = 0.0
    for found in cluster.follow(cluster.core.list_namespaced_config_map, model["namespace"], timeout=300):
        if found.metadata.name == f"{model['name']}.wishes" and wish in (found.data or {}):
            asked = asked or time.monotonic()
        if asked and found.metadata.name == f"{model['name']}.rollout" and state_in(found)["phase"] in phases:
            return time.monotonic() - asked
    raise AssertionError(
        f"no {' or '.join(phases)} within five minutes, the wish was {'there' if asked else 'not left'}"
    )


@contextmanager
def standing_still(program: str) -> Iterator[None]:
    """A program of the sandbox's control plane, stopped for the length of the block."""
    pid = int(Path(os.environ["SANDBOX_RUN"], "pids", program).read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def gone(program: str) -> Iterator[None]:
    """A program of the sandbox's control plane, killed; the one that is started in its place gets no further for the length of the block."""
    file = Path(os.environ["SANDBOX_RUN"], "pids", program)
    before = file.read_text()
    os.kill(int(before), signal.SIGKILL)
    while file.read_text() in ("", before):
        time.sleep(0.02)
    with standing_still(program):
        yield


def scaled(model: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A model whose first version has two Pods, and the second an autoscaler that is content with one."""
    both = model("v1", "v2", traffic="v1:100:v2:0")
    both["versions"][0]["replicas"] = 2
    both["versions"][1]["autoscale"] = {"min": 1, "max": 2}
    return both


def minimum(cluster: Cluster, model: dict[str, Any]) -> int:
    """What the autoscaler of v2 is content with."""
    place = (f"{model['name']}-v2", model["namespace"])
    return int(cluster.scaling.read_namespaced_horizontal_pod_autoscaler(*place).spec.min_replicas)


def test_a_run_that_is_killed_in_every_phase_is_continued(
    operator, cluster, model, traffic, unique, settings: Settings
):
    """Two models share the phases: before each new run the Lease of the killed one has to expire.

    One is driven by programs of the module, the other by Ansible's worker. An API server that stands still keeps a run in a short phase until it is killed.
    """
    if not settings.sandbox:
        pytest.skip("only the sandbox's API server can be stopped")
    plan, one_at_a_time = {**LONG, "steps": [60, 100], "hold": 2, "keep": 2}, threading.Lock()

    def reach(both: dict[str, Any], run: Any, phase: str) -> None:
        if phase == "preparing":  # when something is scaled already
            cluster.wait(
                cluster.scaling.list_namespaced_horizontal_pod_autoscaler,
                both["namespace"],
                field_selector=f"metadata.name={both['name']}-v2",
                done=lambda scalers: all(scaler.spec.min_replicas == 2 for scaler in scalers),
            )
        wait_for(cluster, both, run, lambda found: found["phase"] == phase)

    def kill_and_continue(number: int, phases: list[str], name: str) -> list[tuple[str, str]]:
        """Pairs of the phase that a run was to be killed in, and the one that it was killed in."""
        if not phases:
            return []
        both = scaled(lambda *versions, **keys: model(*versions, **keys, name=name))
        operator.model(both)
        left = []
        with traffic(both) as load:
            for phase in phases:
                run = operator.start_rollout(both, "v2", program=number == 0, **plan)
                reach(both, run, phase)
                with one_at_a_time, standing_still("kube-apiserver"):
                    run.kill()
                left.append((phase, state(cluster, both)["phase"]))
                load.gather(5)
            done = operator.rollout(both, "v2", **plan)
            load.gather(20)
        load.assert_flawless()
        assert (done["phase"], done["weight"]) == ("complete", 100)
        assert minimum(cluster, both) == 1, "it was raised and is not put back"
        return left

    met: set[str] = set()
    for attempt in range(3):  # on a busy machine a run may leave a short phase before the API server stands still
        with ThreadPoolExecutor(2) as pool:
            left = [
                pool.submit(
                    kill_and_continue,
                    number,
                    [phase for phase in PHASES[number::2] if phase not in met],
                    f"mnist-{unique}-{number}{attempt}",
                )
                for number in range(2)
            ]
            met |= {phase for pairs in left for phase, found in pairs.result() if phase == found}
        if met == set(PHASES):
            break
    assert met == set(PHASES)


def test_an_abort_that_was_killed_is_continued(operator, cluster, model, traffic):
    both, plan = scaled(model), {**LONG, "steps": [60, 100]}
    operator.model(both)
    with traffic(both) as load:
        run = held(operator, cluster, both, **plan)
        serving = cluster.apps.read_namespaced_deployment(f"{both['name']}-v2", both["namespace"]).status.ready_replicas
        assert serving == 2, "60 percent were moved to fewer Pods than they need"
        run.kill()
        aborting = operator.start_rollout(both, "v2", state="aborted")
        wait_for(cluster, both, aborting, lambda found: found["phase"] in ("aborting", "aborted"))
        aborting.kill()
        done = operator.rollout(both, "v2", state="aborted")
        load.gather(20)
    load.assert_flawless()
    assert done["phase"] == "aborted" and done["rule"]["after"] == "v1:100"
    assert minimum(cluster, both) == 1, "it was raised and is not put back"


def test_a_second_terminal_pauses_and_aborts(operator, cluster, model, traffic):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both) as load:
        run = held(operator, cluster, both, **{**LONG, "hold": 600})
        operator.rollout(both, "v2", state="paused", reason="lunch")
        assert run.result()["phase"] == "paused"
        refused = _refused(lambda: operator.traffic(both, "v1:50:v2:50"))
        assert "a rollout to v2 is under way" in refused

        run = held(operator, cluster, both, **{**LONG, "hold": 600})
        operator.rollout(both, "v2", state="aborted", reason="enough")
        aborted = run.result(fails=True)
        load.gather(20)
    load.assert_flawless()
    assert aborted["phase"] == "aborted" and "enough" in aborted["reason"]
    assert aborted["rule"]["after"] == "v1:100"


def test_of_two_runs_one_works_and_the_other_says_who(operator, cluster, model, traffic):
    both, plan = model("v1", "v2", traffic="v1:100:v2:0"), {**LONG, "hold": 600}
    operator.model(both)
    with traffic(both) as load:
        first = held(operator, cluster, both, **plan)
        assert "drives the rollout of" in _refused(lambda: operator.rollout(both, "v2", **plan))
        assert "another rollout is under way" in _refused(lambda: operator.rollout(both, "v2", **{**plan, "hold": 601}))
        promoting = operator.start_rollout(both, "v2", state="promoted")
        assert noticed(cluster, both, "promote", "preparing", "promoting", "complete") < noticed_within()
        assert first.result()["phase"] == promoting.result()["phase"] == "complete"
        load.gather(20)
    load.assert_flawless()


def test_what_was_paused_can_be_promoted(operator, cluster, model, traffic):
    both, plan = model("v1", "v2", traffic="v1:100:v2:0"), {**LONG, "hold": 600}
    operator.model(both)
    with traffic(both) as load:
        run = held(operator, cluster, both, **plan)
        assert operator.rollout(both, "v2", state="paused")["phase"] == "paused"
        assert run.result()["phase"] == "paused"
        assert operator.rollout(both, "v2", state="promoted")["phase"] == "complete"
        load.gather(20)
    load.assert_flawless()


@pytest.mark.parametrize("away", [standing_still, gone])
def test_an_api_server_that_is_away_is_waited_for(operator, cluster, model, traffic, settings: Settings, away):
    if not settings.sandbox:
        pytest.skip("only the sandbox's API server can be stopped")
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both) as load:
        run = held(operator, cluster, both, **{**LONG, "hold": 12})
        with away("kube-apiserver"):
            time.sleep(20)
        done = run.result()
        load.gather(20)
    load.assert_flawless()
    assert (done["phase"], done["weight"]) == ("complete", 100)


def test_a_wedged_gateway_holds_up_neither_a_pause_nor_an_abort(
    operator, cluster, model, gateway, settings: Settings, namespace
):
    """The shift to 60 percent is written, and waits for its proof: of one gateway Pod nobody knows which routes it has. The load asks the other."""
    both, plan = model("v1", "v2", traffic="v1:100:v2:0"), {**LONG, "steps": [20, 60, 100], "hold": 15}
    operator.model(both)
    with gateway.replicas(2):
        sound, wedged = gateway.pods()
        url = f"http://{sound.status.pod_ip}/v1/models/{both['name']}:predict"
        with callers(cluster, settings, namespace, {"post": url}) as asking:
            run = held(operator, cluster, both, **plan)
            with gateway.stopped(wedged.metadata.name):
                _wait_for_weight(cluster, both, 60)
                pausing = operator.start_rollout(both, "v2", state="paused", reason="lunch")
                assert noticed(cluster, both, "pause", "paused") < noticed_within()
                gets = "20 percent, or 60 percent through gateway Pods that have the new routes already"
                assert run.result()["gets"] == gets and pausing.result()["phase"] == "paused"

                run = operator.start_rollout(both, "v2", **plan)
                wait_for(cluster, both, run, lambda found: found["phase"] == "holding")
                aborting = operator.start_rollout(both, "v2", state="aborted")
                assert noticed(cluster, both, "abort", "aborting", "aborted") < noticed_within()
                aborted = run.result(fails=True)
                aborting.result()
            counts = good(asking["post"].answers())
    assert aborted["phase"] == "aborted" and aborted["rule"]["after"] == "v1:100"
    assert state(cluster, both)["unproved"] == "" and set(counts) == {"v1", "v2"}


def test_a_node_short_of_cpu_is_refused_before_traffic_moves(operator, model, traffic, settings: Settings):
    if not settings.sandbox:
        pytest.skip("how many cores the nodes have is known of the sandbox only: 64")
    both = model("v1", "v2", traffic="v1:100:v2:0")
    both["versions"][0]["replicas"] = 2
    both["versions"][1]["resources"] = {name: {"cpu": "40", "memory": "64Mi"} for name in ("requests", "limits")}
    operator.model(both)
    with traffic(both) as load:
        failed = operator.rollout(both, "v2", steps=[100], hold=1, fails=True)
        load.gather(20)
    load.assert_flawless()
    assert load.versions() == {"v1"}
    assert "1 more Pods of cpu 40" in failed["reason"] and "the nodes have room for 0" in failed["reason"]


def test_prometheus_that_goes_away_is_never_a_pass(operator, cluster, model, traffic, settings: Settings, prometheus):
    if not settings.sandbox:
        pytest.skip("another cluster's Prometheus is not ours to stop")
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    plan = {
        "steps": [20, 100],
        "hold": 25,
        "interval": 1,
        "gates": ["success_rate"],
        "prometheus": prometheus,
        "on_insufficient": "pause",
    }
    with traffic(both, rate=40) as load:
        run = held(operator, cluster, both, **plan)
        with away(cluster):
            paused = run.result()
        operator.rollout(both, "v2", state="aborted")
        load.gather(20)
    load.assert_flawless()
    assert (paused["phase"], paused["weight"]) == ("paused", 20)
    assert "prometheus" in paused["reason"].lower()


def test_a_candidate_whose_pod_crashes_loses_its_traffic(operator, cluster, model, traffic, prometheus, faults):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    gate = {"kind": "success_rate", "objective": 99, "margin": 3, "against": ["objective"]}
    plan = {"steps": [50, 100], "hold": 90, "interval": 1, "gates": [gate], "prometheus": prometheus}
    with traffic(both, rate=40) as load:
        run = held(operator, cluster, both, **plan)
        crashing = time.monotonic()
        faults(crash={"on": "request", "after": 100})
        aborted = run.result(fails=True)
        time.sleep(10)  # an abort waits for no proof
        after = time.monotonic()
        load.gather(20)
    assert aborted["phase"] == "aborted" and aborted["rule"]["after"] == "v1:100"
    assert "success_rate" in aborted["reason"]
    load.assert_flawless(since=after)
    asked = [answer for kind in load.loads for answer in load.answers(kind, until=after)]
    failed = [answer for answer in asked if not answer.ok]
    assert len(failed) < 0.5 * len(asked) + 3 * (0.25 * len(asked)) ** 0.5, "failures are bounded by its weight"
    assert not [answer for kind in load.loads for answer in load.answers(kind, until=crashing) if not answer.ok]


def _wait_for_weight(cluster: Cluster, model: dict[str, Any], weight: int, timeout: float = 300) -> None:
    """Until MODEL-rule has the weight."""
    until = time.monotonic() + timeout
    while f'"weight": {weight}' not in json.dumps(
        cluster.istio("virtualservices", model["namespace"], f"{model['name']}-rule")
    ):
        assert time.monotonic() < until, f"no weight of {weight} after {timeout:g} s"
        time.sleep(0.1)


def _refused(change: Any) -> str:
    try:
        change()
    except ChangeFailed as error:
        return str(error)
    raise AssertionError("it was not refused")
