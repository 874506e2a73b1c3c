"""A client and the server that it talks to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, serving


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """It listens while the test runs."""
    with serving() as running:
        yield running


@pytest.fixture
def client(server: ApiServer) -> Client:
    """Talks to ``server``."""
    from ansible_collections.tfserving.istio.tests.unit.support.connection import client_of

    return client_of(server.url)
