"""A model as somebody without this collection serves it: TensorFlow Serving's own ports, one Service, subsets, a VirtualService of their own."""

from __future__ import annotations

import copy
import threading
from types import TracebackType
from typing import Any

from kubernetes.client import ApiException

from .cluster import Cluster
from .models import MOUNT, PLACES, Models

OWNER = "argocd-controller"
"""The field manager of whoever keeps the objects as they stand in Git."""

ROUTE = "predictions"
Object = dict[str, Any]


def deployment(name: str, namespace: str, version: str, models: Models) -> Object:
    """The Deployment of one version, with the ports and the flags that the image itself has."""
    base_path, _number = PLACES[version]
    labels = {"app": name, "version": version}
    container = {
        "name": "server",
        "image": models.settings.image or "tensorflow/serving:2.18.0",
        "command": ["tensorflow_model_server"],
        "args": ["--port=8500", "--rest_api_port=8501", f"--model_name={name}", f"--model_base_path={base_path}"],
        "ports": [{"containerPort": 8500}, {"containerPort": 8501}],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
        "readinessProbe": {"httpGet": {"path": f"/v1/models/{name}", "port": 8501}, "periodSeconds": 1},
        "volumeMounts": [{"name": "models", "mountPath": MOUNT}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{name}-{version}", "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": {**labels, "sidecar.istio.io/inject": "false"}},
                "spec": {"containers": [container], "volumes": [{"name": "models", **models.volume}]},
            },
        },
    }


def objects(name: str, namespace: str, models: Models) -> list[Object]:
    """All objects of a model; its VirtualService is the last one."""
    place = {"namespace": namespace}
    path = f"/v1/models/{name}"
    target = {"host": name, "port": {"number": 80}}
    return [
        *(deployment(name, namespace, version, models) for version in PLACES),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, **place},
            "spec": {
                "selector": {"app": name},
                "ports": [
                    {"name": "grpc", "port": 9000, "targetPort": 8500},
                    {"name": "http-serving", "port": 80, "targetPort": 8501},
                ],
            },
        },
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": name, **place},
            "spec": {
                "host": name,
                "subsets": [{"name": version, "labels": {"version": version}} for version in PLACES],
            },
        },
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": f"{name}-routes", **place, "annotations": {"team": "vision"}},
            "spec": {
                "hosts": ["*"],
                "gateways": ["kubeflow/kubeflow-gateway"],
                "http": [
                    {
                        "name": "health",
                        "match": [{"uri": {"exact": f"/health/{name}"}}],
                        "directResponse": {"status": 200},
                    },
                    {
                        "name": ROUTE,
                        "match": [{"uri": {"exact": path}}, {"uri": {"prefix": f"{path}:"}}],
                        "route": [
                            {"destination": {**target, "subset": "v1"}, "weight": 100},
                            {"destination": {**target, "subset": "v2"}},
                        ],
                        "timeout": "10s",
                    },
                ],
            },
        },
    ]


class GitOps:
    """Somebody who applies a VirtualService again and again for the length of a block, as Argo CD does by server-side apply, with force.

    With ``ignoring``, the weights are left as they are live: Argo CD's RespectIgnoreDifferences puts the live list in the place of its own.
    (Argo CD does so without a resourceVersion; with one, a write between its reading and its applying is no matter of luck here.)
    """

    def __init__(self, cluster: Cluster, wanted: Object, ignoring: bool, every: float = 0.3) -> None:
        self._cluster, self._wanted, self._ignoring, self._every = cluster, wanted, ignoring, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.applied = 0
        self.errors: list[Exception] = []

    def __enter__(self) -> GitOps:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        assert kind or not self.errors, self.errors

    def apply(self) -> None:
        """Apply once. Raises ApiException."""
        metadata, wanted = self._wanted["metadata"], copy.deepcopy(self._wanted)
        if self._ignoring:
            live = self._cluster.istio("virtualservices", metadata["namespace"], metadata["name"])
            assert live is not None
            wanted["spec"]["http"] = live["spec"]["http"]
            wanted["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        self._cluster.custom.patch_namespaced_custom_object(
            "networking.istio.io",
            "v1",
            metadata["namespace"],
            "virtualservices",
            metadata["name"],
            wanted,
            field_manager=OWNER,
            force=True,
            _content_type="application/apply-patch+yaml",
        )
        self.applied += 1

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.apply()
            except ApiException as error:
                if error.status != 409:  # written in between: the next time
                    self.errors.append(error)
                    return
