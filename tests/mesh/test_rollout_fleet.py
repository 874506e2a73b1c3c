"""Rollouts of several models in one run, with a load running: a host a model, driven by Ansible's own workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mesh.world.ansible import Ansible, Run, descendants
from mesh.world.cluster import Cluster
from test_rollout_disturbed import holds, wait_for

MOVE = "Move the model to its candidate"


def test_a_good_and_a_refused_candidate_in_runs_of_which_one_is_killed(
    operator: Ansible, cluster: Cluster, model: Any, traffic: Any, unique: str, tmp_path: Any
) -> None:
    good, refused = (
        model("v1", "v2", name=f"mnist-{unique}-{word}", traffic="v1:100:v2:0") for word in ("good", "wrong")
    )
    operator.model(good, refused)
    wrong = {"request": {"instances": [1.0]}, "expect": {"predictions": [77.0]}}
    inventory = tmp_path / "inventory.json"
    hosts = {
        "good": {"rollout_model": good["name"]},
        "refused": {"rollout_model": refused["name"], "rollout_golden": [wrong]},
    }
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "tfserving_kubeconfig": str(operator.kubeconfig),
        "rollout_namespace": good["namespace"],
        "rollout_candidate": "v2",
        "rollout_steps": [50, 100],
        "rollout_hold": 4,
        "rollout_gates": [],
        "rollout_restart": True,  # the second run tries again what the first one has refused
        "rollout_report_dir": str(tmp_path / "reports"),
    }
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    words = ["tfserving.istio.rollout", "-i", str(inventory), "-e", "tfserving_hosts=all"]
    with traffic(good) as load, traffic(refused) as other:
        run = Run(words)
        wait_for(cluster, good, run, holds)
        programs = [Path(f"/proc/{pid}/cmdline").read_text() for pid in descendants(run.process.pid)]
        assert programs and all("ansible-playbook" in program for program in programs), "a program of the module drives"
        run.kill()
        load.gather(20)
        run = Run(words)
        out, err = run.process.communicate(timeout=540)
        load.gather(20)
        other.gather(20)
    load.assert_flawless()
    other.assert_flawless()
    said = json.loads(out[out.index("{") :])
    tasks = [task for play in said["plays"] for task in play["tasks"]]
    found = next(task["hosts"] for task in tasks if task["task"]["name"].endswith(MOVE))
    assert (found["good"]["phase"], found["good"]["weight"]) == ("complete", 100), found["good"]
    assert found["refused"]["failed"] and "predictions[0] is 3.5, not 77" in found["refused"]["msg"], found["refused"]
    assert other.versions() == {"v1"}, "a user met the candidate with wrong answers"
    assert "complete: v2 has 100 percent" in err
    for host in hosts:
        report = json.loads((tmp_path / "reports" / host / "report.json").read_text())
        assert report["replay"] == []
