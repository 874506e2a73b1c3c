from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.condition import CONDITION
from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError


def errors(value: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        CONDITION(value)
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"header": "X-Tier", "exact": "beta"}, "header x-tier = beta"),
        ({"header": "user-agent", "prefix": "curl/ 8"}, "header user-agent begins with curl/ 8"),
        ({"header": "user-agent", "regex": r".*(iPhone|\p{Lu}+)\z"}, r"header user-agent matches .*(iPhone|\p{Lu}+)\z"),
        ({"cookie": "Variant", "exact": "b"}, "cookie Variant = b"),
        ({"cookie": "v", "prefix": "b/"}, "cookie v begins with b/"),
    ],
)
def test_conditions_and_how_they_are_told(value: dict[str, str], told: str):
    assert str(CONDITION(value)) == told
    assert str(CONDITION({**dict.fromkeys(("header", "cookie", "exact", "prefix", "regex")), **value})) == told


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("beta", "'beta' is not a mapping (its keys: header, cookie, exact, prefix, regex)"),
        ({"header": "a", "value": "b"}, "value: unknown key;"),
        ({"exact": "b"}, "header: is required, or cookie: one of the two"),
        ({"header": "a", "cookie": "b", "exact": "c"}, "header: is required, or cookie: one of the two"),
        ({"header": "a"}, "exact: is required, or prefix or regex: one of them"),
        ({"header": "a", "exact": "b", "prefix": "c"}, "exact: is required, or prefix or regex: one of them"),
        ({"header": "a b", "exact": "c"}, "header: 'a b' is not the name of an HTTP header"),
        ({"header": "Content-Type", "exact": "c"}, "header: content-type is what the collection itself routes by"),
        ({"header": "X-Tfserving-Preview", "exact": "c"}, "header: x-tfserving-preview is what the collection itself"),
        ({"header": "a", "exact": True}, "exact: True is not a value on one line; quote it"),
        ({"header": "a", "exact": "b\nc"}, "exact: 'b\\nc' is not a value on one line"),
        ({"header": "a", "exact": ""}, "exact: '' is not a value on one line"),
        ({"header": "a", "regex": "(b"}, "regex: '(b' is not a regular expression: "),
        ({"header": "a", "regex": "(?!b).*"}, "regex: '(?!b).*' looks around or back, which Envoy's"),
        ({"header": "a", "regex": r"(b)\1"}, r"regex: '(b)\\1' looks around or back"),
        ({"cookie": "a=b", "exact": "c"}, "cookie: 'a=b' is not the name of a cookie"),
        ({"cookie": "a", "exact": "b;c"}, "exact: 'b;c' cannot be in a cookie: no spaces, quotes, commas"),
        ({"cookie": "a", "regex": "b"}, "regex: is for headers; of a cookie give exact or prefix"),
    ],
)
def test_what_is_wrong(value: Any, start: str):
    (message,) = errors(value)
    assert message.startswith(start)


def test_a_backslash_that_is_one_is_no_way_back():
    assert CONDITION({"header": "a", "regex": r"b\\1"}).value == r"b\\1"
