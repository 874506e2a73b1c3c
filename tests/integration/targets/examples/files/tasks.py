"""Prints the EXAMPLES of a plugin as tasks that can run on a cluster without a bucket: tasks.py TYPE NAME NAMESPACE MODELS."""

from __future__ import annotations

import json
import subprocess
import sys

import yaml

# In place of the paths that the examples name.
PATHS = {
    "gs://kubeflow-examples-data/mnist": "/models/mnist",
    "gs://bucket/mnist/1": "/models/first",
    "gs://bucket/mnist/2": "/models/second",
}


def main(kind: str, name: str, namespace: str, models: str) -> None:
    """Print the tasks as YAML."""
    full = f"tfserving.istio.{name}"
    answer = subprocess.run(["ansible-doc", "--type", kind, "--json", full], capture_output=True, text=True, check=True)
    text = json.loads(answer.stdout)[full]["examples"]
    for path, local in PATHS.items():
        text = text.replace(path, local)
    text = text.replace("namespace: kubeflow", f"namespace: {namespace}")
    print(yaml.safe_dump([adapted(task, namespace, models) for task in yaml.safe_load(text)], sort_keys=False))


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
    return task


if __name__ == "__main__":
    main(*sys.argv[1:])
