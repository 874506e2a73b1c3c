"""The Lease on an API server of the test's own, because answers that are lost cannot be had from a real one."""

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout import lease as module
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.lease import Held, Lease, renewed

PATH = "/apis/coordination.k8s.io/v1/namespaces/kubeflow/leases"


class Shelf:
    """One Lease, written under its resourceVersion."""

    def __init__(self, server):
        self.lease, self.lose, self.away = None, False, False
        server.fallback = self.answer

    def answer(self, request):
        if self.away:
            return 503, {"message": "away"}
        if request["method"] == "GET":
            return (200, self.lease) if self.lease else (404, {"details": {"kind": "leases"}, "message": "not found"})
        body = json.loads(request["body"])
        if request["method"] == "POST":
            self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": "1"}}
            return 201, self.lease
        version = self.lease["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            return 409, {"message": "the object has been modified"}
        self.lease["spec"] |= body["spec"]
        self.lease["metadata"]["resourceVersion"] = str(int(version) + 1)
        if self.lose:
            self.lose = False
            return 503, {"message": "the answer is lost"}
        return 200, self.lease


@pytest.fixture
def shelf(server):
    return Shelf(server)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "RENEW", 0.05)
    monkeypatch.setattr(module, "SECONDS", 1)


def test_slices_of_one_run_share_it_and_another_run_is_told_who(client, shelf):
    assert Lease(client, "kubeflow", "mnist", "first").take(0) == 1
    mine = Lease(client, "kubeflow", "mnist", "first")
    assert mine.take(0) == 1
    mine.renew()
    with pytest.raises(Held, match="first drives the rollout of mnist"):
        Lease(client, "kubeflow", "mnist", "second").take(5)
    mine.stop(release=True)
    assert Lease(client, "kubeflow", "mnist", "second").take(0) == 2


def test_one_that_is_not_renewed_is_taken_over_and_its_driver_learns_of_it(client, shelf):
    killed = Lease(client, "kubeflow", "mnist", "killed")
    killed.take(0)
    started = time.monotonic()
    assert Lease(client, "kubeflow", "mnist", "next").take(5) == 2
    assert time.monotonic() - started >= 1
    killed.renew()
    assert killed.taken.wait(30)


def test_a_driver_whose_clock_is_behind_keeps_it(client, shelf, monkeypatch):
    """The times in a Lease are its holder's."""
    monkeypatch.setattr(module, "_now", lambda: "2026-01-01T00:00:00.000000Z")
    mine = Lease(client, "kubeflow", "mnist", "first")
    mine.take(0)
    mine.renew()
    with pytest.raises(Held, match="first drives the rollout of mnist"):
        Lease(client, "kubeflow", "mnist", "second").take(5)
    mine.stop(release=True)


def test_an_abort_takes_it_from_whoever_has_it(client, shelf):
    driver = Lease(client, "kubeflow", "mnist", "driver")
    driver.take(0)
    driver.renew()
    Lease(client, "kubeflow", "mnist", "abort").take(0, by_force=True)
    assert driver.taken.wait(30)


def test_an_answer_that_is_lost_is_not_another_driver(client, shelf):
    mine = Lease(client, "kubeflow", "mnist", "mine")
    mine.take(0)
    shelf.lose = True
    mine.renew()
    time.sleep(0.5)
    assert not mine.taken.is_set() and not mine.unsure.is_set()
    mine.stop(release=False)


def test_an_api_server_that_is_away_makes_unsure_until_it_is_back(client, shelf):
    mine = Lease(client, "kubeflow", "mnist", "mine")
    mine.take(0)
    mine.renew()
    shelf.away = True
    assert mine.unsure.wait(5)
    shelf.away = False
    until = time.monotonic() + 5
    while mine.unsure.is_set():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not mine.taken.is_set()
    mine.stop(release=True)
    assert not renewed(shelf.lease)
