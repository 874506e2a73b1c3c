"""Numbers and times as people read them, and text that stays text."""

from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._rollout.page.markup import Markup, join, tag
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.page.wording import (
    count,
    duration,
    elapsed,
    moment,
    percent,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (90_000, "1 d 1 h"),
        (864_000, "10 d"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50.0 %"), (0.9951, "99.51 %"), (0.0023, "0.23 %"), (0.99991, "99.991 %")],
)
def test_percents_tell_almost_all_from_all(share, text):
    assert percent(share) == text


def test_times():
    assert elapsed(65) == "1:05" and elapsed(3725) == "1:02:05"
    assert moment(1_790_000_000.0) == "2026-09-21 14:13:20 UTC"
    assert count(1, "request") == "1 request" and count(12345, "request") == "12,345 requests"


def test_text_is_escaped_and_markup_is_not():
    assert tag("p", "a<b", Markup("<br>"), None, title='"x"') == '<p title="&quot;x&quot;">a&lt;b<br></p>'
    assert join("a & b", tag("b", 1)) == "a &amp; b<b>1</b>"


def test_characters_that_no_page_may_hold_or_that_turn_the_text_are_replaced():
    assert tag("p", "a\x00b\u202ec") == "<p>a\ufffdb\ufffdc</p>"
