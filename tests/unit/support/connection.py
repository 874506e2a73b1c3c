"""A client as ``connect`` makes it, for the address of a server."""

from __future__ import annotations

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client

kubernetes = pytest.importorskip("kubernetes")


def client_of(url: str) -> Client:
    """With a token."""
    configuration = kubernetes.client.Configuration()
    configuration.host = url
    configuration.retries = False
    configuration.api_key = {"authorization": "Bearer token"}
    return Client(kubernetes.client.ApiClient(configuration), 4)
