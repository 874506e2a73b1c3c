"""What must not know of each other."""

from __future__ import annotations

import re

from harness.paths import ROOT


def test_the_collection_does_not_know_the_sandbox():
    shipped = [path for name in ("plugins", "roles", "playbooks", "meta") for path in (ROOT / name).rglob("*")]
    known = [
        path
        for path in shipped
        if path.is_file() and path.suffix != ".pyc" and re.search(rb"(?i)sandbox", path.read_bytes())
    ]
    assert shipped and not known
