"""Writes the EXAMPLES of plugins as tasks that can run on a cluster without a bucket: tasks.py NAMESPACE MODELS FOLDER TYPE:NAME...

Each plugin's are in FOLDER/NAME.yml.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import yaml

# In place of the paths that the examples name.
PATHS = {
    "gs://kubeflow-examples-data/mnist": "/models/mnist",
    "gs://bucket/mnist/1": "/models/first",
    "gs://bucket/mnist/2": "/models/second",
}


def main(namespace: str, models: str, folder: str, *plugins: str) -> None:
    """Write the tasks as YAML."""
    for kind, kinds in groupby(sorted(plugins), lambda plugin: plugin.partition(":")[0]):
        names = [f"tfserving.istio.{plugin.partition(':')[2]}" for plugin in kinds]
        answer = subprocess.run(
            ["ansible-doc", "--type", kind, "--json", *names], capture_output=True, text=True, check=True
        )
        documents = json.loads(answer.stdout)
        for name in names:
            text = documents[name]["examples"]
            for path, local in PATHS.items():
                text = text.replace(path, local)
            text = text.replace("namespace: kubeflow", f"namespace: {namespace}")
            tasks = [adapted(task, namespace, models) for task in yaml.safe_load(text)]
            Path(folder, f"{name.rpartition('.')[2]}.yml").write_text(yaml.safe_dump(tasks, sort_keys=False))


def adapted(task: dict, namespace: str, models: str) -> dict:
    """Give the models of a task the volume that their paths are on, and the gateway of the tests."""
    more = {
        "namespace": namespace,
        "gateway": "gateway",
        "volumes": [{"name": "models", "mount_path": "/models", "source": {"hostPath": {"path": models}}}],
    }
    options = next((value for key, value in task.items() if key.startswith("tfserving.istio.")), None) or {}
    if "dest" in options:
        options["dest"] = f"{models}/{options['dest']}"
    options["models"] = [
        {**more, **model} if isinstance(model, dict) else model.replace("}}", f"| combine({more!r}) }}}}")
        for model in options.get("models", ())
    ]
    if not options["models"]:
        del options["models"]
    if options.get("purge") or options.get("state") == "absent":
        options.setdefault("quiet", 1)
    return task


if __name__ == "__main__":
    main(*sys.argv[1:])
