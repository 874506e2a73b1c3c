# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options mean what they mean to kubernetes.core, whichever way a connection is made."""

from __future__ import annotations

import base64
import json
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.tfserving.istio.plugins.module_utils._cluster import connect as connecting
from ansible_collections.tfserving.istio.plugins.module_utils._cluster import kubeconfig, package
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.options import read_impersonation, read_options
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer, serving
from ansible_collections.tfserving.istio.tests.unit.support.certificates import certificate

pytest.importorskip("kubernetes")
CONFIGURED = (
    "host",
    "api_key",
    "username",
    "password",
    "verify_ssl",
    "ssl_ca_cert",
    "cert_file",
    "key_file",
    "proxy",
    "no_proxy",
)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the user's."""
    for name in os.environ:
        if name.startswith("K8S_AUTH_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))


def params(**given: Any) -> dict[str, Any]:
    return {**dict.fromkeys(AUTH_ARG_SPEC), **given}


def a_kubeconfig(server: str = "https://one.test:6443", user: Any = None, cluster: Any = None) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "default"}},
            {"name": "there", "context": {"cluster": "d", "user": "u"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": server, **(cluster or {})}},
            {"name": "d", "cluster": {"server": "https://two.test/"}},
        ],
        "users": [{"name": "u", "user": {"token": "secret"} if user is None else user}],
    }


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        ({"host": "https://h:6443/", "api_key": "t"}, {}),
        ({"host": "https://h", "username": "u", "password": "p", "validate_certs": False}, {}),
        ({"host": "https://h", "client_cert": "/c.pem", "client_key": "/k.pem", "ca_cert": "/ca.pem"}, {}),
        ({"host": "https://h", "api_key": "t", "proxy": "http://p:3128", "no_proxy": "a,b"}, {}),
        ({"host": "https://h", "api_key": "t"}, {"K8S_AUTH_VERIFY_SSL": "no", "K8S_AUTH_CA_CERT": "/ca.pem"}),
        ({"api_key": "t"}, {"K8S_AUTH_HOST": "https://h/", "K8S_AUTH_VALIDATE_CERTS": "True"}),
        ({"host": "https://else"}, {}),
        ({"host": ""}, {}),
        ({"api_key": "t"}, {}),
        ({"context": "there"}, {}),
        ({}, {"K8S_AUTH_CONTEXT": "there"}),
        ({"validate_certs": False}, {}),
        ({"kubeconfig": a_kubeconfig(user={"username": "u", "password": "p"})}, {}),
        ({"kubeconfig": a_kubeconfig(cluster={"insecure-skip-tls-verify": True})}, {}),
        ({"kubeconfig": a_kubeconfig(cluster={"proxy-url": "http://p:1"})}, {}),
    ],
)
def test_the_options_configure_the_package_as_kubernetes_core_does(
    given: dict[str, Any], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config

    from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core

    (tmp_path / "config").write_text(json.dumps(a_kubeconfig()))
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config"))
    monkeypatch.setattr(Configuration, "_default", None)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    module = SimpleNamespace(params=params(**given))
    theirs = core._create_configuration(core._create_auth_spec(module))
    ours = package.configure(read_options(module.params))
    wanted = {name: getattr(theirs, name) for name in CONFIGURED}
    assert {name: getattr(ours, name) for name in CONFIGURED} == {**wanted, "host": wanted["host"].rstrip("/")}
    assert (ours.proxy_headers or {}) == (theirs.proxy_headers or {})
    assert ours.auth_settings() == theirs.auth_settings()


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        ({"proxy_headers": {"basic_auth": None, "proxy_basic_auth": "a:b", "user_agent": "x"}}, {}),
        ({}, {"K8S_AUTH_PROXY_HEADERS_USER_AGENT": "x"}),
        ({"impersonate_user": "u", "impersonate_groups": ["a", "b"]}, {}),
        ({"impersonate_user": "u"}, {"K8S_AUTH_IMPERSONATE_GROUPS": "a,,b"}),
    ],
)
def test_headers_are_those_of_kubernetes_core(
    given: dict[str, Any], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    module = SimpleNamespace(params=params(host="https://h", api_key="t", **given))
    wanted = core._create_headers(module)
    pairs = [(name, v) for name, value in wanted.items() for v in ([value] if isinstance(value, str) else value)]
    assert read_impersonation(module.params) == pairs
    theirs = core._create_configuration(core._create_auth_spec(module))
    assert (package.configure(read_options(module.params)).proxy_headers or {}) == (theirs.proxy_headers or {})


def test_every_group_is_sent(server: ApiServer):
    given = params(host=server.url, api_key="t", impersonate_user="u", impersonate_groups=["a", "b"])
    connecting.connect(given).request("GET", "/x", "x")
    sent = [(name, value) for name, value in server.header_lines[0] if name.startswith("Impersonate")]
    assert sent == [("Impersonate-User", "u"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b")]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[ApiServer]:
    """Speaks TLS, with a certificate that signs itself, and asks for the same one."""
    pem = certificate(tmp_path)
    with serving() as running:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.load_verify_locations(pem)
        context.verify_mode = ssl.CERT_OPTIONAL
        running.socket = context.wrap_socket(running.socket, server_side=True)
        yield running


def parts(pem: Path) -> tuple[str, str]:
    """Certificate and key of a file, as a kubeconfig has them."""
    text = pem.read_text()
    split = text.index("-----BEGIN PRIVATE")
    encoded = [base64.b64encode(part.encode()).decode() for part in (text[:split], text[split:])]
    return encoded[0], encoded[1]


@pytest.mark.parametrize("way", ["data", "files", "mapping"])
def test_a_plain_kubeconfig_needs_no_package(
    way: str, secure: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def never(options: Any) -> None:
        raise AssertionError("the package is loaded")

    monkeypatch.setattr(package, "configure", never)
    chain, key = parts(tmp_path / "server.pem")
    url = secure.url.replace("http:", "https:")
    if way == "files":  # relative to the kubeconfig
        user: dict[str, str] = {"client-certificate": "server.pem", "client-key": "server.pem", "token": "t"}
        config = a_kubeconfig(url, user, {"certificate-authority": "server.pem"})
    else:
        user = {"client-certificate-data": chain, "client-key-data": key, "token": "t"}
        config = a_kubeconfig(url, user, {"certificate-authority-data": chain, "extensions": []})
    (tmp_path / "config").write_text(json.dumps(config))
    secure.answer(200, {"kind": "Service"})
    client = connecting.connect(params(kubeconfig=config) if way == "mapping" else params())
    assert client.request("GET", "/x", "x") == {"kind": "Service"}
    assert secure.requests[0]["headers"]["Authorization"] == "Bearer t"
    assert secure.requests[0]["certificate"] == [[["commonName", "127.0.0.1"]]]
    assert client.host == url


def test_a_plain_kubeconfig_trusts_its_authority_only(secure: ApiServer):
    config = a_kubeconfig(secure.url.replace("http:", "https:"))
    with pytest.raises(ClusterError, match="is not trusted"):
        connecting.connect(params(kubeconfig=config)).request("GET", "/x", "x")


def test_a_connection_that_begins_leaves_what_others_share_alone(
    secure: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """OpenSSL has no lock around a context's list of protocols."""
    offered: list[list[str]] = []
    real = ssl.SSLContext.set_alpn_protocols
    monkeypatch.setattr(
        ssl.SSLContext, "set_alpn_protocols", lambda self, names: (offered.append(names), real(self, names))[1]
    )
    chain, _key = parts(tmp_path / "server.pem")
    config = a_kubeconfig(secure.url.replace("http:", "https:"), cluster={"certificate-authority-data": chain})
    client = connecting.connect(params(kubeconfig=config))
    assert offered == [["http/1.1"]]
    secure.answer(200, {"kind": "Service"})
    client.request("GET", "/x", "x")
    assert len(offered) == 1


@pytest.mark.parametrize(
    "config",
    [
        a_kubeconfig(user={"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1"}}),
        a_kubeconfig(user={"tokenFile": "/t", "token": "t"}),
        a_kubeconfig(user={"username": "u", "password": "p"}),
        a_kubeconfig(user={"auth-provider": {"name": "oidc"}}),
        a_kubeconfig(user={"token": "t", "as": "somebody"}),
        a_kubeconfig(cluster={"insecure-skip-tls-verify": True}),
        a_kubeconfig(cluster={"tls-server-name": "x"}),
        a_kubeconfig(cluster={"proxy-url": "http://p:1"}),
        a_kubeconfig(server="http://one.test"),
        a_kubeconfig(cluster={"certificate-authority": "/nowhere"}),
        a_kubeconfig(user={"client-certificate-data": "bm9uZQ==", "client-key-data": "bm9uZQ=="}),
        a_kubeconfig() | {"current-context": "nowhere"},
        {},
    ],
)
def test_anything_else_is_left_to_the_package(config: dict[str, Any]):
    assert kubeconfig.connection({"kubeconfig": a_kubeconfig()}, lambda: None, 4) is not None
    assert kubeconfig.connection({"kubeconfig": config}, lambda: None, 4) is None


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({"host": "https://h"}, {}),
        ({"kubeconfig": "CONFIG", "validate_certs": False}, {}),
        ({"kubeconfig": f"CONFIG{os.pathsep}CONFIG"}, {}),
        ({"kubeconfig": "CONFIG"}, {"HTTPS_PROXY": "http://p:1"}),
        ({"kubeconfig": "CONFIG"}, {"https_proxy": "http://p:1"}),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}),
        ({"kubeconfig": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}),
        ({"kubeconfig": "nowhere"}, {}),
        ({}, {"KUBECONFIG": "nowhere"}),
    ],
)
def test_any_other_option_is_left_to_the_package(
    options: dict[str, Any], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "config"
    path.write_text(json.dumps(a_kubeconfig()))
    assert kubeconfig.connection({}, lambda: None, 4) is not None
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    options = {name: v.replace("CONFIG", str(path)) if name == "kubeconfig" else v for name, v in options.items()}
    assert kubeconfig.connection(options, lambda: None, 4) is None


def test_what_the_package_finds_wrong_is_said_with_what_to_check(tmp_path: Path):
    with pytest.raises(ClusterError, match=r"cannot use the connection options: .*Check kubeconfig and context"):
        connecting.connect(params(kubeconfig=str(tmp_path / "nowhere")))
