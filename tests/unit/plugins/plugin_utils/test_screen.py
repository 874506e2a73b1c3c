"""A renewed line has to stay in its row; what it is on a terminal, tests/mesh looks at."""

from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.plugin_utils._screen import fitted

LINE = "mnist v2 20 %; step 1/2; 3 s left; v2/v1 74/286 requests; 99.17/99.79 % ok"


@pytest.mark.parametrize(
    ("width", "shown"),
    [(74, LINE), (73, LINE.rpartition("; ")[0]), (30, "mnist v2 20 %; step 1/2"), (8, "mnist v2")],
)
def test_a_narrow_terminal_shows_as_many_parts_as_there_is_room_for(width, shown):
    assert fitted(LINE, width) == shown
