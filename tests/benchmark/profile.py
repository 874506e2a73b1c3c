"""`python -m benchmark.profile`: what a run without changes spends its CPU time on. Needs what the benchmark needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from . import crds
from .fleet import kubectl, models, new_namespace, write_variables
from .measure import environment, median, playbook, seconds

COLLECTION = "ansible_collections.tfserving.istio.plugins"
PACK = f"""
import io, datetime, json, sys, time, zipfile
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([])
from ansible._internal._ansiballz import _builder
from ansible.executor import module_common
def pack(name):
    with io.BytesIO() as target, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        start = time.process_time()
        source = b"from ansible.module_utils.basic import AnsibleModule" if name is None else open(name, "rb").read()
        full = "ansible.modules.nothing" if name is None else "{COLLECTION}.modules.model"
        extensions = _builder.ExtensionManager.create({{}})
        module_common.recursive_finder(full.rpartition(".")[2], full, source, archive, datetime.datetime.now(), extensions)
        return time.process_time() - start
pack(None)
import gc
gc.disable()
print(json.dumps({{"Ansible packs the module's sources, above a module that does nothing": pack(sys.argv[1]) - pack(None)}}))
"""
MODULE = f"""
import json, sys, time
import ansible.module_utils.basic
models, result, last = json.load(sys.stdin), {{}}, time.process_time()
def note(what):
    global last
    now = time.process_time()
    result[what], last = now - last, now
import urllib3
note("the module loads urllib3")
import yaml, urllib.request
note("it loads PyYAML and the look-up of proxies")
sys.pycache_prefix = "/nonexistent"  # a module's own code is compiled in each run
from {COLLECTION}.module_utils import _model, _module
from {COLLECTION}.module_utils._cluster.connect import connect
note("it loads its own code")
client = connect({{}})
note("it reads the kubeconfig and its certificates")
wanted = _model.read_models(models)
note("it checks its input")
lives = _model._read(client, wanted, False)
note("it reads what is there, seven lists")
plans = [_model.plan_model(model, lives[model.key], "", False, False) for model in wanted]
note("it plans")
assert not any(plan.steps for plan in plans)
print(json.dumps(result))
"""


def main() -> None:
    """Print a Markdown table for one model and for a hundred."""
    module = str(Path(__file__).parents[2] / "plugins" / "modules" / "model.py")
    name = f"profile-{uuid.uuid4().hex[:6]}"
    columns: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="profile-") as folder:
        environment(Path(folder))
        crds.ensure()
        new_namespace(name)
        try:
            for count in (1, 100):
                seconds(playbook("model", f"@{write_variables(Path(folder), count, name)}"))
                given = json.dumps(models(count, name))
                columns.append({**_medians([PACK, module], ""), **_medians([MODULE], given)})
        finally:
            kubectl("delete", "namespace", "--wait=false", name)
    print("| CPU seconds of a run without changes | 1 model | 100 models |\n|---|---|---|")
    for what in columns[0]:
        print(f"| {what} | {columns[0][what]:.3f} | {columns[1][what]:.3f} |")
    print(f"| together | {sum(columns[0].values()):.3f} | {sum(columns[1].values()):.3f} |")


def _medians(arguments: list[str], given: str, runs: int = 7) -> dict[str, float]:
    """Of several processes."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    found = []
    for _ in range(runs):
        command = [sys.executable, "-c", *arguments]
        found.append(
            json.loads(subprocess.run(command, input=given, env=env, capture_output=True, text=True, check=True).stdout)
        )
    return {what: median([entry[what] for entry in found]) for what in found[0]}


if __name__ == "__main__":
    main()
