# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""HTTP to one Pod, by the API server: its Pod proxy first, a port-forward where the proxy cannot do it."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .client import Client
from .errors import ClusterError

PROXY, FORWARD = "pod proxy", "port-forward"


@dataclass(frozen=True)
class Answer:
    """What a Pod answered, and how it was reached."""

    status: int
    body: bytes
    transport: str

    def json(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def ask(
    client: Client,
    pod: tuple[str, str],
    port: int,
    path: str,
    headers: Mapping[str, str] | None = None,
    host: str = "",
    tls: bool = False,
    timeout: float = 5.0,
    body: Any = None,
) -> Answer:
    """GET ``path`` from a Pod (namespace, name), or POST a ``body`` of JSON to it. Raises ClusterError where neither way leads to it.

    The proxy speaks plain HTTP and sets its own Host header; whoever needs another host or TLS gets the port-forward.
    """
    if not host and not tls:
        answer = _by_proxy(client, pod, port, path, headers, timeout, body)
        if answer is not None:
            return answer
    return _by_forward(client, pod, port, path, headers, host, tls, timeout, body)


def _by_proxy(
    client: Client,
    pod: tuple[str, str],
    port: int,
    path: str,
    headers: Mapping[str, str] | None,
    timeout: float,
    body: Any,
) -> Answer | None:
    namespace, name = pod
    proxy = f"/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy{path}"
    answer = Answer(*client.raw(proxy, f"Pod {namespace}/{name}", headers, timeout, body), PROXY)
    said = answer.json() if answer.status >= 400 else None
    if isinstance(said, dict) and said.get("kind") == "Status":  # the API server's own answer, not the Pod's
        return None
    return answer


def _by_forward(
    client: Client,
    pod: tuple[str, str],
    port: int,
    path: str,
    headers: Mapping[str, str] | None,
    host: str,
    tls: bool,
    timeout: float,
    body: Any,
) -> Answer:
    from kubernetes.client import CoreV1Api
    from kubernetes.stream import portforward

    namespace, name = pod
    try:
        forward = portforward(
            CoreV1Api(client.api).connect_get_namespaced_pod_portforward, name, namespace, ports=str(port)
        )
        plain = forward.socket(port)
        plain.settimeout(timeout)
        connection = http.client.HTTPConnection(host or "localhost", port, timeout=timeout)
        connection.sock = _secured(plain, host) if tls else plain
        try:
            sent = None if body is None else json.dumps(body).encode()
            kind = {} if body is None else {"Content-Type": "application/json"}
            method = "GET" if body is None else "POST"
            connection.request(method, path, sent, {**(headers or {}), **kind, "Connection": "close"})
            response = connection.getresponse()
            return Answer(response.status, response.read(), FORWARD)
        finally:
            connection.close()
    except Exception as error:  # websocket, ssl, http and API errors alike: there is no further way
        refused = getattr(
            error.__context__, "status_code", None
        )  # the answer to the upgrade, which the client reports as 0
        reason = getattr(error, "reason", None) or str(error).strip() or type(error).__name__
        reason = str(reason).split(" -+-+- ", 1)[0]  # headers and body of the answer follow
        message = (
            f"cannot reach port {port} of Pod {namespace}/{name}, neither by Pod proxy nor by port-forward: {reason}"
        )
        raise ClusterError(message, refused or getattr(error, "status", None) or 0) from error


def _secured(plain: Any, host: str) -> Any:
    """TLS to the gateway itself, whose certificate is for the users' host, not for this check: the proof is a digest, nothing secret is sent."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host or None)
