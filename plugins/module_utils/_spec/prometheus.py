# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Where Prometheus is and how it lets us in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .check import ABSOLUTE_PATH, ANY_TEXT, HEADER, SECRET, Check, map_of, seconds, text, truth
from .errors import Collector, wrong
from .record import key, read

SERVICE = text(
    r"[a-z0-9][-a-z0-9]*/(https?:)?[a-z][-a-z0-9]*:[a-z0-9][-a-z0-9]*(/[^\s?#]*)?",
    "a Service as NAMESPACE/NAME:PORT such as istio-system/prometheus:9090 (NAMESPACE/https:NAME:PORT where it speaks TLS)",
)
LABEL = text(r"[a-zA-Z_][a-zA-Z0-9_]*", "the name of a label of Prometheus")
OUTSIDE = ("token", "username", "password", "ca_cert", "client_cert", "client_key", "headers")
"""What the API server's proxy does not pass on, or does by itself."""


def _url(value: Any) -> str:
    url = text(r"https?://[^\s/]+\S*", "a URL such as http://prometheus.istio-system:9090")(value)
    parts = urlsplit(url)
    if parts.username is not None:
        raise wrong("has a user name in it; give username and password")
    if parts.query or parts.fragment:
        raise wrong("has more than a path in it; give Prometheus' address as far as before /api/v1")
    return str(url).rstrip("/").removesuffix("/api/v1")


@dataclass(frozen=True, kw_only=True)
class PrometheusOptions:
    """Either ``url`` or ``service`` (through the API server's service proxy). ``timeout``: seconds.

    ``labels`` are added to every selector of the collection's own queries (``cluster: prod`` where many clusters share one).
    """

    url: str | None = key(Check("str", _url), None)
    service: str | None = key(SERVICE, None)
    token: str | None = key(SECRET, None)
    username: str | None = key(SECRET, None)
    password: str | None = key(SECRET, None)
    ca_cert: str | None = key(ABSOLUTE_PATH, None)
    client_cert: str | None = key(ABSOLUTE_PATH, None)
    client_key: str | None = key(ABSOLUTE_PATH, None)
    validate_certs: bool = key(truth(), True)
    headers: dict[str, str] = key(map_of(HEADER, SECRET), {})
    timeout: float = key(seconds(0.1), 10.0)
    labels: dict[str, str] = key(map_of(LABEL, ANY_TEXT), {})

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"PrometheusOptions({self.url or self.service})"


def read_prometheus(value: Any) -> PrometheusOptions:
    """From a mapping, or from the URL or Service alone. Raises SpecError with every problem of it."""
    if isinstance(value, str):
        value = {"url" if "://" in value else "service": value}
    options = read(PrometheusOptions, value)
    problems = Collector()
    if (options.url is None) == (options.service is None):
        problems.add("", "give either url or service")
    if options.token and options.username:
        problems.add("token", "cannot be given together with username")
    if (options.username is None) != (options.password is None):
        problems.add("password", "username and password go together")
    if options.client_key and not options.client_cert:
        problems.add("client_cert", "is required with client_key")
    for name in OUTSIDE if options.service else ():
        if getattr(options, name):
            problems.add(name, "is for url; the API server lets us in to a service")
    problems.finish()
    return options


PROMETHEUS = Check("raw", read_prometheus, record=PrometheusOptions)
