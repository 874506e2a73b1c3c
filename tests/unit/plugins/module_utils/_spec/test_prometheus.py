from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._spec.errors import SpecError
from ansible_collections.tfserving.istio.plugins.module_utils._spec.prometheus import OUTSIDE, PROMETHEUS

URL, SERVICE = "http://prometheus.istio-system:9090", "istio-system/prometheus:9090"


def errors(value: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        PROMETHEUS(value)
    return str(error.value).splitlines()


def test_an_address_alone():
    assert PROMETHEUS(URL) == PROMETHEUS({"url": URL})
    assert PROMETHEUS(SERVICE) == PROMETHEUS({"service": SERVICE})


@pytest.mark.parametrize("end", ["", "/", "/api/v1", "/api/v1/"])
def test_an_address_ends_before_the_path_of_the_api(end: str):
    assert PROMETHEUS(f"https://host/prometheus{end}").url == "https://host/prometheus"


@pytest.mark.parametrize("service", ["a/b:9090", "a/https:b:web", "istio-system/prometheus:9090/prometheus"])
def test_a_service(service: str):
    assert PROMETHEUS(service).service == service


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ({}, "give either url or service"),
        ({"url": URL, "service": SERVICE}, "give either url or service"),
        ("ftp://x", "url: 'ftp://x' is not a URL"),
        ("https://me:secret@x/", "url: has a user name in it"),
        ("https://x/graph?g0.expr=up", "url: has more than a path in it"),
        ("prometheus:9090", "service: 'prometheus:9090' is not a Service as NAMESPACE/NAME:PORT"),
        ({"url": URL, "username": "u"}, "password: username and password go together"),
        ({"url": URL, "password": "p"}, "password: username and password go together"),
        ({"url": URL, "token": "t", "username": "u", "password": "p"}, "token: cannot be given together"),
        ({"url": URL, "client_key": "/k"}, "client_cert: is required with client_key"),
        ({"url": URL, "timeout": 0}, "timeout: 0 is not a time"),
        ({"url": URL, "labels": {"a-b": "c"}}, "labels.a-b: 'a-b' is not the name of a label"),
    ],
)
def test_what_is_wrong(value: Any, start: str):
    (message,) = errors(value)
    assert message.startswith(start)
    assert "secret" not in message


@pytest.mark.parametrize("name", OUTSIDE)
def test_the_proxy_of_the_api_server_takes_no_credentials(name: str):
    value: Any = {"headers": {"X-Scope-OrgID": "a"}, "ca_cert": "/x", "client_cert": "/x", "client_key": "/x"}.get(
        name, "x"
    )
    more = {"username": {"password": "p"}, "password": {"username": "u"}, "client_key": {"client_cert": "/x"}}
    messages = errors({"service": SERVICE, name: value, **more.get(name, {})})
    assert f"{name}: is for url; the API server lets us in to a service" in messages


@pytest.mark.parametrize("name", ["token", "username", "password"])
def test_secrets_are_not_quoted(name: str):
    assert not any("8675309" in message for message in errors({"url": URL, name: 8675309}))
    assert not any("8675309" in message for message in errors({"url": URL, name: "8675309\n"}))


def test_secrets_are_not_shown():
    options = PROMETHEUS({"url": URL, "token": "s3cret", "headers": {"X": "s3cret"}})
    assert "s3cret" not in repr(options)
