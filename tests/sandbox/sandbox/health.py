"""Asking a program whether it works yet."""

from __future__ import annotations

import http.client
import ssl

from sandbox.layout import Layout

_TIMEOUT = 2.0  # seconds


def answers_http(host: str, port: int, path: str) -> bool:
    """Whether GET answers 200."""
    return _get(http.client.HTTPConnection(host, port, timeout=_TIMEOUT), path) is not None


def answers_https(layout: Layout, host: str, port: int, path: str, verify: bool = True) -> bool:
    """Whether GET answers 200 to the administrator; `verify=False` for a program that signs its own certificate."""
    return get_https(layout, host, port, path, verify) is not None


def get_https(layout: Layout, host: str, port: int, path: str, verify: bool = True) -> bytes | None:
    """What GET answers the administrator, or None where it is not 200."""
    context = ssl.create_default_context(cafile=layout.pki / "ca.crt")
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
    return _get(http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=context), path)


def _get(connection: http.client.HTTPConnection, path: str) -> bytes | None:
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        return body if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
