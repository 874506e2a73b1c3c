"""Rollouts that mirror first, and A/B tests, with a load running: whose requests the candidate answers, and whose not."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mesh.load import Grpc, Rest, predict
from mesh.load.target import Target
from mesh.world.cluster import Cluster
from mesh.world.models import PREDICTIONS
from mesh.world.traffic import MODEL_HEADER, Traffic
from test_rollout_disturbed import holds, wait_for

RATE = 30.0
"""Requests a second of each kind: enough for a verdict within some seconds."""

GOLDEN = {"request": {"instances": [1.0]}, "expect": {"predictions": [3.5]}, "tolerance": 1e-3}
SUCCESS = {"kind": "success_rate", "objective": 99, "margin": 3}
LATENCY = {"kind": "latency", "boundary": 50, "objective": 90, "margin": 5}
COOKIE = "mnist-variant"


def rule(cluster: Cluster, model: dict[str, Any]) -> dict[str, Any]:
    """The routes of MODEL-rule by their names."""
    found = cluster.kubectl("-n", model["namespace"], "get", "virtualservice", f"{model['name']}-rule", "-o", "json")
    return {route["name"]: route for route in json.loads(found)["spec"]["http"]}


def assert_tidy(cluster: Cluster, model: dict[str, Any], version: str) -> None:
    """Nothing but shares is left in MODEL-rule, and they are one version's."""
    routes = rule(cluster, model)
    assert list(routes) == ["proof", "grpc", "rest"]
    for name in ("grpc", "rest"):
        assert set(routes[name]) <= {"name", "match", "route", "retries", "timeout"}
        (target,) = routes[name]["route"]
        assert set(target) == {"destination", "weight"}
        assert target["destination"]["host"].startswith(f"{model['name']}-{version}.")


def held(done: dict[str, Any], step: str, hold: float) -> tuple[float, float]:
    """From when until when a step's routes were everywhere and no later ones were written, by time.monotonic()."""
    (begun,) = [line["at"] for line in done["lines"] if line["line"].startswith(f"shifted: v2 gets {step}")]
    ahead = time.time() - time.monotonic()
    return begun - ahead, begun + hold - ahead


def test_a_good_candidate_gets_copies_first_and_answers_nobody(operator, cluster, model, traffic):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    gates = [SUCCESS, LATENCY, {"kind": "throughput", "floor": 10}]
    steps = [{"mirror": 50, "hold": 5, "gates": gates}, 100]
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        run = operator.start_rollout(
            both, "v2", strategy="mirror", steps=steps, hold=1, gates=[], interval=1, golden=[GOLDEN]
        )
        wait_for(cluster, both, run, holds)
        routes = rule(cluster, both)
        done = run.result()
        load.gather(20)
    load.assert_flawless()
    for name in ("grpc", "rest"):
        assert routes[name]["mirror"]["host"].startswith(f"{both['name']}-v2.")
        assert routes[name]["mirrorPercentage"] == {"value": 50}
    _begun, until = held(done, "copies of 50 percent", 5)
    assert load.versions(until=until) == {"v1"}, "a copy's answer got to somebody"
    assert (done["phase"], done["gets"]) == ("complete", "100 percent")
    assert done["rule"] == {"before": "v1:100", "after": "v2:100"}
    assert_tidy(cluster, both, "v2")


FAULTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"errors": {"rate": 0.05, "code": "UNAVAILABLE"}}, SUCCESS, "gate success_rate: "),
    ({"latency": {"base_ms": 120}}, LATENCY, r"requests took no longer than 67\.47 ms"),
    ({"crash": {"on": "request", "after": 100}}, SUCCESS, r"was restarted (once|\d+ times) while it got copies"),
]


def test_bad_candidates_are_aborted_before_anybody_met_them(operator, cluster, model, traffic, faults):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        for fault, gate, reason in FAULTS:
            faults(**fault)
            steps = [{"mirror": 100, "hold": 60, "gates": [gate]}, 100]
            failed = operator.rollout(both, "v2", strategy="mirror", steps=steps, interval=1, fails=True)
            assert (failed["phase"], failed["step"]) == ("aborted", 1) and re.search(reason, failed["reason"])
            assert_tidy(cluster, both, "v1")
        load.gather(20)
    load.assert_flawless()
    assert load.versions() == {"v1"}


