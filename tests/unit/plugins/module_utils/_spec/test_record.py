from __future__ import annotations

from dataclasses import dataclass

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.check import whole
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.record import key, keys, read, record


@dataclass(frozen=True, kw_only=True)
class Point:
    x: int = key(whole())
    y: int = key(whole(), 7)
    tags: dict[str, str] = key(whole(), {"a": "b"})
    hidden: int = 0


def test_a_record_is_read_with_its_defaults():
    assert read(Point, {"x": 1}) == Point(x=1, y=7, tags={"a": "b"})


def test_null_counts_as_not_given():
    assert read(Point, {"x": 1, "y": None}).y == 7


def test_defaults_are_not_shared():
    assert read(Point, {"x": 1}).tags is not read(Point, {"x": 1}).tags


def test_only_described_fields_are_keys():
    assert set(keys(Point)) == {"x", "y", "tags"}


def test_every_problem_is_told_at_once():
    with pytest.raises(SpecError) as error:
        read(Point, {"y": -1, "z": 1, "hidden": 1})
    assert str(error.value).splitlines() == [
        "z: unknown key; known are tags, x, y",
        "hidden: unknown key; known are tags, x, y",
        "x: is required",
        "y: -1 is not a whole number of at least 0",
    ]


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_mapping_says_which_keys_there_are(value: object):
    with pytest.raises(SpecError, match=r"is not a mapping \(its keys: x, y, tags\)"):
        record(Point)(value)
