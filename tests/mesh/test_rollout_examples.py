"""The examples that `ansible-doc tfserving.istio.rollout` shows, on a mesh: those of hours in check mode, in which the whole plan is judged."""

from __future__ import annotations

import json
import subprocess

import yaml
from mesh.world import foreign

NAME = "tfserving.istio.rollout"


def examples():
    """The tasks of the documentation."""
    shown = subprocess.run(["ansible-doc", "--json", NAME], capture_output=True, text=True, check=True).stdout
    return yaml.safe_load(json.loads(shown)[NAME]["examples"])


def test_each_example_is_a_plan_that_could_begin(operator, cluster, model, models, prometheus):
    both = model("v1", "v2", traffic="v1:100:v2:0")
    operator.model(both)
    others = foreign.objects(f"{both['name']}-foreign", both["namespace"], models)
    text = "\n---\n".join(map(json.dumps, others))
    cluster.kubectl("apply", "--server-side", f"--field-manager={foreign.OWNER}", "-f", "-", text=text)
    manifest = operator.folder / "manifests" / "mnist.yml"
    manifest.parent.mkdir()
    manifest.write_text(yaml.safe_dump(others[-1], sort_keys=False))
    ours = {"mnist": both["name"], "kubeflow": both["namespace"], "mnist-routes": others[-1]["metadata"]["name"]}

    planned = 0
    for task in examples():
        options = {
            key: ours.get(value, value) if key in ("name", "namespace", "virtual_service") else value
            for key, value in task[NAME].items()
        }
        if options.get("manage") == "weights":
            options["name"] = others[-1]["metadata"]["name"]
        if "prometheus" in options:
            options["prometheus"] = prometheus
        if "state" in options:
            assert "no rollout of" in operator.run({NAME: options})["msg"], "there is none to abort"
            continue
        done = operator.run({NAME: options, "check_mode": True})
        assert done["plan"] and done["changed"], task["name"]
        planned += 1
    assert planned == 4
    assert manifest.read_text() == yaml.safe_dump(others[-1], sort_keys=False), "check mode wrote the file"
