"""Who does what is tested: an operator of models and an installer of the mesh, each with the documented ClusterRole and nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .cluster import Cluster
from .settings import ROOT

HOME = "mesh-tests"
"""The namespace of the ServiceAccounts."""

HOURS = 2 * 3600
"""Seconds for which a token holds."""


def operator(cluster: Cluster, folder: Path) -> Path:
    """Return the kubeconfig of an operator, who still needs `allow` in each namespace with models."""
    _apply_roles(cluster, "roles/serving/files/operator-clusterrole.yml")
    _apply_roles(cluster, "roles/rollout/files/rollout-clusterrole.yml")
    everywhere = ("tfserving-istio-proof", "tfserving-istio-capacity")
    bindings = [*(_binding("operator", role) for role in everywhere)]
    bindings.append(_binding("operator", "tfserving-istio-evidence", "istio-system"))
    return _account(cluster, folder, "operator", *bindings)


def allow(cluster: Cluster, namespace: str) -> None:
    """Let the operator serve models in a namespace, and move them."""
    for role in ("tfserving-istio-operator", "tfserving-istio-rollout"):
        cluster.apply(_binding("operator", role, namespace))


def installer(cluster: Cluster, folder: Path) -> Path:
    """Return the kubeconfig of an installer."""
    _apply_roles(cluster, "roles/mesh/files/installer-clusterrole.yml")
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}})
    return _account(
        cluster,
        folder,
        "installer",
        _binding("installer", "tfserving-istio-installer"),
        _binding("installer", "tfserving-istio-installer-namespace", "istio-system"),
    )


def launcher(cluster: Cluster, folder: Path, namespace: str) -> Path:
    """Return the kubeconfig of somebody who may hand rollouts of a namespace's models to Jobs, which get their own account and rights."""
    _apply_roles(cluster, "roles/rollout/files/launcher-clusterrole.yml")
    text = (ROOT / "roles/rollout/files/rollout-job.yml").read_text().replace("kubeflow", namespace)
    cluster.apply(*yaml.safe_load_all(text))
    return _account(cluster, folder, "launcher", _binding("launcher", "tfserving-istio-launcher", namespace))


def _apply_roles(cluster: Cluster, path: str) -> None:
    cluster.apply(*yaml.safe_load_all((ROOT / path).read_text()))


def _binding(account: str, role: str, namespace: str | None = None) -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": f"{HOME}-{role}", **where},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": HOME}],
    }


def _account(cluster: Cluster, folder: Path, name: str, *bindings: dict[str, Any]) -> Path:
    cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": HOME}},
        *bindings,
    )
    token = cluster.core.create_namespaced_service_account_token(name, HOME, {"spec": {"expirationSeconds": HOURS}})
    document = yaml.safe_load(cluster.kubectl("config", "view", "--minify", "--flatten", "--raw", "-o", "yaml"))
    document["users"] = [{"name": name, "user": {"token": token.status.token}}]
    document["contexts"][0]["context"]["user"] = name
    path = folder / f"{name}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document))
    return path
