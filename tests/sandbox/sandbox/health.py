"""Asking a program whether it works yet."""

from __future__ import annotations

import http.client
import ssl

from sandbox.layout import Layout

_TIMEOUT = 2.0  # seconds


def answers_http(host: str, port: int, path: str) -> bool:
    """Whether GET answers 200."""
    return _answers(http.client.HTTPConnection(host, port, timeout=_TIMEOUT), path)


def answers_https(layout: Layout, host: str, port: int, path: str, verify: bool = True) -> bool:
    """Whether GET answers 200 to the administrator; `verify=False` for a program that signs its own certificate."""
    context = ssl.create_default_context(cafile=layout.pki / "ca.crt")
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
    return _answers(http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=context), path)


def _answers(connection: http.client.HTTPConnection, path: str) -> bool:
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
