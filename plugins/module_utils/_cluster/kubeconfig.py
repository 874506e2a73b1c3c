# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A connection by a plain kubeconfig: one file, with a certificate or a token in it. The kubernetes package takes longer to load than all else takes."""

from __future__ import annotations

import os
import tempfile
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .client import Connection
from .options import Options

CERTIFICATE, KEY, AUTHORITY = "client-certificate", "client-key", "certificate-authority"
CLUSTER = {"server", AUTHORITY, f"{AUTHORITY}-data", "extensions"}
USER = {CERTIFICATE, f"{CERTIFICATE}-data", KEY, f"{KEY}-data", "token"}
"""The keys that are read here."""


def connection(options: Options, api: Callable[[], Any], parallel: int) -> Connection | None:
    """None wherever anything but a plain kubeconfig is given, and where it cannot be used: the package knows the way, or says what is wrong.

    ``api`` makes the package's client for those who need it.
    """
    if options.keys() - {"kubeconfig", "context"} or (
        not any(options.values()) and "KUBERNETES_SERVICE_HOST" in os.environ
    ):
        return None
    try:
        return _connection(options, api, parallel)
    except Exception:  # of files, their content and their certificates
        return None


def _connection(options: Options, api: Callable[[], Any], parallel: int) -> Connection | None:
    from urllib.request import getproxies

    import urllib3

    kubeconfig = options.get("kubeconfig") or os.environ.get("KUBECONFIG", "~/.kube/config")
    if getproxies() or (isinstance(kubeconfig, str) and os.pathsep in kubeconfig):
        return None
    path = Path(kubeconfig).expanduser() if isinstance(kubeconfig, str) else None
    config = _parsed(path.read_bytes()) if path else kubeconfig
    context = _named(config, "context", options.get("context") or config["current-context"])
    cluster, user = _named(config, "cluster", context["cluster"]), _named(config, "user", context["user"])
    if cluster.keys() - CLUSTER or user.keys() - USER or not cluster["server"].startswith("https://"):
        return None
    pool = urllib3.PoolManager(
        maxsize=parallel,
        cert_reqs="CERT_REQUIRED",
        ssl_context=_tls(cluster, user, path.absolute().parent if path else Path()),
    )
    headers = {"Authorization": f"Bearer {user['token']}"} if user.get("token") else {}
    return Connection(cluster["server"].rstrip("/"), pool, lambda: headers, api)


def _parsed(content: bytes) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the faster one where it was built
    return loader(content).get_single_data()


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    entries: Iterable[Mapping[str, Any]] = config[f"{kind}s"]
    found: Mapping[str, Any] = next(entry[kind] for entry in entries if entry["name"] == name)
    return found


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], base: Path) -> Any:
    """Made once, and shared by all connections."""
    from urllib3.util.ssl_ import ALPN_PROTOCOLS, create_urllib3_context

    context = create_urllib3_context()
    # urllib3 sets these for each connection. OpenSSL frees the list that it replaces, which another thread's new connection may be copying:
    # the server then ends that one for a malformed hello (alert decode_error).
    context.set_alpn_protocols(ALPN_PROTOCOLS)
    context.set_alpn_protocols = lambda alpn_protocols: None  # type: ignore[method-assign]
    if cluster.get(f"{AUTHORITY}-data"):
        context.load_verify_locations(cadata=b64decode(cluster[f"{AUTHORITY}-data"]).decode())
    elif cluster.get(AUTHORITY):
        context.load_verify_locations(base / cluster[AUTHORITY])
    else:
        context.load_default_certs()
    if user.keys() & {CERTIFICATE, f"{CERTIFICATE}-data"}:
        with tempfile.TemporaryDirectory() as folder:
            chain, key = (_file(user, name, base, Path(folder)) for name in (CERTIFICATE, KEY))
            context.load_cert_chain(
                chain, key, password=""
            )  # a key that needs one is an error, and no question on the terminal
    return context


def _file(user: Mapping[str, Any], name: str, base: Path, folder: Path) -> Path:
    """Certificates are loaded from files only."""
    data = user.get(f"{name}-data")
    if not data:
        return base / user[name]
    path = folder / name
    path.write_bytes(b64decode(data))
    return path
