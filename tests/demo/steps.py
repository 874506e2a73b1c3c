"""The steps: each is a playbook of the collection, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from mesh.load import Load, Rest

from .setting import DemoError, gateway_address, refuse_model, setting
from .show import Show

RATE = 50  # requests a second
LONGEST = 3600.0  # seconds of requests: a cluster may pull its images first
MODEL, NAMESPACE = "mnist", "kubeflow"

__all__ = ["Demo", "DemoError"]


class Demo:
    """One run; ``folder`` holds what the playbooks are given."""

    def __init__(self, folder: Path, show: Show) -> None:
        self.folder, self.show, self.setting = folder, show, setting(folder)

    def run(self) -> None:
        """From a cluster without the model to version 2 alone. Raises DemoError."""
        refuse_model(MODEL, NAMESPACE)
        if self.setting.note:
            self.show.say(self.setting.note)
        site = ["tfserving.istio.site", *self.setting.variables]
        self._play("Istio, the namespace, the gateway, and mnist v1", *site, self._models("v1"))
        url = f"http://{gateway_address()}/istio/tfserving/models/{MODEL}"
        target = Rest(url, self.setting.payload)
        self.show.say(f"\nFrom here on {RATE} requests a second go to {url}")
        with Load(target, RATE, seconds=LONGEST, versions=self.setting.answers) as load:
            self.show.load = load
            self._stage("v1 alone", {"v1": 100}, seconds=4)
            self._play("mnist v2 beside it; no traffic moves", "tfserving.istio.deploy", self._models("v1", "v2"))
            self._stage("v2 is ready, and gets nothing", {"v1": 100}, seconds=4)
            self._traffic("v1:90:v2:10")
            self._stage("a tenth to v2", {"v1": 90, "v2": 10}, seconds=12)
            self._traffic("v2:100")
            self._stage("all to v2", {"v2": 100}, seconds=4)
            self._play(
                "v1 retires, when nobody asks it any more",
                "tfserving.istio.retire",
                self._models("v2"),
                "serving_quiet=5",
            )
            self._stage("v2 alone", {"v2": 100}, seconds=4)
        self._play("The cluster, as status shows it", "tfserving.istio.status", quote="MODEL")

    def _models(self, *versions: str) -> str:
        """The user's models.yml with these versions, as ``-e @FILE``."""
        model = {
            "name": MODEL,
            "namespace": NAMESPACE,
            "base_path": self.setting.base_path,
            **self.setting.version,
            "versions": [{"name": name, "model_version": int(name[1:])} for name in versions],
        }
        path = self.folder / f"models-{'-'.join(versions)}.json"
        path.write_text(json.dumps({"serving_models": [model]}))
        return f"@{path}"

    def _traffic(self, rule: str) -> None:
        self._play(f"The rule {rule}", "tfserving.istio.traffic", f"model={MODEL}", f"rule={rule}", quote="proof by")

    def _play(self, title: str, playbook: str, *variables: str, quote: str = "") -> None:
        """Run a playbook, show its plan, and the lines around ``quote`` in what it says."""
        command = [
            "ansible-playbook",
            "--diff",
            playbook,
            *(word for variable in variables for word in ("-e", variable)),
        ]
        self.show.begin(title, command)
        start = time.monotonic()
        lines = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as playbook_run:
            assert playbook_run.stdout
            for line in playbook_run.stdout:
                lines.append(line)
                self.show.working(line)
        output = "".join(lines)
        if playbook_run.returncode:
            raise DemoError(f"{title}: the playbook failed.\n{output[-4000:]}")
        self.show.done(title, time.monotonic() - start, output, quote)

    def _stage(self, title: str, rule: dict[str, float], seconds: float) -> None:
        """Let requests pass for some seconds, and hold their split against the rule. Raises DemoError where none are sent any more."""
        assert self.show.load is not None
        if not self.show.load.running:
            raise DemoError(
                f"{title}: the requests ended after {LONGEST:g} s, before the demo did; is the cluster slow?"
            )
        self.show.stage(title, rule, seconds)
