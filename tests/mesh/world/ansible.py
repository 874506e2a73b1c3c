"""Changes, made as a user makes them: by ansible-playbook, in a process of its own, with the rights of one identity."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

Task = dict[str, Any]
Result = dict[str, Any]

LONGEST = 1500.0
"""Seconds that a run may take at most."""


class ChangeFailed(AssertionError):
    """A task failed; the text is its message to the user."""


class Ansible:
    """Runs tasks and playbooks with one kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.folder = Path(tempfile.mkdtemp(prefix="mesh-tests-"))

    def model(self, *models: dict[str, Any], **options: Any) -> Result:
        """Run tfserving.istio.model and return its result. Raises ChangeFailed."""
        return self.run({"tfserving.istio.model": {"models": list(models), **options}})

    def traffic(self, model: dict[str, Any], rule: str | None = None, **options: Any) -> Result:
        """Run tfserving.istio.traffic for a model and return its result. Raises ChangeFailed."""
        wanted = {"rule": rule} if rule else {}
        place = {"name": model["name"], "namespace": model["namespace"]}
        return self.run({"tfserving.istio.traffic": {**place, **wanted, **options}})

    def undo(self, model: dict[str, Any]) -> Result:
        """Go back to the rule from before. Raises ChangeFailed."""
        return self.traffic(model, state="previous")

    def rollout(self, model: dict[str, Any], candidate: str, fails: bool = False, **options: Any) -> Result:
        """Run tfserving.istio.rollout for a model and return its result. Raises ChangeFailed where it fails and is not to."""
        return self.start_rollout(model, candidate, **options).result(fails)

    def start_rollout(self, model: dict[str, Any], candidate: str, program: bool = False, **options: Any) -> Run:
        """Start a run of tfserving.istio.rollout; by programs of the module, as where Ansible's worker has not all that they have."""
        place = {"name": model["name"], "namespace": model["namespace"]}
        task = {"tfserving.istio.rollout": {**place, "candidate": candidate, **options}}
        return self.start({**task, "environment": {"LC_ALL": "C.UTF-8"}} if program else task)

    def run(self, task: Task) -> Result:
        """Run one task and return its result. Raises ChangeFailed."""
        return self.start(task).result()

    def start(self, task: Task) -> Run:
        """Start a run of one task."""
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/tfserving.istio.all": {"kubeconfig": str(self.kubeconfig)}},
            "tasks": [task],
        }
        handle, name = tempfile.mkstemp(suffix=".yml", dir=self.folder)
        with os.fdopen(handle, "w") as file:
            json.dump([play], file)
        return Run([name])

    def playbook(self, name: str, variables: dict[str, Any], tags: str = "all") -> int:
        """Run a playbook of the collection, or what ``tags`` name of it; how many tasks changed something. Raises ChangeFailed."""
        run = self.start_playbook(name, variables, tags)
        run.result()
        return run.changed

    def start_playbook(self, name: str, variables: dict[str, Any], tags: str = "all") -> Run:
        """Start a run of a playbook of the collection."""
        variables = {"tfserving_kubeconfig": str(self.kubeconfig), **variables}
        return Run([f"tfserving.istio.{name}", "-e", json.dumps(variables), "--tags", tags])


class Run:
    """One ansible-playbook that is under way."""

    def __init__(self, words: list[str]) -> None:
        self.changed = 0
        env = {
            **os.environ,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        }
        self.process = subprocess.Popen(
            ["ansible-playbook", *words],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self, fails: bool = False) -> Result:
        """Wait, and return the last task's result. Raises ChangeFailed with the message of the task that failed, or where none does."""
        out, err = self.process.communicate(timeout=LONGEST)
        try:
            said = json.loads(out[out.index("{") :])
            tasks = [task for play in said["plays"] for task in play["tasks"]]
        except ValueError:
            raise ChangeFailed(f"ansible-playbook ended with {self.process.returncode}: {out}{err}") from None
        self.changed = said["stats"]["localhost"]["changed"]
        last: Result = tasks[-1]["hosts"]["localhost"]
        if fails and not self.process.returncode:
            raise ChangeFailed(f"{tasks[-1]['task']['name']} does not fail: {last}")
        if self.process.returncode and not fails:
            raise ChangeFailed(f"{tasks[-1]['task']['name']}: {last.get('msg')} {last.get('exception', '')}{err}")
        return last

    def kill(self, everything: bool = True) -> None:
        """End ansible-playbook by SIGKILL; its workers and the module too, as when a machine loses power, or it alone."""
        for pid in [self.process.pid, *(descendants(self.process.pid) if everything else ())]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those that they started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found: list[int] = []
    todo = [pid]
    while todo:
        new = children.get(todo.pop(), [])
        found += new
        todo += new
    return found
