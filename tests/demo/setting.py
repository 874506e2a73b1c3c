"""Where the demo runs: the sandbox, or a cluster of the user's."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MESH = Path(__file__).parents[1] / "sandbox" / "istio-values.yml"
GATEWAY = ("istio-system", "istio-ingressgateway")

NOTE = """
Kubernetes, Istio and Envoy are real here. What answers to the image tensorflow/serving is a double of it: see tests/sandbox/README.md."""


class DemoError(Exception):
    """Something the demo needs is missing, or a step failed; the message says what to do."""


@dataclass(frozen=True)
class Setting:
    """What differs from cluster to cluster. ``answers`` are the predictions that tell the versions apart; ``note`` is said first."""

    base_path: str
    payload: Any
    answers: dict[str, float]
    variables: list[str] = field(default_factory=list)
    version: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def setting(folder: Path) -> Setting:
    """The sandbox's, or elsewhere one with the model that DEMO_BASE_PATH names, for a real TensorFlow Serving. Raises DemoError."""
    if os.environ.get("SANDBOX_RUN"):
        return _sandbox(folder)
    try:
        answers = {
            name: float(value) for name, value in (pair.split("=") for pair in os.environ["DEMO_ANSWERS"].split(","))
        }
        return Setting(os.environ["DEMO_BASE_PATH"], json.loads(os.environ["DEMO_PAYLOAD"]), answers)
    except (KeyError, ValueError):
        raise DemoError(
            f"KUBECONFIG is set, to {os.environ['KUBECONFIG']}: the demo is to run on that cluster. Without it (env -u KUBECONFIG make demo)\n"
            "it sets up one on this machine. On a cluster of your own the demo needs a model with the versions 1 and 2:\n"
            "  DEMO_BASE_PATH=gs://bucket/half_plus   the folder that holds the folders 1 and 2\n"
            "  DEMO_PAYLOAD='{\"instances\": [1.0]}'    a request\n"
            "  DEMO_ANSWERS=v1=2.5,v2=3.5             what each version answers, to tell them apart"
        ) from None


def _sandbox(folder: Path) -> Setting:
    """Two small models for the model server double, on a path of this machine; Istio as the sandbox can have it."""
    from sandbox.models import write_model

    base = folder / "mnist"
    write_model(base, 1, "half_plus_two")
    write_model(base, 2, "half_plus_three")
    small = {
        "volumes": [{"name": "models", "mount_path": "/models", "source": {"hostPath": {"path": str(folder)}}}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
    }
    return Setting("/models/mnist", {"instances": [1.0]}, {"v1": 2.5, "v2": 3.5}, [f"@{MESH}"], small, NOTE)


def refuse_model(name: str, namespace: str) -> None:
    """Raise DemoError where the cluster has the demo's model already: it may be somebody's, and the demo would change it."""
    if _kubectl("-n", namespace, "get", "deployments", "--selector", f"app={name}")["items"]:
        raise DemoError(
            f"The cluster serves {namespace}/{name} already, which the demo would change. Delete that model first (the module\n"
            "tfserving.istio.model with state: absent); on the sandbox: PYTHONPATH=tests/sandbox .venv/bin/python -m sandbox down"
        )


def gateway_address() -> str:
    """HOST:PORT of the ingress gateway: DEMO_GATEWAY, its load balancer, or a node's port. Raises DemoError."""
    if os.environ.get("DEMO_GATEWAY"):
        return os.environ["DEMO_GATEWAY"]
    service = _kubectl("-n", GATEWAY[0], "get", "service", GATEWAY[1])
    port = next(entry for entry in service["spec"]["ports"] if entry["port"] == 80)
    balancers = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    if balancers:
        return f"{balancers[0].get('ip') or balancers[0]['hostname']}:80"
    if "nodePort" not in port:
        raise DemoError(
            "The gateway has neither a load balancer nor a node port. Name an address that leads to it in DEMO_GATEWAY=HOST:PORT"
        )
    addresses = _kubectl("get", "nodes")["items"][0]["status"]["addresses"]
    node = next(entry["address"] for entry in addresses if entry["type"] in ("ExternalIP", "InternalIP"))
    return f"{node}:{port['nodePort']}"


def _kubectl(*arguments: str) -> dict[str, Any]:
    try:
        done = subprocess.run(["kubectl", *arguments, "-o", "json"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DemoError("kubectl is not on PATH, by which the demo looks at your cluster.") from None
    if done.returncode:
        raise DemoError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return dict(json.loads(done.stdout))
