"""What a person sees of a rollout on a terminal, and what a program reads where there is none."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mesh.world import terminal
from test_rollout import RATE, options

COLUMNS = 110
SLOW = {"kind": "latency", "boundary": 250, "objective": 90, "margin": 9, "against": ["objective"]}
EVENTS = ["begins", "proved", "shifted: v2 has 20", "shifted: v2 has 100", "complete"]


@pytest.fixture
def command(operator: Any, model: Any, prometheus: Any, tmp_path: Path) -> Any:
    """A model, and the words that move it by a playbook as users write it."""
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    success = {"kind": "success_rate", "objective": 90, "margin": 9, "against": ["objective"]}
    steps = [
        {"weight": 20, "hold": 25},
        {"weight": 100, "hold": 3},
    ]  # the histogram of durations begins after the counters
    plan = options(prometheus, steps=steps, gates=[success, SLOW], golden=[])
    place = {"name": both["name"], "namespace": both["namespace"], "candidate": "v2"}
    connection = {"kubeconfig": str(operator.kubeconfig)}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"tfserving.istio.rollout": {**place, **plan, **connection}}],
    }
    path = tmp_path / "play.yml"
    path.write_text(json.dumps([play]))
    return both, ["ansible-playbook", str(path)]


def test_a_terminal_shows_a_line_that_is_renewed_in_place(command: Any, traffic: Any) -> None:
    both, words = command
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        code, written = terminal.watched(words, {**os.environ, "TERM": "xterm"}, COLUMNS)
    rows = terminal.rows(written)
    assert code == 0, written
    screen = [row[-1] for row in rows]
    assert [event for event in EVENTS if any(event in line for line in screen)] == EVENTS, screen
    live = [shown for row in rows for shown in row if shown.startswith(f"{both['name']} v2 20 %; step 1/2; ")]
    assert any(re.search(r"; \d+ s left; v2/v1 \d+/\d+ requests; [\d.]+/[\d.]+ % ok", shown) for shown in live), live
    assert any(re.search(r" % ok; [\d.]+/[\d.]+ % over 250 ms", shown) for shown in live), live
    assert len(set(live)) > 1, "it is renewed"
    assert max(map(len, live)) < COLUMNS, "a line that goes on in the next row is not renewed but repeated"
    assert not [line for line in screen if "; step " in line], "what was renewed is gone in the end"
    told = [line for line in screen if f"{both['namespace']}/{both['name']}: " in line]
    assert all(re.match(r"\d\d:\d\d:\d\d  ", line) and line == line.rstrip() for line in told), (
        "nothing is left beside them"
    )


def test_without_a_terminal_lines_are_plain_and_json_stays_whole(command: Any, traffic: Any) -> None:
    both, words = command
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    env = {
        **os.environ,
        "TERM": "xterm",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_FORCE_COLOR": "1",
        **quiet,
    }
    with traffic(both, rate=RATE) as load:
        load.gather(20)
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=540)
    result = json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]
    assert (result["phase"], result["weight"]) == ("complete", 100)
    assert "\r" not in done.stderr and "\x1b[K" not in done.stderr
    lines = done.stderr.splitlines()
    assert [event for event in EVENTS if any(event in line for line in lines)] == EVENTS
    assert all(re.match(rf"\d\d:\d\d:\d\d  {both['namespace']}/{both['name']}: ", line) for line in lines), lines
