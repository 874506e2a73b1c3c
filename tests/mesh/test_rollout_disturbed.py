"""Rollouts with a load running, disturbed: killed, contradicted, cut off from what they need. No request notices."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from mesh.world.ansible import ChangeFailed
from mesh.world.cluster import Cluster
from mesh.world.settings import Settings

LONG = {"steps": [20, 100], "hold": 6, "interval": 1, "gates": []}
"""A rollout without gates, long enough to be met in each of its phases."""

NOTICED = 2.0
"""Seconds within which a driver notices what is wished for in a second terminal."""

PHASES = ["pending", "preparing", "proving", "holding", "deciding", "promoting"]


def state(cluster: Cluster, model: dict[str, Any]) -> dict[str, Any]:
    """The rollout as it is kept on the cluster; empty where there is none."""
    name = f"{model['name']}.rollout"
    found = cluster.core.list_namespaced_config_map(model["namespace"], field_selector=f"metadata.name={name}").items
    return dict(json.loads(found[0].data["state.json"])) if found else {}


def wait_for(cluster: Cluster, model: dict[str, Any], run: Any, wanted: Any, timeout: float = 60) -> dict[str, Any]:
    """The state as soon as ``wanted`` is true of it."""
    until = time.monotonic() + timeout
    while True:
        found = state(cluster, model)
        if found and wanted(found):
            return found
        assert run.process.poll() is None, f"the run ended before: {run.process.communicate()}"
        assert time.monotonic() < until, f"not after {timeout:g} s: {found}"
        time.sleep(0.02)


def holds(found: dict[str, Any]) -> bool:
    return found["phase"] == "holding" and found["shifted"]


def noticed(cluster: Cluster, model: dict[str, Any], wish: str, *phases: str) -> float:
    """Seconds from when a wish is on the cluster until its rollout is in one of the phases there."""
    asked = 0.0
    for found in cluster.follow(cluster.core.list_namespaced_config_map, model["namespace"], timeout=60):
        if found.metadata.name == f"{model['name']}.wishes" and wish in (found.data or {}):
            asked = asked or time.monotonic()
        if asked and found.metadata.name == f"{model['name']}.rollout" and phase_of(found) in phases:
            return time.monotonic() - asked
    raise AssertionError(f"no {' or '.join(phases)} within a minute, the wish was {'there' if asked else 'not left'}")


def phase_of(found: Any) -> str:
    return str(json.loads(found.data["state.json"])["phase"])


@contextmanager
def standing_still(program: str) -> Iterator[None]:
    """A program of the sandbox's control plane, stopped for the length of the block."""
    pid = int(Path(os.environ["SANDBOX_RUN"], "pids", program).read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


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


def test_a_run_that_is_killed_in_every_phase_is_continued(operator, cluster, model, traffic, unique):
    """Two models share the phases: before each new run the Lease of the killed one has to expire."""
    plan = {**LONG, "steps": [60, 100], "hold": 2, "keep": 2}

    def kill_and_continue(number: int) -> None:
        both = scaled(lambda *versions, **keys: model(*versions, **keys, name=f"mnist-{unique}-{number}"))
        operator.model(both)
        with traffic(both) as load:
            for phase in PHASES[number::2]:
                later = PHASES[PHASES.index(phase) :]
                run = operator.start_rollout(both, "v2", **plan)
                wait_for(
                    cluster,
                    both,
                    run,
                    lambda found, at=phase, later=later: (
                        minimum(cluster, both) == 2 if at == "preparing" else found["phase"] in later
                    ),
                )
                run.kill()
                load.gather(5)
            done = operator.rollout(both, "v2", **plan)
            load.gather(20)
        load.assert_flawless()
        assert (done["phase"], done["weight"]) == ("complete", 100)
        assert minimum(cluster, both) == 1, "it was raised and is not put back"

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(kill_and_continue, range(2)))


def test_an_abort_that_was_killed_is_continued(operator, cluster, model, traffic):
    both, plan = scaled(model), {**LONG, "steps": [60, 100]}
    operator.model(both)
    with traffic(both) as load:
        run = operator.start_rollout(both, "v2", **plan)
        wait_for(cluster, both, run, holds)
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
        run = operator.start_rollout(both, "v2", **{**LONG, "hold": 60})
        wait_for(cluster, both, run, holds)
        operator.rollout(both, "v2", state="paused", reason="lunch")
        assert run.result()["phase"] == "paused"
        refused = _refused(lambda: operator.traffic(both, "v1:50:v2:50"))
        assert "a rollout to v2 is under way" in refused

        run = operator.start_rollout(both, "v2", **{**LONG, "hold": 60})
        wait_for(cluster, both, run, holds)
        operator.rollout(both, "v2", state="aborted", reason="enough")
        aborted = run.result(fails=True)
        load.gather(20)
    load.assert_flawless()
    assert aborted["phase"] == "aborted" and "enough" in aborted["reason"]
    assert aborted["rule"]["after"] == "v1:100"


