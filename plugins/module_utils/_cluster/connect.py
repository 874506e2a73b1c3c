# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A connection from kubernetes.core's authentication options."""

from __future__ import annotations

from typing import Any

from .client import Client
from .errors import ClusterError


def connect(module: Any, parallel: int = 16) -> Client:
    """A client for the options of ``module``. Raises ClusterError.

    kubernetes.core builds the configuration, so that each option and variable means what it means there; its client is not used, because it
    asks for the API's discovery first.
    """
    import kubernetes

    from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core

    try:
        configuration = core._create_configuration(core._create_auth_spec(module))
        headers = core._create_headers(module)
        configuration.connection_pool_maxsize = parallel
        configuration.retries = False
        api = kubernetes.client.ApiClient(configuration)
        for name, value in headers.items():
            core._set_header(api, name, value)
    except Exception as error:  # the libraries below raise whatever they meet: yaml, ssl, os, config errors
        raise ClusterError(
            f"cannot use the connection options: {error}. Check kubeconfig and context, or host and api_key"
        ) from error
    return Client(api, parallel)
