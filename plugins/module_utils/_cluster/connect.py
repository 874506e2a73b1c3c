# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A connection from kubernetes.core's authentication options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import kubeconfig
from .client import Client, Connection
from .errors import ClusterError
from .options import read_impersonation, read_options


def connect(params: Mapping[str, Any], parallel: int = 16) -> Client:
    """A client for the options among a module's parameters. Raises ClusterError.

    Each option and variable means what it means to kubernetes.core. Its own client is not used, because it asks for the API's discovery first.
    """
    options, impersonation = read_options(params), read_impersonation(params)

    def by_package() -> Connection:
        from . import package

        try:
            return package.connection(package.configure(options), impersonation, parallel)
        except ImportError:
            raise
        except Exception as error:  # the libraries below raise whatever they meet: yaml, ssl, os, config errors
            raise ClusterError(
                f"cannot use the connection options: {str(error).rstrip('.')}. Check kubeconfig and context, or host and api_key"
            ) from error

    plain = None if impersonation else kubeconfig.connection(options, lambda: by_package().api(), parallel)
    return Client(plain or by_package(), parallel)
