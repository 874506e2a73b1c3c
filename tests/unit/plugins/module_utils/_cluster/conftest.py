"""A client and the server that it talks to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, serving

kubernetes = pytest.importorskip("kubernetes")


def client_of(url: str) -> Client:
    """A client as ``connect`` makes it, with a token."""
    configuration = kubernetes.client.Configuration()
    configuration.host = url
    configuration.retries = False
    configuration.api_key = {"authorization": "Bearer token"}
    return Client(kubernetes.client.ApiClient(configuration), 4)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with serving() as running:
        yield running


@pytest.fixture
def client(server: ApiServer) -> Client:
    return client_of(server.url)
