"""Whether an observed split fits a rule, and how far chance alone may take it from the rule."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, inf, lgamma, log

ALPHA = 1e-6  # chance of blaming a split that is right: about one run of a million


def _log_probability(n: int, k: int, p: float) -> float:
    """Return the logarithm of the binomial probability of k among n."""
    if p in (0.0, 1.0):
        return 0.0 if k == (n if p else 0) else -inf
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p)


def bounds(n: int, p: float, alpha: float = ALPHA) -> tuple[int, int]:
    """Return the least and the largest count among ``n`` answers that are still likely for a share ``p`` (0 to 1).

    Each request draws its version independently, so a count is binomial. The bounds are those of the exact two-sided test
    at level ``alpha`` with equal tails: the largest region outside of which either tail holds at most alpha / 2
    (C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26, 1934, whose intervals invert this test).
    """
    tail, low = 0.0, 0
    while low < n and (tail := tail + exp(_log_probability(n, low, p))) <= alpha / 2:
        low += 1
    tail, high = 0.0, n
    while high > 0 and (tail := tail + exp(_log_probability(n, high, p))) <= alpha / 2:
        high -= 1
    return low, high


def split_problems(counts: Mapping[str, int], rule: Mapping[str, float], alpha: float = ALPHA) -> list[str]:
    """Return what speaks against ``counts`` (answers a version) being drawn by ``rule`` (percent a version).

    The chance of any finding for a right split is at most ``alpha``: it is divided by the number of versions (Bonferroni).
    A version at 0 percent, or not in the rule, must have no answer at all. No answers at all are a finding too.
    """
    total, whole = sum(counts.values()), sum(rule.values())
    if not total:
        return ["there are no answers"]
    problems = [
        f"{name}: {count} answers, but the rule does not name it"
        for name, count in counts.items()
        if count and name not in rule
    ]
    for name, percent in rule.items():
        share, count = percent / whole, counts.get(name, 0)
        low, high = bounds(total, share, alpha / len(rule))
        if not low <= count <= high:
            problems.append(
                f"{name}: {count} of {total} answers ({100 * count / total:.2f} %), but {100 * share:g} % lets chance give {low} to {high}"
            )
    return problems
