from __future__ import annotations

import random
from collections import Counter
from math import comb

import pytest
from mesh.load import bounds, split_problems


def test_bounds_are_the_exact_tails_of_the_binomial():
    n, p, alpha = 30, 0.3, 0.01
    probability = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    low, high = bounds(n, p, alpha)
    assert sum(probability[:low]) <= alpha / 2 < sum(probability[: low + 1])
    assert sum(probability[high + 1 :]) <= alpha / 2 < sum(probability[high:])


@pytest.mark.parametrize(("n", "p", "expected"), [(10, 0.0, (0, 0)), (10, 1.0, (10, 10)), (0, 0.5, (0, 0))])
def test_bounds_at_the_edges(n, p, expected):
    assert bounds(n, p) == expected


def test_a_right_split_is_hardly_ever_blamed_and_a_wrong_one_is():
    chance = random.Random(1)
    blamed = {90: 0, 80: 0}
    for share in blamed:
        for _ in range(200):
            counts = Counter("v1" if chance.random() < share / 100 else "v2" for _ in range(1000))
            blamed[share] += bool(split_problems(counts, {"v1": 90, "v2": 10}, alpha=0.01))
    assert blamed[90] <= 8  # 2 expected at most
    assert blamed[80] == 200


def test_what_must_be_nothing_is_nothing():
    assert split_problems({"v1": 1000}, {"v1": 100, "v2": 0}) == []
    assert split_problems({"v1": 999, "v2": 1}, {"v1": 100, "v2": 0})
    assert split_problems({"v1": 999, "v3": 1}, {"v1": 100})[0] == "v3: 1 answers, but the rule does not name it"
    assert split_problems({}, {"v1": 100}) == ["there are no answers"]


def test_a_finding_says_what_was_seen_and_what_was_likely():
    [first, second] = split_problems({"v1": 500, "v2": 500}, {"v1": 90, "v2": 10})
    assert first.startswith("v1: 500 of 1000 answers (50.00 %), but 90 % lets chance give 8")
    assert second.startswith("v2: 500 of 1000 answers (50.00 %), but 10 % lets chance give ")
