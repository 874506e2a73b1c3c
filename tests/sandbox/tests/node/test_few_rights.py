"""A computer that gives little: one user id, or no namespaces. Each is made inside a user namespace, so that the computer itself stays as it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import START_WITHIN, Cluster

ONE_USER = ["unshare", "--user", "--map-root-user"]


def up(cluster: Cluster, *prefix: str) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, "-m", "sandbox", "up"]
    return subprocess.run(
        command, env=cluster.environment, capture_output=True, text=True, timeout=START_WITHIN, check=False
    )


def test_with_one_user_id_sidecars_are_refused_in_words_and_pods_run(unstarted: Cluster) -> None:
    started = up(unstarted, *ONE_USER)
    assert started.returncode == 0, started.stderr
    assert "injected sidecars cannot run: this root user has fewer user ids itself" in started.stderr
    assert "Tests that need them are reported as not run." in started.stderr
    assert "sidecars   cannot run: " in unstarted.sandbox("status", timeout=180).stdout
    unstarted.run_pod(
        "somebody",
        {"name": "main", "image": "busybox", "command": ["id", "-u"], "securityContext": {"runAsUser": 1234}},
        restartPolicy="Never",
    )
    unstarted.wait_for("somebody", ".status.phase", "Succeeded")
    assert unstarted.kubectl("logs", "somebody") == "0\n"
    unstarted.await_event("somebody", "UserNotMapped", "runs as user 0 instead of 1234: .*")


@pytest.mark.parametrize("kind", ["user", "net"])
def test_a_computer_that_forbids_namespaces_is_told_by_which_setting(unstarted: Cluster, kind: str) -> None:
    forbid = f'echo 0 > /proc/sys/user/max_{kind}_namespaces && exec "$@"'
    refused = up(unstarted, *ONE_USER, "sh", "-c", forbid, "-")
    assert refused.returncode == 1
    assert f"user.max_{kind}_namespaces is 0" in refused.stderr
    assert f"sudo sysctl user.max_{kind}_namespaces=" in refused.stderr
    assert "KUBECONFIG" in refused.stderr
    assert "Traceback" not in refused.stderr
