"""The last line of `make test` counts everything once, and nothing that did not run as passed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import __main__ as run
from harness import golang, junit

CASES = [junit.Case("a", "passed"), junit.Case("b", "failed", "first\nlast"), junit.Case("c", "skipped", "no cluster")]


def test_what_is_written_is_read(tmp_path: Path):
    more = [
        junit.Case("d", "failed", "\x1b[31mred\x1b[0m \x00"),
        junit.Case("e", "skipped", "no ip:\n  install it\nor else"),
    ]
    junit.write(tmp_path / "x.xml", "part", [*CASES, *more])
    read = list(junit.read(tmp_path))
    assert [(case.name, case.outcome, case.message) for case in read] == [
        ("part.a", "passed", ""),
        ("part.b", "failed", "last"),
        ("part.c", "skipped", "no cluster"),
        ("part.d", "failed", "red"),
        ("part.e", "skipped", "no ip: install it or else"),
    ]


@pytest.mark.parametrize(
    ("xml", "outcomes"),
    [
        ("<testcase name='t'><failure message='no'/><error message='teardown'/></testcase>", ["failed"]),
        ("<testcase name='t'><error/></testcase>", ["failed"]),
        ("<testcase name='t'><system-out>words</system-out></testcase>", ["passed"]),
        ("<testcase name='t'><skipped message='No tests applicable.'/></testcase>", []),
    ],
)
def test_what_other_tools_write(tmp_path: Path, xml: str, outcomes: list[str]):
    (tmp_path / "x.xml").write_text(f"<testsuites><testsuite>{xml}</testsuite></testsuites>")
    assert [case.outcome for case in junit.read(tmp_path)] == outcomes


@pytest.mark.parametrize(
    ("cases", "line", "code"),
    [
        (CASES, "1 passed, 1 failed, 1 skipped", 1),
        (CASES[:1], "1 passed, 0 failed, 0 skipped", 0),
        (CASES[2:], "0 passed, 0 failed, 1 skipped", 1),  # nothing was tested
    ],
)
def test_last_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cases: list[junit.Case],
    line: str,
    code: int,
):
    monkeypatch.setattr(run, "OUTPUT", tmp_path)
    assert run.summary({"part": cases}, {"part": 1.0}, 1.0) == code
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == line
    assert (tmp_path / "summary.txt").read_text() == printed


def test_go_tests_are_counted_one_by_one():
    events = [
        {"Action": "run", "Package": "p", "Test": "A"},
        {"Action": "pass", "Package": "p", "Test": "A", "Elapsed": 0.5},
        {"Action": "output", "Package": "p", "Test": "B", "Output": "--- FAIL: B\n"},
        {"Action": "output", "Package": "p", "Test": "B", "Output": "b_test.go:4: no\n"},
        {"Action": "fail", "Package": "p", "Test": "B"},
        {"Action": "skip", "Package": "p", "Test": "C"},
        {"Action": "fail", "Package": "p"},  # because of B: not counted again
        {"Action": "pass", "Package": "q"},  # a package without a test is not a test
        {"Action": "build-output", "ImportPath": "r [r.test]", "Output": "r.go:1: syntax error\n"},
        {"Action": "build-fail", "ImportPath": "r"},
        {"Action": "fail", "Package": "r"},
    ]
    found = list(golang.cases([*map(json.dumps, events), "not JSON"]))
    assert [(case.name, case.outcome) for case in found] == [
        ("p.A", "passed"),
        ("p.B", "failed"),
        ("p.C", "skipped"),
        ("r", "failed"),
    ]
    assert found[1].message == "b_test.go:4: no\n"
    assert "syntax error" in found[3].message
