"""Parts that run side by side: each prints whole and in order, one that fails ends the others, and so does whoever runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import cluster, junit
from harness import lanes as run
from harness.paths import ROOT

# In place of nox: says two words with a pause (`slow` a long one), and leaves a report, in which a part whose name begins with `bad` has failed.
SCRIPT = """#!/bin/sh
part=$2
echo "$part begins in $SANDBOX_STATE"
case $part in
slow) exec sleep 60 ;;
first|bad-beside)
    for i in $(seq 600); do test -e JUNIT/second.begun && break; sleep 0.05; done
    test -e JUNIT/second.begun || exit 1 ;;
second|second-slow)
    mkdir -p JUNIT; touch JUNIT/second.begun
    case $part in second-slow) exec sleep 60 ;; esac ;;
*) sleep 0.2 ;;
esac
echo "$part ends"
case $part in bad*) outcome='<failure message="no"/>' ;; esac
mkdir -p JUNIT/$part
echo "<testsuites><testsuite><testcase name='t'>$outcome</testcase></testsuite></testsuites>" > JUNIT/$part/x.xml
"""


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "nox"
    script.write_text(SCRIPT.replace("JUNIT", str(tmp_path / "junit")))
    script.chmod(0o755)
    for name, value in {"NOX": script, "JUNIT": tmp_path / "junit", "LOGS": tmp_path / "logs"}.items():
        monkeypatch.setattr(run, name, value)
    for name in ("KEEP_GOING", "STRICT", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(
        "SANDBOX_STATE", str(tmp_path / "usual")
    )  # a lane's end ends its sandbox, which is not to be a real run's
    return tmp_path


def test_words_of_parts_do_not_mix(output: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    whole = run.Run()
    whole.together([["a", "b"], ["c"]])
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.split(" in ")[0] for line in lines] == [
        f"{part} {word}" for part in "abc" for word in ("begins", "ends")
    ]
    assert [case.outcome for part in "abc" for case in whole.results[part]] == ["passed"] * 3
    assert lines[0].endswith("/usual") and lines[4].endswith("/usual/lane-1"), (
        "the second lane has a sandbox of its own"
    )


def test_lanes_run_at_once(output: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    whole = run.Run()
    whole.together([["first"], ["second"]])  # the first one waits for the second one
    assert (output / "logs" / "first.log").read_text().endswith("first ends\n")


@pytest.mark.parametrize("keep_going", [False, True])
def test_nothing_is_begun_after_a_failure(output: Path, monkeypatch: pytest.MonkeyPatch, keep_going: bool):
    if keep_going:
        monkeypatch.setenv("KEEP_GOING", "1")
    whole = run.Run()
    whole.together([["bad", "next"]])
    whole.together([["last"]])
    assert [case.outcome for case in whole.results["bad"]] == ["failed"]
    outcome = "passed" if keep_going else "skipped"
    assert [case.outcome for part in ("next", "last") for case in whole.results[part]] == [outcome] * 2
    if not keep_going:
        assert whole.results["last"][0].message.startswith("bad failed; KEEP_GOING=1")


def test_a_part_that_fails_ends_those_beside_it(output: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    whole = run.Run()
    whole.together([["bad-beside"], ["second-slow", "next"]])  # fails when the other one has begun
    assert [case.message for case in whole.results["bad-beside"]] == ["no"]
    assert [case.outcome for part in ("second-slow", "next") for case in whole.results[part]] == ["skipped"] * 2
    assert whole.seconds["second-slow"] < 50


def test_what_an_earlier_run_left_is_no_result(output: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    run.Run().together([["a"]])
    run.NOX.write_text("#!/bin/sh\n")
    whole = run.Run()
    whole.together([["a"]])
    assert [case.outcome for case in whole.results["a"]] == ["failed"]


STOPPED = """
import sys
from pathlib import Path
from harness import __main__ as run, cluster, lanes
lanes.NOX, lanes.JUNIT, lanes.LOGS = (Path(sys.argv[1], name) for name in ("nox", "junit", "logs"))
cluster.running = lambda env=None: True  # none of a real run's is to be ended
sys.exit(run.main(["slow", "rollouts"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_runs_them_can_end_them(output: Path, number: signal.Signals):
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, output], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("slow begins")
    process.send_signal(number)
    said, _ = process.communicate(timeout=120)
    assert "Traceback" not in said
    assert said.splitlines()[-1].endswith("s; nothing of it runs any more")
    assert process.returncode == 130


SLOW = """
import os, pathlib, time
import pytest

@pytest.fixture
def started():
    yield
    pathlib.Path(FOLDER, "tidied").touch()

def test_quick():
    pass

def test_slow(started):
    pathlib.Path(FOLDER, "pid").write_text(str(os.getpid()))
    time.sleep(300)
"""


def test_a_session_that_is_ended_ends_its_steps_and_they_what_they_started(tmp_path: Path):
    (tmp_path / "test_slow.py").write_text(SLOW.replace("FOLDER", repr(str(tmp_path))))
    command = [run.NOX, "--noxfile", ROOT / "noxfile.py", "--session", "harness", "--", tmp_path / "test_slow.py"]
    process = subprocess.Popen(
        command, env={**os.environ, "TEST_OUTPUT": str(tmp_path / "output")}, stdout=subprocess.DEVNULL
    )
    until = time.monotonic() + 120
    while not (tmp_path / "pid").exists() or not (pid := (tmp_path / "pid").read_text()):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    process.terminate()
    process.wait(120)
    assert not Path("/proc", pid).exists()
    assert (tmp_path / "tidied").exists()
    assert [case.outcome for case in junit.read(tmp_path / "output" / "junit" / "harness")][:1] == ["passed"]


def test_every_part_has_its_place(output: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    parts = ["rollouts", "docs", "molecule", "new", "mesh", "integration", "lint"]
    assert run.lanes(parts) == [["lint", "integration", "new"], ["molecule", "mesh"], ["docs", "rollouts"]]
    assert run.lanes(["rollouts"]) == [["rollouts"]] and run.lanes(["mesh"]) == [["mesh"]]
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    one = ["lint", "docs", "integration", "molecule", "mesh", "rollouts", "new"]
    assert run.lanes(parts) == [one], "one cluster, one lane; the quick parts first"
    assert cluster.beside(1)["SANDBOX_STATE"] == cluster.beside(0)["SANDBOX_STATE"]
