from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.statistics import close, interval, worse

SAMPLES = st.integers(0, 100_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
ALPHAS = st.floats(1e-6, 0.3)
CENTRES = st.floats(0.001, 0.9)


def evidence(bad: int, total: int, share: float, centre: float) -> float:
    """The martingale of the docstring, by Simpson's rule over the prior instead of the beta function (q = x squared)."""
    prior = (0.5, 0.5 * (1 - centre) / centre)
    weight = math.gamma(sum(prior)) / math.gamma(prior[0]) / math.gamma(prior[1])

    def integrand(x: float) -> float:
        q = x * x
        density = weight * (1 - q) ** (prior[1] - 1) * 2  # q^(-1/2) dq = 2 dx
        return density * (q / share) ** bad * ((1 - q) / (1 - share)) ** (total - bad)

    steps = 20_000
    points = [integrand(index / steps) for index in range(steps)]
    return (points[0] + 4 * sum(points[1::2]) + 2 * sum(points[2::2])) / 3 / steps


@pytest.mark.parametrize(("bad", "total"), [(0, 30), (1, 20), (4, 20), (7, 300)])
def test_each_end_is_where_the_mixture_reaches_its_threshold(bad: int, total: int):
    for end in interval(bad, total, 0.05, 0.1):
        if 0 < end < 1:
            assert evidence(bad, total, end, 0.1) == pytest.approx(20, rel=1e-3)


def test_nothing_is_known_without_requests():
    assert interval(0, 0, 0.05) == (0.0, 1.0)
    assert not worse((0, 0), (0, 100), 0.05)
    assert not close((0, 0), (0, 100), 0.01, 0.05)
    assert not worse((50, 100), (0, 0), 0.05)


def test_the_sizes_that_the_documentation_names():
    assert interval(0, 204, 0.05)[1] < 0.02 <= interval(0, 203, 0.05)[1]


@given(SAMPLES, ALPHAS, CENTRES)
def test_the_interval_holds_the_observed_share(sample: tuple[int, int], alpha: float, centre: float):
    low, high = interval(*sample, alpha, centre)
    assert 0 <= low <= high <= 1
    if sample[1]:
        assert low <= sample[0] / sample[1] <= high


@given(SAMPLES, ALPHAS, CENTRES)
def test_a_smaller_chance_of_error_takes_a_wider_interval(sample: tuple[int, int], alpha: float, centre: float):
    low, high = interval(*sample, alpha, centre)
    lower, higher = interval(*sample, alpha / 10, centre)
    assert lower <= low + 1e-9
    assert higher >= high - 1e-9


@given(SAMPLES, ALPHAS)
def test_what_is_shown_of_one_end_is_shown_of_the_other(sample: tuple[int, int], alpha: float):
    bad, total = sample
    low, high = interval(bad, total, alpha, 0.5)
    mirrored = interval(total - bad, total, alpha, 0.5)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


@given(SAMPLES, SAMPLES, ALPHAS, st.floats(0.001, 0.5))
def test_two_versions_cannot_be_shown_to_be_both(
    candidate: tuple[int, int], baseline: tuple[int, int], alpha: float, margin: float
):
    assert not (worse(candidate, baseline, alpha) and worse(baseline, candidate, alpha))
    if close(candidate, baseline, margin, alpha):
        assert candidate[0] / candidate[1] < baseline[0] / baseline[1] + margin


def test_one_is_worse_than_the_other_from_some_number_on():
    assert not worse((1, 20), (10, 1000), 0.05)
    assert worse((10, 100), (10, 1000), 0.05)
    assert not close((5, 1000), (45, 9000), 0.01, 0.05)
    assert close((10, 2000), (90, 18000), 0.01, 0.05)
    assert not close((40, 2000), (90, 18000), 0.01, 0.05)


def test_comparing_needs_fewer_requests_than_two_intervals():
    """3 % against 1 %, as many requests of each."""

    def needed(shown: object) -> int:
        return next(n for n in range(100, 20_000, 50) if shown((3 * n // 100, n), (n // 100, n)))  # type: ignore[operator]

    together = needed(lambda candidate, baseline: worse(candidate, baseline, 0.001))
    apart = needed(lambda candidate, baseline: interval(*candidate, 0.0005)[0] > interval(*baseline, 0.0005)[1])
    assert together < 0.75 * apart
