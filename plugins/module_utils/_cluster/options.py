# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""kubernetes.core's connection options: from a module's parameters, and from the environment where those say nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils import args_common

IMPERSONATION = {"impersonate_user": "Impersonate-User", "impersonate_groups": "Impersonate-Group"}

Options = dict[str, Any]
"""By the kubernetes package's names of them (``ssl_ca_cert``), not by the modules' (``ca_cert``)."""


def read_options(params: Mapping[str, Any]) -> Options:
    """What is given, as kubernetes.core's modules read it: ``K8S_AUTH_CA_CERT`` and ``K8S_AUTH_SSL_CA_CERT`` stand in for ``ca_cert``."""
    found = {name: _option(params, option, name) for name, option in args_common.AUTH_ARG_MAP.items()}
    return {name: value for name, value in found.items() if value is not None}


def read_impersonation(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Headers, one for each group."""
    found = [(header, _option(params, option, option)) for option, header in IMPERSONATION.items()]
    return [
        (header, entry) for header, value in found for entry in ([value] if isinstance(value, str) else value or ())
    ]


def _option(params: Mapping[str, Any], option: str, name: str) -> Any:
    if params.get(option) is not None:
        return params[option]
    if option == "proxy_headers":
        entries = {key: _variable(f"{option}_{key}") for key in args_common.AUTH_PROXY_HEADERS_SPEC}
        return {key: value for key, value in entries.items() if value is not None} or None
    value = _variable(option) or _variable(name)
    kind = args_common.AUTH_ARG_SPEC[option].get("type")
    if value is None or kind not in ("bool", "list"):
        return value
    return (
        value.lower() not in ("0", "false", "no") if kind == "bool" else [entry for entry in value.split(",") if entry]
    )


def _variable(name: str) -> str | None:
    return os.environ.get(f"K8S_AUTH_{name.upper()}")
