"""The mesh that the tests run on, installed by the collection's own playbook; at once where it is there already."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .ansible import Ansible
from .cluster import Cluster
from .settings import ROOT, Settings

MARK = "mesh-tests/installed"
"""Annotation of the mesh's namespace: what the playbook was run with."""


def install(cluster: Cluster, installer: Ansible, settings: Settings, tags: str = "all", **variables: Any) -> None:
    """Bring the mesh to the wanted variables, or what ``tags`` name of it. Raises ChangeFailed."""
    wanted = {**settings.install, **variables}
    mark = _digest(wanted)
    if _works(cluster, mark):
        return
    if "istio-system" in _namespaces(cluster):
        _mark(cluster, None)  # a run that is killed below leaves nothing that passes for a mesh
    installer.playbook("install", wanted, tags)
    _mark(cluster, mark)


def _mark(cluster: Cluster, mark: str | None) -> None:
    cluster.core.patch_namespace("istio-system", {"metadata": {"annotations": {MARK: mark}}})


def _namespaces(cluster: Cluster) -> dict[str, Any]:
    return {entry.metadata.name: entry for entry in cluster.core.list_namespace().items}


def _digest(variables: dict[str, Any]) -> str:
    """A name for variables and the version that the role installs by default."""
    defaults = Path(ROOT, "roles", "mesh", "defaults", "main.yml").read_text()
    return hashlib.sha256((json.dumps(variables, sort_keys=True) + defaults).encode()).hexdigest()[:16]


def _works(cluster: Cluster, mark: str) -> bool:
    namespaces = _namespaces(cluster)
    if "kubeflow" not in namespaces or "istio-system" not in namespaces:
        return False
    if (namespaces["istio-system"].metadata.annotations or {}).get(MARK) != mark:
        return False
    found = {
        entry.metadata.name: entry.status for entry in cluster.apps.list_namespaced_deployment("istio-system").items
    }
    both = ("istiod", "istio-ingressgateway")
    available = all(name in found and (found[name].available_replicas or 0) >= 1 for name in both)
    return available and cluster.istio("gateways", "kubeflow", "kubeflow-gateway") is not None
