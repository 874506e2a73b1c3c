"""The load generator as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from sandbox.models import write_faults

TESTS = Path(__file__).parents[3]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [sys.executable, "-m", "mesh.load", *arguments], capture_output=True, text=True, env=env, check=False
    )


def test_the_command_prints_the_split_and_each_failure(served, tmp_path):
    double, folder = served
    url = f"{double.url}/v1/models/mnist:predict"
    good = command(
        url, "--rate=100", "--count=50", "--versions=v1=2.5,v2=3.5", "--rule=v1:100", f"--json={tmp_path}/answers"
    )
    assert good.returncode == 0, good.stdout + good.stderr
    assert "50 requests at 100 a second: 50 answered well, 0 failed" in good.stdout
    assert "v1       50  100.00 %" in good.stdout
    assert "the split fits the rule" in good.stdout
    answers = [json.loads(line) for line in (tmp_path / "answers").read_text().splitlines()]
    assert len(answers) == 50
    assert answers[0]["version"] == "v1"
    wrong = command(url, "--rate=100", "--count=50", "--versions=v1=2.5,v2=3.5", "--rule=v1:50,v2:50")
    assert wrong.returncode == 1
    assert "split: v2: 0 of 50 answers (0.00 %), but 50 % lets chance give" in wrong.stdout
    write_faults(folder, errors={"rate": 1, "message": "broken"})
    time.sleep(3)
    bad = command(f"grpc://{double.grpc}/mnist", "--rate=100", "--count=30")
    assert bad.returncode == 1
    assert "30 requests at 100 a second: 0 answered well, 30 failed" in bad.stdout
    assert bad.stdout.count("INTERNAL: broken") == 30, "each failure is told"


def test_the_command_says_what_is_wrong_with_its_arguments():
    for arguments, message in (
        (["ftp://x/y"], "is neither http://HOST/PATH nor grpc://HOST:PORT/MODEL"),
        (["http://x/y", "--header=novalue"], "'novalue' is not of the form NAME=VALUE"),
        (["http://x/y", "--rate=0"], "must be positive"),
    ):
        run = command(*arguments)
        assert run.returncode == 2
        assert message in run.stderr
        assert "Traceback" not in run.stderr
