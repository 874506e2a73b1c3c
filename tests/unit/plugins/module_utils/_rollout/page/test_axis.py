"""The time axis: whole, in order, without the times in which nothing happens."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.page.axis import axis

TIMES = st.lists(st.floats(0, 1e6), min_size=2, max_size=40)


@given(TIMES)
def test_places_are_in_the_order_of_times(times):
    times = sorted(times)
    made = axis(times[0], times[-1], times)
    places = [made.place(at) for at in times]
    assert places == sorted(places)
    assert places[0] == 0 and all(0 <= place <= 100 for place in places)
    assert places[-1] == 100 or times[-1] == times[0]


@given(TIMES)
def test_marks_stand_apart_and_beside_what_was_cut(times):
    made = axis(min(times), max(times), times)
    marks = [place for place, _text in made.marks()]
    assert all(later - earlier >= 6 for earlier, later in pairwise(marks))
    assert not any(begin < place < end for place in marks for begin, end, _long in made.gaps())


def test_a_night_is_cut_out():
    made = axis(0, 40_000, [*range(0, 300, 5), *range(39_700, 40_000, 5)])
    assert [long for _begin, _end, long in made.gaps()] == ["10 h 56 min"]
    assert 45 < made.place(295) < 55 < made.place(39_700) + 10


def test_a_rollout_that_looks_all_the_time_is_shown_as_it_was():
    assert axis(0, 86_400, range(0, 86_400, 60)).gaps() == []
    assert axis(0, 250, []).gaps() == []


def test_marks_have_round_times():
    made = axis(1000, 1600, range(1000, 1600, 5))
    assert [text for _place, text in made.marks()] == [f"{minute}:00" for minute in range(11)]