def test_of_two_runs_one_works_and_the_other_says_who(operator, cluster, model):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    first = operator.start_rollout(both, "v2", **{**LONG, "hold": 120})
    wait_for(cluster, both, first, holds)
    assert "drives the rollout of" in _refused(lambda: operator.rollout(both, "v2", **{**LONG, "hold": 120}))
    assert "another rollout is under way" in _refused(lambda: operator.rollout(both, "v2", **{**LONG, "hold": 121}))
    assert operator.rollout(both, "v2", state="promoted")["phase"] == "complete"
    assert first.result()["phase"] == "complete"


@contextmanager
def gone(program: str) -> Iterator[None]:
    """A program of the sandbox's control plane, killed as often as it is started again during the block."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.2):
            with suppress(OSError, ValueError):
                os.kill(int(Path(os.environ["SANDBOX_RUN"], "pids", program).read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


@pytest.mark.parametrize("away", [standing_still, gone])
def test_an_api_server_that_is_away_is_waited_for(operator, cluster, model, traffic, settings: Settings, away):
    if not settings.sandbox:
        pytest.skip("only the sandbox's API server can be stopped")
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both) as load:
        run = operator.start_rollout(both, "v2", **{**LONG, "hold": 12})
        wait_for(cluster, both, run, holds)
        with away("kube-apiserver"):
            time.sleep(20)
        done = run.result()
        load.gather(20)
    load.assert_flawless()
    assert (done["phase"], done["weight"]) == ("complete", 100)


def test_a_wedged_gateway_holds_up_neither_a_pause_nor_an_abort(operator, cluster, model, gateway):
    """The shift to 60 percent is written, and waits for its proof: of one gateway Pod nobody knows which routes it has."""
    both, plan = model("v1", "v2", traffic="v1:100:v2:0"), {**LONG, "steps": [20, 60, 100], "hold": 4}

    def shifting(found: dict[str, Any]) -> bool:
        live = cluster.istio("virtualservices", both["namespace"], f"{both['name']}-rule")
        return found["tenths"] == 200 and '"weight": 60' in json.dumps(live)

    operator.model(both)
    with gateway.replicas(2):
        run = operator.start_rollout(both, "v2", **plan)
        wait_for(cluster, both, run, holds)
        with gateway.stopped(gateway.pods()[0].metadata.name):
            wait_for(cluster, both, run, shifting)
            pausing = operator.start_rollout(both, "v2", state="paused", reason="lunch")
            assert noticed(cluster, both, "pause", "paused") < NOTICED
            assert (
                run.result()["gets"]
                == "20 percent, or 60 percent through gateway Pods that have the new routes already"
            )
            pausing.result()
            kept = state(cluster, both)
            assert (kept["phase"], kept["reason"], kept["unproved"]) == ("paused", "lunch", "60 percent")

            run = operator.start_rollout(both, "v2", **plan)
            wait_for(cluster, both, run, lambda found: found["phase"] == "holding")
            aborting = operator.start_rollout(both, "v2", state="aborted")
            assert noticed(cluster, both, "abort", "aborting", "aborted") < NOTICED
            aborted = run.result(fails=True)
            aborting.result()
    assert aborted["phase"] == "aborted" and aborted["rule"]["after"] == "v1:100"
    assert not state(cluster, both)["unproved"]


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
        "hold": 8,
        "interval": 1,
        "gates": ["success_rate"],
        "prometheus": prometheus,
        "on_insufficient": "pause",
    }
    with traffic(both, rate=40) as load:
        run = operator.start_rollout(both, "v2", **plan)
        wait_for(cluster, both, run, holds)
        cluster.kubectl("-n", "istio-system", "scale", "deployment/prometheus", "--replicas=0")
        try:
            paused = run.result()
        finally:
            cluster.kubectl("-n", "istio-system", "scale", "deployment/prometheus", "--replicas=1")
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
        run = operator.start_rollout(both, "v2", **plan)
        wait_for(cluster, both, run, holds)
        faults(crash={"on": "request", "after": 100})
        aborted = run.result(fails=True)
        time.sleep(1)
        after = time.monotonic()
        load.gather(20)
    assert aborted["phase"] == "aborted" and aborted["rule"]["after"] == "v1:100"
    assert "success_rate" in aborted["reason"]
    load.assert_flawless(since=after)


def _refused(change: Any) -> str:
    try:
        change()
    except ChangeFailed as error:
        return str(error)
    raise AssertionError("it was not refused")
