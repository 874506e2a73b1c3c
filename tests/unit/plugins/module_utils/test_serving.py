from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils import _serving
from ansible_collections.tfserving.istio.plugins.module_utils._serving import available, count_requests

# The form of TensorFlow Serving's own page.
METRICS = """\
# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{model_name="mnist",status="OK"} 41
:tensorflow:serving:request_count{model_name="mnist",status="NOT_FOUND"} 1
# TYPE :tensorflow:serving:request_latency histogram
:tensorflow:serving:request_latency_bucket{model_name="mnist",API="Predict",entrypoint="REST",le="10"} 7
:tensorflow:serving:request_latency_count{model_name="mnist",API="Predict",entrypoint="REST"} 99
:tensorflow:serving:request_latency_count{model_name="mnist",API="",entrypoint="REST"} 5000
"""


def status(**states: str) -> dict[str, Any]:
    return {
        "model_version_status": [
            {"version": version.removeprefix("v"), "state": state, "status": {"error_code": "OK", "error_message": ""}}
            for version, state in states.items()
        ]
    }


def test_only_what_is_available_is_served():
    assert available(status(v10="AVAILABLE", v9="UNLOADING", v2="AVAILABLE", v1="END")) == [2, 10]


@pytest.mark.parametrize("state", ["START", "LOADING", "UNLOADING", "END", "UNKNOWN"])
def test_a_status_of_200_in_another_state_serves_nothing(state: str):
    assert available(status(v1=state)) == []


@pytest.mark.parametrize("body", [None, [], "x", 1, {}, {"error": "Could not find any versions of model mnist"}])
def test_what_is_no_status_serves_nothing(body: object):
    assert available(body) == []


@pytest.mark.parametrize(
    "body",
    [
        {"model_version_status": None},
        {"model_version_status": [None]},
        {"model_version_status": [{"state": "AVAILABLE"}]},
    ],
)
def test_a_status_that_is_not_as_documented_serves_nothing(body: object):
    assert available(body) == []


def test_answers_and_failures_are_counted_and_probes_are_not():
    assert count_requests(METRICS) == 100


DOUBLE = """\
# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{model_name="mnist",status="INVALID_ARGUMENT"} 2
:tensorflow:serving:request_count{model_name="mnist",status="OK"} 900
# TYPE :tensorflow:serving:request_latency histogram
:tensorflow:serving:request_latency_bucket{model_name="mnist",API="predict",entrypoint="REST",le="1.27482e+06"} 3
:tensorflow:serving:request_latency_bucket{model_name="mnist",API="predict",entrypoint="REST",le="+Inf"} 3
:tensorflow:serving:request_latency_sum{model_name="mnist",API="predict",entrypoint="REST"} 1.23459e+06
:tensorflow:serving:request_latency_count{model_name="mnist",API="predict",entrypoint="REST"} 3
:tensorflow:serving:request_latency_count{model_name="mnist",API="classify",entrypoint="GRPC"} 4
# TYPE :tensorflow:serving:runtime_latency histogram
:tensorflow:serving:runtime_latency_count{model_name="mnist",API="predict",runtime="TF1"} 7
"""


def test_neither_sums_nor_buckets_nor_the_runtime_are_requests():
    assert count_requests(DOUBLE) == 2 + 3 + 4


def test_a_server_that_was_asked_nothing_shows_no_series():
    assert count_requests("# TYPE :tensorflow:serving:request_count counter\n") == 0


@given(st.lists(st.integers(0, 2**60).map(float), max_size=5))
def test_counts_in_any_form(numbers: list[float]):
    page = "".join(
        f':tensorflow:serving:request_count{{status="E{n}"}} {number!r}\n' for n, number in enumerate(numbers)
    )
    assert count_requests(page) == pytest.approx(sum(numbers))


class Pods:
    """Counters of a version's Pods, one reading after the other. A clock of its own: ten minutes are too long for a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, readings: list[dict[str, float | None]]) -> None:
        self.now, self.readings = 0.0, readings
        monkeypatch.setattr(_serving.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(_serving.time, "sleep", self.sleep)
        monkeypatch.setattr(_serving, "_counts", lambda client, pods: self.readings[0])

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if len(self.readings) > 1:
            del self.readings[0]


def test_silence_is_a_counter_that_stands_still(monkeypatch: pytest.MonkeyPatch):
    pods = Pods(monkeypatch, [{"a": 1.0}, {"a": 2.0}, {"a": 3.0}])
    assert _serving.wait_quiet(None, list, 30) == "no request for 30 s"
    assert pods.now == pytest.approx(32, abs=1)


def test_a_pod_without_a_counter_is_named(monkeypatch: pytest.MonkeyPatch):
    Pods(monkeypatch, [{"a": 1.0, "b": None}])
    assert _serving.wait_quiet(None, list, 30) == "30 s of time; b shows no request counter"


def test_a_version_that_is_never_silent_is_an_error(monkeypatch: pytest.MonkeyPatch):
    pods = Pods(monkeypatch, [{"a": float(count)} for count in range(2000)])
    with pytest.raises(_serving.ClusterError, match=r"still gets requests after 600 s .* Nothing is deleted"):
        _serving.wait_quiet(None, list, 30)
    assert 600 <= pods.now < 605