def test_callers_by_header_and_cookie_get_the_candidate_and_all_others_the_baseline(
    operator, cluster, model, settings, prometheus
):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    name, address = both["name"], settings.gateway
    url = f"http://{address}/v1/models/{name}:predict"

    def rest(**headers: str) -> Rest:
        return Rest(url, predict(1.0), headers)

    def grpc(**metadata: str) -> Grpc:
        return Grpc(address, name, metadata={MODEL_HEADER: name, **metadata})

    chosen: dict[str, Target] = {
        "header": rest(**{"X-Tier": "beta-7"}),
        "cookie": rest(Cookie="a=1; mnist.tester=yes; b=2"),
        "gRPC header": grpc(**{"x-tier": "beta"}),
    }
    others: dict[str, Target] = {
        "without": rest(),
        "other header": rest(**{"X-Tier": "gold-beta"}),
        "other cookie": rest(Cookie="a-mnist.tester=yes; mnistxtester=yes; mnist.tester=yes2"),
        "gRPC without": grpc(),
    }
    match = [{"header": "X-Tier", "prefix": "beta"}, {"cookie": "mnist.tester", "exact": "yes"}]
    steps = [{"match": match, "hold": 5, "gates": [SUCCESS]}, 100]
    with Traffic({**chosen, **others}, RATE / 2) as load:
        done = operator.rollout(
            both, "v2", strategy="ab", steps=steps, hold=1, gates=[], interval=1, prometheus=prometheus
        )
        after = time.monotonic()
        load.gather(20)
    load.assert_flawless()
    told = "callers with header x-tier begins with beta or cookie mnist.tester = yes"
    begun, until = held(done, told, 5)
    assert {kind: set(load.counts(kind, begun, until)) for kind in chosen} == {kind: {"v2"} for kind in chosen}
    assert {kind: set(load.counts(kind, 0, until)) for kind in others} == {kind: {"v1"} for kind in others}
    assert done["phase"] == "complete" and load.versions(after) == {"v2"}
    assert_tidy(cluster, both, "v2")


class Person:
    """A caller that keeps cookies, or does not."""

    def __init__(self, url: str, keeps: bool = True) -> None:
        handlers = [urllib.request.HTTPCookieProcessor()] if keeps else []
        self.url, self.opener = url, urllib.request.build_opener(*handlers)

    def asks(self, times: int) -> set[float]:
        """What different predictions it gets."""
        body = json.dumps(predict(1.0)).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        return {json.load(self.opener.open(request, timeout=10))["predictions"][0] for _time in range(times)}


def test_who_keeps_cookies_never_changes_the_version(operator, cluster, model, traffic, settings):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    steps = [{"weight": 40, "sticky": COOKIE, "hold": 600}, 100]
    with traffic(both) as load:
        run = operator.start_rollout(both, "v2", strategy="ab", steps=steps, gates=[])
        wait_for(cluster, both, run, holds)
        url = f"http://{settings.gateway}/v1/models/{both['name']}:predict"
        people = [Person(url) for _one in range(60)]
        with ThreadPoolExecutor(8) as pool:
            first = list(pool.map(lambda person: person.asks(1), people))
            then = list(pool.map(lambda person: person.asks(8), people))
        assert first == then, "somebody got another version"
        share = sum(seen == {PREDICTIONS["v2"]} for seen in first) / len(people)
        assert 0.1 < share < 0.75, "they are not drawn by the weight"
        assert Person(url, keeps=False).asks(60) == set(PREDICTIONS.values()), "without cookies each request is drawn"
        run.kill()
        aborted = operator.rollout(both, "v2", state="aborted")
        time.sleep(10)  # an abort waits for no proof
        after = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            back = list(pool.map(lambda person: person.asks(1), people))
        load.gather(20)
    load.assert_flawless()
    assert aborted["phase"] == "aborted" and aborted["gets"] == "0 percent"
    assert load.versions(after) == {"v1"} and set().union(*back) == {PREDICTIONS["v1"]}, "a cookie outlived the test"
    assert_tidy(cluster, both, "v1")
