from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tfserving.istio.plugins.module_utils._spec import check
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CHECKS = {
    "text": check.text("[a-z]+", "letters", longest=3),
    "one_of": check.one_of("a", "b"),
    "whole": check.whole(1, 5),
    "seconds": check.seconds(0.5),
    "truth": check.truth(),
    "quantity": check.quantity(),
    "list": check.list_of(check.whole(), at_least=1),
    "map": check.map_of(check.LABEL_KEY, check.LABEL_VALUE),
    "kubernetes": check.kubernetes_mapping(),
}


@pytest.mark.parametrize("name", CHECKS)
@given(value=JSON)
def test_whatever_comes_is_read_or_is_an_error_in_words(name: str, value: Any):
    try:
        CHECKS[name](value)
    except SpecError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("text", "abc", "abc"),
        ("one_of", "a", "a"),
        ("whole", 5, 5),
        ("whole", "5", 5),
        ("seconds", 30, 30.0),
        ("seconds", "0.5", 0.5),
        ("seconds", "500ms", 0.5),
        ("seconds", "2m", 120.0),
        ("seconds", "1h", 3600.0),
        ("truth", "yes", True),
        ("truth", "Off", False),
        ("truth", 1, True),
        ("quantity", "500m", "500m"),
        ("quantity", 2, "2"),
        ("quantity", 0.5, "0.5"),
        ("quantity", "4Gi", "4Gi"),
        ("quantity", "1e3", "1e3"),
        ("list", ["1", 2], (1, 2)),
        ("map", {"a/b": "c"}, {"a/b": "c"}),
        ("kubernetes", {"a": (1, {2: None})}, {"a": [1, {"2": None}]}),
    ],
)
def test_what_is_right(name: str, value: Any, result: Any):
    assert CHECKS[name](value) == result


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("text", "abcd", "'abcd' has 4 characters, 3 are allowed"),
        ("text", "ab\n", "is not letters"),
        ("text", 1, "1 is not letters; quote it"),
        ("one_of", "c", "'c' is not one of a, b"),
        ("one_of", ["a"], "['a'] is not one of a, b"),
        ("whole", 6, "6 is not a whole number from 1 to 5"),
        ("whole", True, "True is not a whole number"),
        ("whole", 1.5, "1.5 is not a whole number"),
        ("whole", "9" * 30, "is not a whole number"),
        ("seconds", 0.1, "0.1 is not a time of at least 0.5 seconds"),
        ("seconds", True, "True is not a time"),
        ("seconds", "5 minutes", "write seconds, or a number with ms, s, m or h"),
        ("seconds", float("nan"), "nan is not a time"),
        ("truth", "maybe", "'maybe' is neither true nor false"),
        ("quantity", "4 GB", "'4 GB' is not a Kubernetes quantity such as 500m, 1 or 4Gi"),
        ("quantity", "-1", "is not a Kubernetes quantity"),
        ("quantity", True, "True is not a Kubernetes quantity"),
        ("list", "1", "'1' is not a list"),
        ("list", [], "is empty, at least 1 is needed"),
        ("list", [1, "x", -1], "[1]: 'x' is not a whole number of at least 0\n[2]: -1 is not"),
        ("map", [], "[] is not a mapping"),
        ("map", {"a": 1}, "a: 1 is not a label value (quote numbers and booleans); quote it"),
        ("map", {"-": "a", "b": "?"}, "b: '?' is not a label value"),
        ("kubernetes", "x", "'x' is not a mapping"),
    ],
)
def test_what_is_wrong_says_what_would_be_right(name: str, value: Any, words: str):
    with pytest.raises(SpecError) as error:
        CHECKS[name](value)
    assert words in str(error.value)


def test_a_long_value_is_quoted_in_part():
    assert len(check.shown("x" * 1000)) == 60


def test_tagged_strings_of_ansible_become_plain_ones():
    class Tagged(str):
        pass

    plain = check.plain({Tagged("a"): [Tagged("b"), 1, 2.5, True, None]})
    assert not isinstance(next(iter(plain)), Tagged)
    assert not isinstance(plain["a"][0], Tagged)


def test_what_json_has_no_word_for_is_refused():
    with pytest.raises(SpecError, match="is not JSON"):
        check.plain({"a": object()})


@pytest.mark.parametrize("name", ["a", "a-b", "1", "a" * 63])
def test_names_that_kubernetes_takes(name: str):
    assert check.DNS_LABEL(name) == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a_b", "a.b", "a" * 64, "a\n", "ä"])
def test_names_that_kubernetes_refuses(name: str):
    with pytest.raises(SpecError):
        check.DNS_LABEL(name)
