"""`python -m benchmark.rollouts`: many rollouts in one run, beside one of them. Needs a mesh with Prometheus, and what the benchmark needs.

As a user runs them: the playbook rollout, a host a model, and as many forks. Each goes by 50 and 100 percent, and its gate counts, by the proxies'
counters in Prometheus, what both versions answer to a light load. On the sandbox the mesh is installed first, and the double serves.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesh.world.ansible import Ansible
from mesh.world.cluster import Cluster
from mesh.world.installation import install
from mesh.world.models import Models, write_models
from mesh.world.prometheus import evidence
from mesh.world.settings import settings

from .measure import Failed, environment, seconds

BOUND = 1.3
GATE = {"kind": "success_rate", "objective": 60, "margin": 50, "against": ["objective"]}
"""Passes after some ten requests: the rounds are measured, and not the traffic."""


def main() -> int:
    """Print a Markdown table; 1 where the bound is missed."""
    parser = argparse.ArgumentParser("benchmark.rollouts", description=__doc__)
    parser.add_argument("--rollouts", type=int, default=50, help="rollouts at once (default 50)")
    parser.add_argument("--hold", type=float, default=60, help="seconds of each of the two holds (default 60)")
    options = parser.parse_args()
    space = f"bench-{uuid.uuid4().hex[:6]}"
    names = [f"{space}-{number:03}" for number in range(options.rollouts + 1)]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        environment(Path(folder))
        try:
            with _served(Path(folder), space, names) as prometheus:
                hosts = _inventory(Path(folder), space, names, prometheus, options.hold)
                one = _measured(hosts, names[:1])
                many = _measured(hosts, names[1:])
        except Failed as error:
            print(error, file=sys.stderr)
            return 1
    ratio = many[0] / one[0]
    print("| rollouts in one run | takes | CPU of the run | bound |\n|---|---|---|---|")
    print(f"| 1, holds of {2 * options.hold:g} s in all | {one[0]:.1f} s | {one[1]:.1f} s | |")
    missed = " **missed**" if ratio > BOUND else ""
    print(f"| {options.rollouts} | {many[0]:.1f} s, {ratio:.2f} x | {many[1]:.1f} s | {BOUND} x{missed} |")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)
    return int(ratio > BOUND)


@contextmanager
def _served(folder: Path, space: str, names: list[str]) -> Iterator[dict[str, Any]]:
    """Models of two versions each, asked now and then; where their evidence is."""
    given = settings()
    cluster, ansible = Cluster(given.kubeconfig), Ansible(given.kubeconfig)
    install(cluster, ansible, given)
    prometheus = evidence(cluster, given)
    folder.chmod(0o755)
    (folder / "models").mkdir()
    models = Models(given, given.models or write_models(folder / "models"))
    over = threading.Event()
    with cluster.namespace(space):
        ansible.model(
            *(models.model(name, space, "v1", "v2", traffic="v1:100:v2:0") for name in names), wait_timeout=600
        )
        caller = threading.Thread(target=_ask, args=(given.gateway, names, over))
        caller.start()
        try:
            yield prometheus
        finally:
            over.set()
            caller.join()


def _ask(gateway: str, names: list[str], over: threading.Event) -> None:
    """A request every other second to each, one after the other, over one connection while it holds."""
    connection = http.client.HTTPConnection(gateway, timeout=10)
    while not over.is_set():
        for name in names:
            try:
                connection.request("POST", f"/v1/models/{name}:predict", b'{"instances": [1.0]}')
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):  # a gateway that is short of time: this is no test of it
                connection.close()
            over.wait(2 / len(names))


def _inventory(folder: Path, space: str, names: list[str], prometheus: dict[str, Any], hold: float) -> Path:
    """A host a model, all of them this machine."""
    common = {
        "ansible_connection": "local",  # as the documentation advises for a fleet
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "rollout_namespace": space,
        "rollout_candidate": "v2",
        "rollout_steps": [50, 100],
        "rollout_hold": hold,
        "rollout_gates": [GATE],
        "rollout_prometheus": prometheus,
    }
    path = folder / "inventory.json"
    hosts = {name: {"rollout_model": name} for name in names}
    path.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    return path


def _measured(inventory: Path, names: list[str]) -> tuple[float, float]:
    """Wall time and CPU time of one run. Raises Failed where it fails."""
    hosts, forks = f"tfserving_hosts={','.join(names)}", str(len(names))
    words = ["ansible-playbook", "tfserving.istio.rollout", "-i", str(inventory), "-e", hosts, "--forks", forks]
    before = _cpu()
    wall = seconds(words)
    print(f"  {len(names)} rollouts: {wall:.1f} s", file=sys.stderr, flush=True)
    return wall, _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
