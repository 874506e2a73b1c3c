# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the API server refuses, in words that say what to do."""

from __future__ import annotations

import json
from typing import Any

CRDS = "Istio's resource types are not installed in this cluster; install Istio first (playbook tfserving.istio.install, role mesh)"


class ClusterError(Exception):
    """A request that did not do what it was for. The message names the object and what to do."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Conflict(ClusterError):
    """The object changed between being read and being written."""


class NotFound(ClusterError):
    """There is no such object."""


def untrusted(error: BaseException) -> bool:
    """Whether an error of TLS is one of a certificate, the server's or the client's; a server that goes away or speaks no TLS is none."""
    words = str(error).lower().replace("_", " ")
    return "certificate" in words or "unknown ca" in words


def refused(status: int, body: bytes, verb: str, target: str) -> ClusterError:
    """The error for an answer that is not a success."""
    details = _parse(body)
    said = details.get("message") or body[:300].decode(errors="replace").strip() or "no further word"
    cannot = f"cannot {verb} {target}"
    if status == 401:
        return ClusterError(
            f"{cannot}: the API server does not accept these credentials (401); check kubeconfig, context and api_key",
            status,
        )
    if status == 403:
        return ClusterError(
            f"{cannot}: not allowed: {said}. Grant it, or use credentials bound to the documented ClusterRole tfserving-istio-operator, "
            "or for the mesh tfserving-istio-installer",
            status,
        )
    if status == 404:
        return _missing(details, cannot, said)
    if status == 409:
        return _conflict(details, cannot, said)
    if status == 422 or status == 400:
        return ClusterError(f"{cannot}: the API server rejects it: {said}", status)
    if status == 429:
        return ClusterError(
            f"{cannot}: the API server asks to slow down (429); lower parallel, or run again later", status
        )
    if "webhook" in said:
        return ClusterError(
            f"{cannot}: an admission webhook failed: {said}. Check that istiod is ready; then run again", status
        )
    return ClusterError(f"{cannot}: the API server answered {status}: {said}; run again when it is well", status)


def _missing(details: dict[str, Any], cannot: str, said: str) -> ClusterError:
    kind = (details.get("details") or {}).get("kind", "")
    if (
        not details or "the server could not find the requested resource" in said
    ):  # an unknown API group is answered in plain text
        return NotFound(f"{cannot}: {CRDS}", 404)
    if kind == "namespaces":
        return NotFound(f"{cannot}: {said}; create the namespace first (role namespace)", 404)
    return NotFound(f"{cannot}: {said}", 404)


def _conflict(details: dict[str, Any], cannot: str, said: str) -> ClusterError:
    """A stale resourceVersion and a field that another manager owns are both 409; only the causes tell them apart."""
    causes = [
        cause
        for cause in (details.get("details") or {}).get("causes") or ()
        if cause.get("reason") == "FieldManagerConflict"
    ]
    if not causes:
        return Conflict(
            f"{cannot}: it was changed by somebody else in between; run again to plan from what is there now", 409
        )
    fields = "; ".join(f"{cause.get('field', '?')}: {cause.get('message', '')}" for cause in causes)
    return ClusterError(
        f"{cannot}: another field manager owns what is to be written ({fields}). Let that manager give it up, take the value into the "
        "input, or take it over with force: true",
        409,
    )


def _parse(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
