# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A connection by the kubernetes package: every way to authenticate that there is."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from .client import Connection
from .options import Options


def configure(options: Options) -> Any:
    """The package's Configuration for the options, in kubernetes.core's order: credentials in full, a kubeconfig, the cluster that this runs in.

    Raises whatever the libraries below meet: yaml, ssl, os, config errors.
    """
    import kubernetes
    import urllib3

    def have(*names: str) -> bool:
        return all(options.get(name) for name in names)

    urllib3.disable_warnings()  # each request without validation would warn; who asks for that knows
    configuration = kubernetes.client.Configuration()
    ways = (("username", "password"), ("api_key",), ("cert_file", "key_file"))
    if not any(have("host", *way) for way in ways):
        if have("kubeconfig") or have("context"):
            _load(configuration, options)
        else:
            try:
                kubernetes.config.load_incluster_config(configuration)
            except kubernetes.config.ConfigException:
                _load(configuration, options)
    for name, value in options.items():
        setattr(configuration, name, _setting(name, value))
    return configuration


def connection(configuration: Any, impersonation: Iterable[tuple[str, str]] = (), parallel: int = 16) -> Connection:
    """``parallel`` connections are kept open."""
    import kubernetes
    import urllib3

    configuration.connection_pool_maxsize = parallel
    configuration.retries = False
    api = kubernetes.client.ApiClient(configuration)
    always = [*api.default_headers.items(), *impersonation]

    def headers() -> Any:
        result = urllib3.HTTPHeaderDict(always)  # one name may stand in it several times, as groups do
        for setting in configuration.auth_settings().values():  # renewed there, where a plugin gives tokens that expire
            if setting.get("in") == "header" and setting.get("value"):
                result[setting["key"]] = setting["value"]
        return result

    return Connection(str(configuration.host), api.rest_client.pool_manager, headers, lambda: api)


def _load(configuration: Any, options: Options) -> None:
    from kubernetes import config

    how = {
        "client_configuration": configuration,
        "context": options.get("context"),
        "persist_config": options.get("persist_config"),
    }
    if isinstance(options.get("kubeconfig"), dict):
        config.load_kube_config_from_dict(options["kubeconfig"], **how)
    else:
        config.load_kube_config(options.get("kubeconfig") or None, **how)


def _setting(name: str, value: Any) -> Any:
    if name == "api_key":
        return {"authorization": f"Bearer {value}"}
    if name == "host":
        return value.rstrip("/")
    if name == "proxy_headers":
        from urllib3.util import make_headers

        return make_headers(**value)
    return value


def tidy() -> None:
    """Remove the files that the package has written certificates and keys to: it does so itself where a program ends, and a worker of Ansible's is none."""
    loaded = sys.modules.get("kubernetes.config.kube_config")
    if loaded is not None:
        loaded._cleanup_temp_files()
