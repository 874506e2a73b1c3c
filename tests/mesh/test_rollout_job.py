"""A rollout that a Job of the cluster drives, under the rights that are documented for it and for whoever starts it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from mesh.world import identity
from mesh.world.ansible import Ansible, ChangeFailed
from mesh.world.settings import Settings
from test_rollout import GOLDEN
from test_rollout_disturbed import holds, state

IMAGE = "registry.example.org/ansible-execution-env:1.0.0"
"""The sandbox has such an image by any registry's name; another cluster's is a setting."""

NOTHING = {"phase": ""}
ASSERTED = {"request": {"instances": [2.0]}, "assertion": "predictions[0] == `4.0`"}


def test_a_job_whose_pod_is_deleted_moves_the_model(
    operator: Ansible, cluster: Any, model: Any, traffic: Any, prometheus: Any, settings: Settings, tmp_path: Any
) -> None:
    if not settings.sandbox:
        pytest.skip("needs an execution environment that the cluster can pull")
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    space = both["namespace"]
    launcher = Ansible(identity.launcher(cluster, tmp_path, space))
    plan = {
        "rollout_model": both["name"],
        "rollout_namespace": space,
        "rollout_candidate": "v2",
        "rollout_steps": [20, 100],
        "rollout_hold": 600,
        "rollout_gates": [{"kind": "throughput", "floor": 1}],
        "rollout_prometheus": prometheus,
        "rollout_golden": [GOLDEN, ASSERTED],
        "rollout_notify": {"url": "http://127.0.0.1:9/a-secret-of-the-chat"},
        "rollout_runner": "job",
        "rollout_job_image": IMAGE,
    }
    with traffic(both) as load:
        assert launcher.playbook("rollout", {**plan, "rollout_job_wait": False}) == 3, "Job, ConfigMap and Secret"
        first = _until(lambda: holds(state(cluster, both) or NOTHING) and _driver(cluster, both))
        with pytest.raises(ChangeFailed, match="another rollout is under way: v2 is holding at 20 percent"):
            launcher.playbook("rollout", {**plan, "rollout_hold": 601})
        following = launcher.start_playbook("rollout", {**plan, "rollout_report_dir": str(tmp_path / "report")})
        cluster.core.delete_namespaced_pod(first, space)
        _until(lambda: _driver(cluster, both) not in ("", first))
        operator.rollout(both, "v2", state="promoted", reason="seen enough")
        following.result()
        load.gather(20)
    load.assert_flawless()
    assert following.changed == 0, "it followed the Job that was there"
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["outcome"]["phase"] == "complete" and report["replay"] == []

    selector = "tfserving.istio/rollout=job"
    public = str(cluster.core.list_namespaced_config_map(space, label_selector=selector).items[0].data)
    secret = cluster.core.list_namespaced_secret(space, label_selector=selector).items[0]
    assert "rollout_golden" in public and "a-secret" not in public
    assert b"a-secret-of-the-chat" in base64.b64decode(secret.data["secret.json"])
    assert [owner.kind for owner in secret.metadata.owner_references] == ["Job"]


def _until(done: Callable[[], Any], timeout: float = 400) -> Any:
    end = time.monotonic() + timeout
    while not (found := done()):
        assert time.monotonic() < end, f"not after {timeout:g} s"
        time.sleep(0.1)
    return found


def _driver(cluster: Any, model: dict[str, Any]) -> str:
    """The Pod that drives, by the Lease; empty for none."""
    lease = cluster.coordination.read_namespaced_lease(f"{model['name']}.rollout", model["namespace"])
    return (lease.spec.holder_identity or "").rpartition("-")[0]
