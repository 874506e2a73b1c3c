from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import (
    DURATION,
    FLUSH,
    REQUESTS,
    Counters,
    Counts,
    Series,
    advance,
    counts,
    query,
)

V1, V2 = "mnist-v1.kubeflow.svc.cluster.local", "mnist-v2.kubeflow.svc.cluster.local"
SHIFT = 1000.0
FAILED = "UH UF UO NR NC URX UC UT UR LR UPE UMSDR SI DT OM DF".split()


def series(*points: tuple[float, float], name: str = REQUESTS, **labels: str) -> Series:
    """As Istio's stats filter reports: every label is there, with a dash or nothing for what does not apply."""
    given = {"__name__": name, "reporter": "source", "job": "kubernetes-pods", "instance": "10.0.0.1:15020"}
    given |= {"destination_service": V2, "request_protocol": "http", "response_code": "200", "grpc_response_status": ""}
    given |= {"response_flags": "-", "connection_security_policy": "unknown"}
    return Series({**given, **labels}, tuple(points))


def begin(**more: Any) -> Counters:
    return Counters(SHIFT, {host: {"destination_service": host} for host in (V1, V2)}, **more)


def kept(counters: Counters) -> Counters:
    """As another process finds it."""
    return Counters(**json.loads(json.dumps(dataclasses.asdict(counters))))


def counted(*found: Series, service: str = V2, **more: Any) -> Counts:
    return counts(advance(begin(**more), found), service)


def test_the_first_scrape_after_the_shift_is_the_offset():
    assert counted(series((990, 100), (1005, 140), (1020, 150), (1035, 170))).requests == 30


def test_a_scrape_at_the_very_moment_of_the_shift_is_the_offset():
    assert counted(series((1000, 100), (1015, 110))).requests == 10


def test_golden_requests_that_no_scrape_has_seen_before_the_shift_are_not_counted():
    """They make the candidate's first series, which the first scrape after the shift shows together with the baseline's."""
    golden = series((1005, 8), (1020, 9))
    assert counted(series((990, 5), (1005, 6), destination_service=V1), golden).requests == 1


def test_a_series_that_is_new_after_the_first_scrape_counts_from_zero():
    old = series((990, 100), (1005, 100), (1020, 120))
    new = series((1020, 3), (1035, 4), response_code="503", response_flags="UH")
    assert counted(old, new) == Counts(24, 4)


def test_a_proxy_that_is_new_begins_with_its_first_scrape():
    assert (
        counted(series((990, 100), (1005, 100)), series((1020, 7), (1035, 9), instance="10.0.0.2:15020")).requests == 2
    )


def test_a_restarted_proxy_counts_from_zero():
    assert counted(series((1005, 100), (1020, 110), (1035, 4), (1050, 6))).requests == 16


def test_two_restarts_between_two_looks():
    assert counted(series((1005, 100), (1020, 2), (1035, 1))).requests == 3


def test_looks_that_overlap_count_once():
    points = ((990.0, 1.0), (1005.0, 100.0), (1020.0, 110.0), (1035.0, 4.0), (1050.0, 6.0))
    counters = begin()
    for last in range(1, 6):
        counters = kept(advance(counters, [series(*points[max(0, last - 3) : last])]))
    assert counts(counters, V2).requests == 16
    assert advance(counters, [series(*points)]) == counters
    assert counters.seen == 1050


def test_nothing_was_found():
    assert counted() == Counts()
    assert counted(series((990, 5))) == Counts()


def test_each_version_has_its_own_counts_and_others_are_not_read():
    found = [series((1005, 1), (1020, 5), destination_service=host) for host in (V1, V2, "unknown")]
    counters = advance(begin(), found)
    assert [counts(counters, host).requests for host in (V1, V2, "unknown")] == [4, 4, 0]


@pytest.mark.parametrize(
    ("labels", "failed"),
    [
        ({}, 0),
        ({"response_code": "500"}, 1),
        ({"response_code": "504", "response_flags": "UT"}, 1),
        ({"response_code": "0", "response_flags": "DC"}, 1),
        ({"response_code": "200", "response_flags": "DC"}, 0),
        ({"response_code": "200", "response_flags": "UC"}, 1),
        ({"response_code": "200", "response_flags": "URX,UF"}, 1),
        ({"response_code": "404"}, 0),
        ({"response_code": "429"}, 0),
        ({"response_flags": ""}, 0),
        ({"response_flags": "DI"}, 0),
        *(
            ({"request_protocol": "grpc", "grpc_response_status": status}, 0)
            for status in "0 1 3 5 6 7 9 10 11 16".split()
        ),
        *(({"request_protocol": "grpc", "grpc_response_status": status}, 1) for status in "2 4 8 12 13 14 15".split()),
        *(({"response_code": "200", "response_flags": flag}, 1) for flag in FAILED),
    ],
)
def test_what_is_a_failure(labels: dict[str, str], failed: int):
    assert counted(series((1005, 1), (1020, 2), **labels)) == Counts(1, failed)


@pytest.mark.parametrize("flag", ["RL", "UAEX", "UF,RL"])
@pytest.mark.parametrize("code", ["429", "403", "500", "200"])
def test_what_the_mesh_refused_is_not_counted_at_all(flag: str, code: str):
    assert counted(series((1005, 1), (1020, 2), response_code=code, response_flags=flag)) == Counts()


