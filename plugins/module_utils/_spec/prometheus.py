# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Where Prometheus is and how it lets us in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .check import Check


@dataclass(frozen=True, kw_only=True)
class PrometheusOptions:
    """Either ``url`` or ``service`` (NAMESPACE/NAME:PORT, through the API server's service proxy). ``timeout``: seconds.

    ``labels`` are added to every selector of the collection's own queries (``cluster: prod`` where many clusters share one).
    """

    url: str | None = None
    service: str | None = None
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    validate_certs: bool = True
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10.0
    labels: dict[str, str] = field(default_factory=dict)


def read_prometheus(value: Any) -> PrometheusOptions:
    """From a mapping, or from the URL or Service alone. Raises SpecError."""
    raise NotImplementedError


PROMETHEUS = Check("raw", read_prometheus, record=PrometheusOptions)
