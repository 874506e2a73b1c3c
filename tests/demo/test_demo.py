"""The demo as a stranger sees it: what it prints to its end, and what it says of a failure."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from mesh.load import Answer, Load, Rest

from demo.show import Show, Stage

STAGES = ("v1 alone", "v2 is ready, and gets nothing", "a tenth to v2", "all to v2", "v2 alone")
LONGEST = 900.0  # seconds


def test_it_runs_to_its_end_without_a_failed_request():
    done = subprocess.run([sys.executable, "-m", "demo"], capture_output=True, text=True, timeout=LONGEST, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    summary = done.stdout.partition("== Summary")[2]
    sent = re.search(r"requests sent: (\d+)   failed: 0$", summary, re.MULTILINE)
    assert sent and int(sent[1]) > 500
    for title in STAGES:
        assert re.search(rf"^ +{title} +rule \S+, \d+ answers: v\d", summary, re.MULTILINE), title
    assert re.search(r"^ +[\d.]+ s  v1 retires", summary, re.MULTILINE)
    assert "On a cluster of your own" in summary


@pytest.fixture
def show() -> Show:
    """At its end, with one good answer."""
    show = Show()
    show.load = Load(Rest("http://127.0.0.1:9"))
    show.load.sent = 2
    show.load.answers = [Answer(0.1, 0.01, 200, "v1")]
    show.stages = [Stage("v1 alone", {"v1": 100.0}, {"v1": 1}, [])]
    return show


def test_a_failed_request_is_told_with_its_time(show: Show, capsys: pytest.CaptureFixture[str]):
    assert show.summary() == 0
    assert show.load
    show.load.answers.append(Answer(12.5, 0.01, 503, None, "HTTP 503: no healthy upstream"))
    assert show.summary() == 1
    said = capsys.readouterr().out
    assert "requests sent: 2   failed: 1\n" in said
    assert "12.500 s  503  -  10.0 ms  HTTP 503: no healthy upstream" in said


def test_a_split_that_is_not_the_rules_is_told(show: Show, capsys: pytest.CaptureFixture[str]):
    show.stages[0] = Stage(
        "v1 alone", {"v1": 100.0}, {"v1": 1, "v2": 1}, ["v2: 1 answers, but the rule does not name it"]
    )
    assert show.summary() == 1
    assert "v2: 1 answers, but the rule does not name it" in capsys.readouterr().out