def histogram(*points: tuple[float, float, float], le: str = "250", **labels: str) -> list[Series]:
    """Time, requests, and how many of them were fast."""
    total = series(*((when, count) for when, count, _fast in points), name=f"{DURATION}_count", **labels)
    fast = series(*((when, fast) for when, _count, fast in points), name=f"{DURATION}_bucket", le=le, **labels)
    return [total, fast]


@pytest.mark.parametrize("le", ["250", "250.0"])
def test_slow_is_what_is_above_the_boundary(le: str):
    found = histogram((990, 50, 40), (1005, 100, 90), (1020, 120, 105), le=le)
    assert counted(*found, boundaries=[250.0]) == Counts(0, 0, 20, {"250": 5})


def test_a_histogram_begins_when_the_proxy_has_merged_what_came_before_the_shift():
    """The scrape at 1004 lacks golden requests that the one at 1006 has."""
    found = [series((1004, 10), (1006, 10), (1020, 12)), *histogram((1004, 2, 2), (1006, 10, 10), (1020, 12, 11))]
    assert SHIFT + FLUSH == 1005
    assert counted(*found, boundaries=[250.0]) == Counts(2, 0, 2, {"250": 1})


def test_a_boundary_that_is_no_bucket_has_no_slow_requests():
    total, _fast = histogram((1005, 1, 1), (1020, 5, 5))
    assert counted(total, boundaries=[300.0]) == Counts(0, 0, 4, {})


def test_two_boundaries_and_a_large_one():
    total, fast = histogram((1005, 0, 0), (1020, 10, 6))
    _total, faster = histogram((1005, 0, 0), (1020, 10, 9), le="1.8e+06")
    assert counted(total, fast, faster, boundaries=[250.0, 1800000.0]).slow == {"250": 4, "1800000": 1}


def test_one_query_reads_all_that_the_rate_gates_need():
    assert query(begin(boundaries=[250.0, 1800000.0]), 1030) == (
        '{__name__=~"istio_requests_total|istio_request_duration_milliseconds_(count|bucket)",'
        'le=~"|250|250[.]0|1800000|1800000[.]0|1[.]8e[+]06",reporter="source",'
        'destination_service=~"mnist-v1[.]kubeflow[.]svc[.]cluster[.]local|mnist-v2[.]kubeflow[.]svc[.]cluster[.]local"}[90s]'
    )


def test_without_a_latency_gate_no_histogram_is_read():
    asked = query(begin(seen=1200.0), 1203, {"cluster": 'a"b\\'})
    assert asked.startswith('{__name__="istio_requests_total",reporter="source",')
    assert asked.endswith(',cluster="a\\"b\\\\"}[63s]')


def test_a_clock_that_is_behind_still_looks_back_a_minute():
    assert query(begin(), 10).endswith("[60s]")


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=1, max_size=30),
    st.sets(st.integers(1, 29)),
    st.integers(0, 5),
)
def test_requests_after_the_first_scrape_are_counted_once_however_the_looks_fall(
    events: list[tuple[bool, int]], looks: set[int], overlap: int
):
    """A proxy that restarts at some scrapes; a new one has answered as many requests as it shows."""
    value, expected, points = 1000, 0, [(SHIFT + 1, 1000.0)]
    for index, (restart, requests) in enumerate(events, 2):
        restart = restart and requests < value
        value = requests if restart else value + requests
        expected += requests
        points.append((SHIFT + index, float(value)))
    counters, last = begin(), 0
    for look in [*sorted(looks), len(points)]:
        counters = kept(advance(counters, [series(*points[max(0, last - overlap) : look])]))
        last = min(look, len(points))
    assert counts(counters, V2).requests == expected


def test_the_state_of_a_thousand_series_fits_a_config_map():
    found = [series((1005, 1), (1020, 12345), instance=f"10.0.0.{i}:15020") for i in range(1000)]
    assert len(json.dumps(dataclasses.asdict(advance(begin(), found)))) < 100_000


SHARED = {
    version: {"destination_service": V1, "destination_workload": f"mnist-{version}", "destination_version": version}
    for version in ("v1", "v2")
}


def shared(*found: Series) -> tuple[int, int]:
    """Requests of two versions behind one Service."""
    counters = advance(Counters(SHIFT, SHARED), found)
    return counts(counters, "v1").requests, counts(counters, "v2").requests


def of(points: tuple[tuple[float, float], ...], **labels: str) -> Series:
    return series(*points, destination_service=V1, **labels)


GROWN = ((1005.0, 0.0), (1020.0, 7.0))


def test_versions_behind_one_service_are_told_apart_by_what_the_proxy_knows_of_their_pods():
    assert shared(of(GROWN, destination_workload="mnist-v1", destination_version="v1")) == (7, 0)
    assert shared(of(GROWN, destination_workload="mnist-v2", destination_version="unknown")) == (0, 7)
    assert shared(of(GROWN, destination_version="v2")) == (0, 7), "no label for the workload"


def test_requests_that_cannot_be_told_apart_are_nobodys():
    assert shared(of(GROWN)) == (0, 0)
    assert shared(of(GROWN, destination_workload="unknown", destination_version="unknown")) == (0, 0)
    assert shared(of(GROWN, destination_workload="mnist-v3", destination_version="v2")) == (0, 0)


def test_versions_behind_one_service_are_asked_for_once():
    assert query(Counters(SHIFT, SHARED), SHIFT).count("mnist-v1") == 1
