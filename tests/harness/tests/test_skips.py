"""What cannot run here is said, and never passes for what ran."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import cluster, junit, part

host = pytest.importorskip("sandbox.host")


@pytest.mark.parametrize(("strict", "outcome"), [("", "skipped"), ("1", "failed")])
def test_a_step_that_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: str, outcome: str):
    monkeypatch.setattr(part, "JUNIT", tmp_path / "junit")
    monkeypatch.setattr(part, "LOGS", tmp_path / "logs")
    monkeypatch.setenv("STRICT", strict)
    results = part.Part("sandbox")
    results.step("go", ["true"])
    results.skip("pytest", "no user namespaces")
    assert [case.outcome for case in junit.read(results.folder)] == ["passed", outcome]
    assert results.failed == bool(strict)


def test_a_cluster_of_the_users_is_no_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its own tests need the computer to allow one, whatever else there is."""

    def refuse() -> None:
        raise host.SandboxError("user.max_user_namespaces is 0")

    monkeypatch.setattr(host, "check", refuse)
    (tmp_path / "config").touch()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert cluster.unavailable() == ""
    assert cluster.without_sandbox() == "user.max_user_namespaces is 0"
