"""What is read of the servers while requests are copied. A mock stands for Pods and their pages: how a container ends is told as kubelets tell it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout import copies
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.copies import Copies, Crashed, Unseen
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import Counts
from ansible_collections.tfserving.istio.tests.unit.support.rollouts import plan

OOM = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}


def pod(name: str, version: str, requests: int | None, restarts: int = 0, phase: str = "Running", **more: Any) -> Any:
    sidecar = {"name": "istio-proxy", "restartCount": 5}
    server = {"name": "mnist", "restartCount": restarts, **more}
    status = {"phase": phase, "containerStatuses": [sidecar, server]}
    return {"metadata": {"name": name, "labels": {"version": version}}, "status": status, "requests": requests}


class Client:
    @staticmethod
    def every(work: Any, items: Any) -> Any:
        return [work(item) for item in items]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The Pods; each has counted its ``requests``, or shows nothing."""
    found: list[Any] = []

    def metrics(client: Any, one: Any) -> str | None:
        assert one["status"]["phase"] == "Running"
        count = one["requests"]
        line = f':tensorflow:serving:request_latency_count{{model_name="mnist",API="predict"}} {count}'
        return None if count is None else line

    monkeypatch.setattr(copies, "list_kind", lambda *_args: found)
    monkeypatch.setattr(copies, "metrics", metrics)
    return found


STEPS = [{"mirror": 10}, 100]


def reader() -> Copies:
    return Copies(Client(), plan(strategy="mirror", steps=STEPS))  # type: ignore[arg-type]


def test_both_versions_are_counted_from_the_beginning(servers: list[Any]):
    servers[:] = [pod("a", "v1", 100), pod("b", "v2", 7), pod("c", "v3", 1)]
    kept = reader().begin("v1", [])
    servers[:] = [pod("a", "v1", 150), pod("b", "v2", 12), pod("c", "v3", 9), pod("d", "v2", None, phase="Pending")]
    _kept, candidate, baseline = reader().look(kept, "v1")
    assert (candidate, baseline) == (Counts(5, 0, 5), Counts(50, 0, 50))


def test_a_candidate_of_which_nothing_is_seen_is_no_evidence(servers: list[Any]):
    servers[:] = [pod("a", "v1", 100), pod("b", "v2", 7)]
    kept = reader().begin("v1", [])
    servers[:] = [pod("a", "v1", 150), pod("b", "v2", None)]
    with pytest.raises(Unseen, match="no Pod of v2 shows TensorFlow Serving's metrics"):
        reader().look(kept, "v1")
    leaving = pod("b", "v2", 8)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    servers[:] = [leaving]
    with pytest.raises(Unseen):
        reader().look(kept, "v1")


@pytest.mark.parametrize("requests", [9, None])
def test_a_server_that_ends_under_copies_is_the_candidate_s_failure(servers: list[Any], requests: int | None):
    servers[:] = [pod("a", "v1", 100), pod("b", "v2", 7, 1)]
    kept, _candidate, _baseline = reader().look(reader().begin("v1", []), "v1")
    servers[:] = [pod("a", "v1", 100, 3, lastState=OOM), pod("b", "v2", requests, 2, lastState=OOM)]
    with pytest.raises(
        Crashed, match=r"^Pod b of v2 was restarted once while it got copies: OOMKilled, exit code 137$"
    ):
        reader().look(kept, "v1")
    servers[:] = [pod("a", "v1", 4, 3, lastState=OOM), pod("b", "v2", 8, 1), pod("new", "v2", None, 2)]
    with pytest.raises(Crashed, match=r"^Pod new of v2 was restarted 2 times while it got copies$"):
        reader().look(kept, "v1")
    servers[:] = [pod("a", "v1", 4, 3, lastState=OOM), pod("b", "v2", 8, 1)]
    assert reader().look(kept, "v1")[1:] == (Counts(1, 0, 1), Counts(4, 0, 4)), "the baseline's end is not its failure"
