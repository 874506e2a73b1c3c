"""A client as ``connect`` makes it, for the address of a server."""

from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.package import connection

kubernetes = pytest.importorskip("kubernetes")


def client_of(url: str) -> Client:
    """With a token."""
    configuration = kubernetes.client.Configuration()
    configuration.host = url
    configuration.api_key = {"authorization": "Bearer token"}
    return Client(connection(configuration, parallel=4), 4)
