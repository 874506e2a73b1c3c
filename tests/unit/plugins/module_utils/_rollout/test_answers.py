from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.answers import difference, problem
from ansible_collections.tfserving.istio.plugins.module_utils._spec.golden import GOLDEN

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_a_value_does_not_differ_from_itself(value):
    assert difference(value, value, 0.0) == ""


@given(st.floats(-1e6, 1e6), st.floats(0, 10), st.floats(-1, 1))
def test_numbers_may_differ_by_the_tolerance(number, tolerance, part):
    assert difference([number], [number + part * tolerance], tolerance * 1.001 + 1e-9) == ""
    assert difference([number], [number + 2 * tolerance + 1], tolerance) != ""


@pytest.mark.parametrize(
    ("expected", "actual", "said"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "a[1].b is 3, not 2"),
        ({"a": 1}, {}, "the answer lacks a"),
        ({"a": 1}, {"a": 1, "b": 2}, "the answer has also b"),
        ([1, 2], [1], "the answer has 1 entries, not 2"),
        (1, "1", 'the answer is "1", not 1'),
        (1, True, "the answer is true, not 1"),
        (0, None, "the answer is null, not 0"),
    ],
)
def test_the_difference_is_named(expected, actual, said):
    assert difference(expected, actual, 0.5) == said


@pytest.mark.parametrize(
    ("keys", "status", "seconds", "said"),
    [
        ({"expect": {"predictions": [2.5]}}, 200, 0.1, ""),
        ({"expect": {"predictions": [2.5]}}, 503, 0.1, "answers 503"),
        ({"expect": {"predictions": [9]}}, 200, 0.1, "predictions[0] is 2.5, not 9; expected"),
        ({"latency": 0.05}, 200, 0.1, "takes 0.100 s, more than 0.05 s"),
        ({"latency": 0.2}, 200, 0.1, ""),
        ({"assertion": "predictions[0] > `2`"}, 200, 0.1, ""),
        ({"assertion": "predictions[0] > `3`"}, 200, 0.1, "is false, not true"),
        ({"assertion": "predictions[0"}, 200, 0.1, "cannot be evaluated"),
    ],
)
def test_an_answer_is_judged_by_all_that_is_asked(keys, status, seconds, said):
    golden = GOLDEN({"request": {"instances": [1.0]}, **keys})
    found = problem(golden, status, {"predictions": [2.5]}, seconds)
    assert (said in found) if said else found == ""
