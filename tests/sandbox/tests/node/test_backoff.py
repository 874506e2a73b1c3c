"""Delays between a container's starts."""

from __future__ import annotations

from sandbox.node.backoff import Backoff


def test_the_first_restart_is_at_once_and_later_ones_double_up_to_the_limit() -> None:
    backoff = Backoff()
    assert [backoff.next(ran=1) for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_long_run_starts_over() -> None:
    backoff = Backoff()
    for _ in range(4):
        backoff.next(ran=1)
    assert backoff.next(ran=600) == 0
    assert backoff.next(ran=1) == 10


def test_a_run_just_short_of_that_does_not() -> None:
    backoff = Backoff()
    backoff.next(ran=1)
    assert backoff.next(ran=599) == 10


def test_it_can_be_reset() -> None:
    backoff = Backoff()
    backoff.next(ran=1)
    backoff.next(ran=1)
    backoff.reset()
    assert backoff.next(ran=1) == 0
