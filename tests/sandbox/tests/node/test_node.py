"""The Node itself, as the cluster and its users see it."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from pathlib import Path

from sandbox.models import write_model

from .conftest import Cluster

REPLICAS = 100
MOST_MEMORY = 6 << 30  # bytes, of the whole machine

# The proportional share (PSS) of every process inside, in bytes: what they share is counted once. And the Pods' files, which are in memory.
MEMORY = """
import shutil
from pathlib import Path
total = shutil.disk_usage("/run").used // 1024
for rollup in Path("/proc").glob("[0-9]*/smaps_rollup"):
    try:
        total += sum(int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:"))
    except (ProcessLookupError, FileNotFoundError):
        pass  # it has ended
print(total * 1024)
"""


def test_its_conditions_are_a_kubelets(cluster: Cluster) -> None:
    node = json.loads(cluster.kubectl("get", "node", "sandbox", "-o", "json"))
    conditions = {entry["type"]: entry["status"] for entry in node["status"]["conditions"]}
    assert conditions == {"MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False", "Ready": "True"}
    assert cluster.kubectl("get", "node", "sandbox", "--no-headers").split()[1] == "Ready"


def test_its_lease_is_renewed_before_it_ends(cluster: Cluster) -> None:
    def lease() -> tuple[datetime, int]:
        spec = json.loads(cluster.kubectl("get", "lease", "sandbox", "--namespace=kube-node-lease", "-o", "json"))[
            "spec"
        ]
        assert spec["holderIdentity"] == "sandbox"
        return datetime.fromisoformat(spec["renewTime"]), spec["leaseDurationSeconds"]

    first, seconds = lease()
    deadline = time.monotonic() + seconds
    while (renewed := lease()[0]) == first:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert 0 < (renewed - first).total_seconds() < seconds


def test_a_hundred_model_servers_fit_into_six_gib(cluster: Cluster, tmp_path: Path) -> None:
    write_model(tmp_path / "half", 1, "half_plus_two")
    container = {
        "name": "serving",
        "image": "tensorflow/serving:2.19.1",
        "command": ["/usr/bin/tensorflow_model_server"],
        "args": ["--port=9000", "--rest_api_port=8500", "--model_name=half", "--model_base_path=/models/half"],
        "readinessProbe": {"httpGet": {"path": "/v1/models/half", "port": 8500}, "periodSeconds": 5},
        "volumeMounts": [{"name": "models", "mountPath": "/models"}],
    }
    spec = {
        "containers": [container],
        "volumes": [{"name": "models", "hostPath": {"path": str(tmp_path)}}],
        "terminationGracePeriodSeconds": 0,
    }
    cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "many"},
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": {"app": "many"}},
                "template": {"metadata": {"labels": {"app": "many"}}, "spec": spec},
            },
        }
    )
    try:
        cluster.kubectl("rollout", "status", "deployment/many", "--timeout=900s", timeout=920)
        memory = int(cluster.sandbox("run", sys.executable, "-c", MEMORY, timeout=180).stdout)
        servers = cluster.sandbox(
            "run", "sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'", timeout=180
        )
        assert servers.stdout.count("--model_name=half") == REPLICAS
        assert 0 < memory < MOST_MEMORY
    finally:
        cluster.kubectl("delete", "deployment", "many", "--cascade=foreground", timeout=1800)
