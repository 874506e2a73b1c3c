"""Fixtures: a mesh for all tests, and for each test a namespace, a name, and somebody who may serve models there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mesh.world import identity
from mesh.world.ansible import Ansible
from mesh.world.cluster import Cluster
from mesh.world.gateway import Gateway
from mesh.world.installation import install
from mesh.world.models import Models, write_models
from mesh.world.prometheus import evidence
from mesh.world.settings import Settings
from mesh.world.settings import settings as read_settings
from mesh.world.traffic import RATE, Traffic, targets

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.connect import connect


@pytest.fixture(scope="session")
def settings() -> Settings:
    """What differs from cluster to cluster."""
    return read_settings()


@pytest.fixture(scope="session")
def cluster(settings: Settings) -> Cluster:
    """The cluster as its administrator sees it."""
    return Cluster(settings.kubeconfig)


@pytest.fixture(scope="session")
def client(cluster: Cluster) -> Client:
    """The administrator's, as the collection itself connects."""
    return connect({"kubeconfig": str(cluster.kubeconfig)})


@pytest.fixture(scope="session")
def installer(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Somebody with the installer's rights."""
    return Ansible(identity.installer(cluster, tmp_path_factory.mktemp("installer")))


@pytest.fixture(scope="session")
def mesh(cluster: Cluster, installer: Ansible, settings: Settings) -> None:
    """Istio, as the playbook install leaves it."""
    install(cluster, installer, settings)


@pytest.fixture(scope="session")
def operator(mesh: None, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Somebody with the operator's rights."""
    return Ansible(identity.operator(cluster, tmp_path_factory.mktemp("operator")))


@pytest.fixture(scope="session")
def prometheus(mesh: None, cluster: Cluster, settings: Settings) -> dict[str, Any]:
    """Where the evidence is."""
    try:
        return evidence(cluster, settings)
    except KeyError as missing:
        pytest.skip(f"{missing} does not say where this cluster's Prometheus is")


@pytest.fixture(scope="session")
def models(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The models' files, and declarations that name them."""
    volume = settings.models or write_models(_readable(tmp_path_factory.mktemp("models")))
    return Models(settings, volume)


def _readable(folder: Path) -> Path:
    """Let Pods' users into a temporary folder."""
    for part in (folder, folder.parent, folder.parent.parent):
        part.chmod(part.stat().st_mode | 0o055)
    return folder


@pytest.fixture
def faults(models: Models, settings: Settings) -> Iterator[Callable[..., None]]:
    """Let version v2 of all models misbehave, from now on to the end of the test."""
    if not settings.sandbox:
        pytest.skip("only the sandbox's model server misbehaves when it is told to")
    from sandbox.models import write_faults

    folder = Path(models.volume["hostPath"]["path"], "half_plus_three", "2")
    yield lambda **kinds: write_faults(folder, **kinds)
    write_faults(folder)


@pytest.fixture
def sidecars(settings: Settings) -> None:
    """Skips where sidecars cannot run."""
    if settings.sandbox:
        from sandbox.layout import Layout  # not there in a tree without a sandbox
        from sandbox.record import running

        machine = running(Layout.from_environment())
        if machine and machine.sidecars_refused:
            pytest.skip(f"no sidecars on this sandbox: {machine.sidecars_refused}")


@pytest.fixture
def gateway(cluster: Cluster) -> Gateway:
    """The ingress gateway's Pods."""
    return Gateway(cluster)


@pytest.fixture
def unique() -> str:
    """Four letters; models of all namespaces share the gateway's paths."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(4))


@pytest.fixture
def namespace(operator: Ansible, cluster: Cluster, unique: str) -> Iterator[str]:
    """A namespace in which sidecars may be asked for and the operator may serve models."""
    with cluster.namespace(f"mesh-{unique}", {"istio-injection": "enabled"}) as name:
        identity.allow(cluster, name)
        yield name


@pytest.fixture
def model(models: Models, namespace: str, unique: str) -> Callable[..., dict[str, Any]]:
    """Make the declaration of the test's model, from names of versions and keys."""
    return lambda *versions, name=f"mnist-{unique}", **keys: models.model(name, namespace, *versions, **keys)


@pytest.fixture
def traffic(settings: Settings) -> Callable[..., Traffic]:
    """Make the load of a model through the gateway, all kinds of request."""
    return lambda model, host=None, rate=RATE: Traffic(targets(settings.gateway, model, host), rate)
