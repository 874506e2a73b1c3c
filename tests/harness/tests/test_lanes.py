"""Parts that run side by side: each prints whole and in order, and nothing is begun after a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import __main__ as run
from harness import cluster

# In place of nox: says two words with a pause, and leaves a report, in which a part whose name begins with `bad` has failed.
SCRIPT = """#!/bin/sh
part=$2
echo "$part begins in $SANDBOX_STATE"
sleep 0.2
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
    for name, value in {
        "NOX": script,
        "JUNIT": tmp_path / "junit",
        "LOGS": tmp_path / "logs",
        "OUTPUT": tmp_path,
    }.items():
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
    whole.together([["a"], ["b"]])
    assert (output / "logs" / "b.log").read_text().endswith("b ends\n")
    capfdbinary.readouterr()
    times = [(output / "junit" / part / "x.xml").stat().st_mtime for part in "ab"]
    assert abs(times[0] - times[1]) < max(whole.seconds.values())


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
        assert whole.results["last"][0].message.startswith("bad failed before it")


def test_every_part_has_its_place(output: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    parts = ["lint", "molecule", "mesh", "rollouts", "integration", "new"]
    assert run.lanes(parts) == [["lint", "integration", "mesh", "new"], ["molecule", "rollouts"]]
    assert run.lanes(["rollouts"]) == [["rollouts"]] and run.lanes(["mesh"]) == [["mesh"]]
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert run.lanes(parts) == [["lint", "integration", "molecule", "mesh", "rollouts", "new"]], "one cluster, one lane"
    assert cluster.beside(1)["SANDBOX_STATE"] == cluster.beside(0)["SANDBOX_STATE"]
