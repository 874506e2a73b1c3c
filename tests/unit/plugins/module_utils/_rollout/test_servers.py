from __future__ import annotations

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import FAILED_STATUS, Counts
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.servers import (
    FAILED,
    Page,
    Servers,
    advance,
    counts,
)

CODES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION "
    "ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
).split()
BUCKETS = [10 * 1.8**power for power in range(33)]


def text(fast: int = 0, slow: int = 0, probes: int = 0, api: str = "predict", **statuses: int) -> str:
    """As TensorFlow Serving writes it: fast requests take 40 ms, slow ones 120; a probe is a GET of the status."""

    def histogram(labels: str, durations: dict[float, int]) -> list[str]:
        total = sum(durations.values())
        below = [(bound, sum(n for took, n in durations.items() if took <= bound)) for bound in BUCKETS]
        lines = [f':tensorflow:serving:request_latency_bucket{{{labels},le="{bound:g}"}} {n}' for bound, n in below]
        return [
            *lines,
            f':tensorflow:serving:request_latency_bucket{{{labels},le="+Inf"}} {total}',
            f":tensorflow:serving:request_latency_sum{{{labels}}} 1.5e+06",
            f":tensorflow:serving:request_latency_count{{{labels}}} {total}",
        ]

    found = {"OK": fast + slow + probes, **statuses}
    lines = ["# TYPE :tensorflow:serving:request_count counter"]
    lines += [f':tensorflow:serving:request_count{{model_name="a\\"}}b",status="{s}"}} {n}' for s, n in found.items()]
    lines += histogram(f'model_name="a\\"}}b",API="{api}",entrypoint="REST"', {40e3: fast, 120e3: slow})
    lines += histogram('model_name="a\\"}b",API="",entrypoint="REST"', {2e3: probes})
    return "\n".join([*lines, ':tensorflow:serving:runtime_latency_count{model_name="a"} 7', ""])


def look(servers: Servers, *pages: Page) -> Servers:
    """As another process finds it."""
    return Servers(**json.loads(json.dumps(dataclasses.asdict(advance(servers, pages)))))


def test_the_first_page_of_a_pod_is_its_offset():
    """Golden requests, and what an earlier step has sent, are on it."""
    servers = look(Servers(), Page("a", "v2", text(8)))
    assert counts(servers, "v2") == Counts()
    servers = look(servers, Page("a", "v2", text(18)), Page("b", "v2", text(500)))
    assert counts(servers, "v2") == Counts(10, 0, 10)
    assert counts(look(servers, Page("a", "v2", text(18)), Page("b", "v2", text(501))), "v2").requests == 11


def test_probes_are_not_counted():
    servers = look(Servers(), Page("a", "v2", text(8, probes=3)))
    assert counts(look(servers, Page("a", "v2", text(9, probes=300))), "v2") == Counts(1, 0, 1)


def test_failures_are_those_that_the_proxies_count_as_well():
    assert {str(CODES.index(name)) for name in FAILED} == FAILED_STATUS
    for status in CODES[1:]:
        servers = look(look(Servers(), Page("a", "v2", "")), Page("a", "v2", text(5, **{status: 2})))
        assert counts(servers, "v2") == Counts(7, 2 if status in FAILED else 0, 5)


def test_a_boundary_between_two_buckets_is_the_upper_one():
    boundaries = [50.0, 100.0, 121.439531, 250.0]
    servers = look(Servers(boundaries), Page("a", "v2", text()))
    found = counts(look(servers, Page("a", "v2", text(30, 10))), "v2")
    assert found.slow == {"50": 10, "100": 0, "121.439531": 0, "250": 0}
    assert {text: round(bucket, 1) for text, bucket in found.rounded.items()} == {
        "50": 67.5,
        "100": 121.4,
        "250": 393.5,
    }
    assert [found.boundary(text) for text in found.slow] == ["67.47", "121.4", "121.439531", "393.5"]


def test_a_boundary_above_all_buckets_has_no_slow_requests():
    servers = look(look(Servers([9e9]), Page("a", "v2", text())), Page("a", "v2", text(3, 4)))
    assert counts(servers, "v2") == Counts(7, 0, 7, {"9000000000": 0})


def test_a_server_that_was_restarted_counts_from_zero():
    servers = look(Servers(), Page("a", "v1", text(100)))
    servers = look(servers, Page("a", "v1", text(110)), Page("b", "v2", text(5)))
    servers = look(servers, Page("a", "v1", None, restarts=1), Page("b", "v2", None))
    servers = look(servers, Page("a", "v1", text(4), restarts=1), Page("b", "v2", text(6)))
    assert counts(servers, "v1").requests == 14 and counts(servers, "v2").requests == 1
    assert counts(look(servers, Page("a", "v1", text(90), restarts=2)), "v1").requests == 104


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.integers(0, 9)), min_size=1, max_size=20))
def test_every_request_is_counted_once(events: list[tuple[bool, int, int]]):
    servers = look(Servers([50.0]), Page("a", "v2", text(1000, 100, INTERNAL=10)))
    shown, failed, restarts, expected = 1000, 10, 0, Counts(slow={"50": 0}, rounded={"50": servers.rounded["50"]})
    for restart, requests, errors in events:
        if restart:
            shown, failed, restarts = 0, 0, restarts + 1
        shown, failed = shown + requests, failed + errors
        servers = look(servers, Page("a", "v2", text(shown, 0 if restarts else 100, INTERNAL=failed), restarts))
        total = expected.requests + requests + errors
        expected = dataclasses.replace(
            expected, requests=total, errors=expected.errors + errors, timed=expected.timed + requests
        )
    assert counts(servers, "v2") == expected


def test_the_state_of_hundred_pods_fits_a_config_map():
    pages = [Page(f"mnist-v2-6694d8cbc6-{number:05}", "v2", text(12345, 7)) for number in range(100)]
    assert len(json.dumps(dataclasses.asdict(advance(Servers([50.0, 250.0]), pages)))) < 30_000
