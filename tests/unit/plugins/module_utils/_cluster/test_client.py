from __future__ import annotations

import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._cluster.errors import ClusterError, Conflict, NotFound
from ansible_collections.tfserving.istio.tests.unit.support import fixtures
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer
from ansible_collections.tfserving.istio.tests.unit.support.certificates import certificate
from ansible_collections.tfserving.istio.tests.unit.support.connection import client_of

TARGET = "Service kubeflow/mnist"


def error_of(client: Client, method: str = "GET", **more: Any) -> ClusterError:
    with pytest.raises(ClusterError) as error:
        client.request(method, "/x", TARGET, **more)
    return error.value


def test_an_answer_comes_back_as_an_object(client: Client, server: ApiServer):
    server.answer(200, {"kind": "Service"})
    assert client.request("GET", "/x", TARGET, {"labelSelector": "a=b,c"}) == {"kind": "Service"}
    assert server.requests[0]["path"] == "/x?labelSelector=a%3Db%2Cc"


def test_credentials_go_along_and_the_body_is_json(client: Client, server: ApiServer):
    client.request("PATCH", "/x", TARGET, body={"a": 1}, content_type="application/apply-patch+yaml")
    (request,) = server.requests
    assert request["headers"]["authorization"] == "Bearer token"
    assert request["headers"]["Content-Type"] == "application/apply-patch+yaml"
    assert json.loads(request["body"]) == {"a": 1}


@pytest.mark.parametrize("text", ["é", "日本", "\N{ROCKET}"])
def test_an_apply_of_any_text_is_also_the_yaml_that_the_api_server_reads(client: Client, server: ApiServer, text: str):
    """An apply is parsed as YAML, which has no surrogate pairs: the rocket as \\ud83d\\ude80 is refused."""
    client.request("PATCH", "/x", TARGET, body={"a": text}, content_type="application/apply-patch+yaml")
    assert b"\\ud" not in server.requests[0]["body"].lower()
    assert json.loads(server.requests[0]["body"]) == {"a": text}


def test_a_server_that_is_not_there_is_named_with_what_to_do():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        message = str(error_of(client_of(url)))
    assert f"cannot read {TARGET}: the API server {url} cannot be reached: " in message
    assert "Connection refused" in message
    assert "then run again" in message


def test_a_name_that_does_not_resolve():
    message = str(error_of(client_of("http://nowhere.invalid:6443")))
    assert "http://nowhere.invalid:6443 cannot be reached" in message


def test_a_connection_that_breaks():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            listener.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        message = str(error_of(client_of(f"http://127.0.0.1:{listener.getsockname()[1]}")))
    assert "cannot be reached" in message


def test_a_certificate_that_is_not_trusted(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(tmp_path))

        def greet() -> None:
            with listener.accept()[0] as plain:
                try:
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    return

        threading.Thread(target=greet, daemon=True).start()
        message = str(error_of(client_of(f"https://127.0.0.1:{listener.getsockname()[1]}")))
    assert "is not trusted" in message
    assert "check ca_cert" in message


def test_tls_that_breaks_off_is_no_matter_of_trust():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def alert() -> None:
            with listener.accept()[0] as plain:
                plain.recv(4096)
                plain.sendall(bytes([21, 3, 3, 0, 2, 2, 50]))  # an alert, fatal: decode_error

        threading.Thread(target=alert, daemon=True).start()
        message = str(error_of(client_of(f"https://127.0.0.1:{listener.getsockname()[1]}")))
    assert "cannot be reached" in message
    assert "trusted" not in message


def test_plain_http_where_tls_was_expected(server: ApiServer):
    message = str(error_of(client_of(server.url.replace("http:", "https:"))))
    assert "cannot read Service kubeflow/mnist" in message


def test_no_answer_in_time(client: Client, server: ApiServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Client._send, "__defaults__", (None, (1.0, 0.1), True))  # a minute is too long for a test
    server.hold.clear()
    message = str(error_of(client))
    assert f"no answer from {server.url} within 0.1 s; run again" in message


@pytest.mark.parametrize("body", [b"<html>login</html>", b"", b"null", b"[1]", b'"ok"', b"3"])
def test_an_answer_that_is_no_object_asks_whether_that_is_an_api_server(client: Client, server: ApiServer, body: bytes):
    server.answer(200, body)
    assert f"is {server.url} a Kubernetes API server?" in str(error_of(client))


def test_a_redirect_is_not_followed(client: Client, server: ApiServer):
    server.headers = {"Location": "/login"}
    server.answer(302, b"")
    assert "answered 302" in str(error_of(client))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not accept these credentials (401); check kubeconfig, context and api_key"),
        (403, "not allowed: no further word"),
        (429, "asks to slow down (429); lower parallel, or run again later"),
        (500, "answered 500: no further word; run again when it is well"),
        (503, "answered 503"),
    ],
)
def test_a_status_without_a_body(client: Client, server: ApiServer, status: int, words: str):
    server.answer(status, b"")
    error = error_of(client)
    assert words in str(error)
    assert error.status == status


@pytest.mark.parametrize(
    ("method", "verb"), [("GET", "read"), ("PATCH", "write"), ("POST", "create"), ("DELETE", "delete")]
)
def test_a_message_says_what_was_tried(client: Client, server: ApiServer, method: str, verb: str):
    server.answer(422, fixtures.refused("invalid"))
    message = str(error_of(client, method))
    assert message.startswith(f"cannot {verb} {TARGET}: the API server rejects it: ")
    assert "must be between 1 and 65535" in message


def test_a_conflict_and_a_missing_object_are_told_apart(client: Client, server: ApiServer):
    server.answer(409, fixtures.refused("stale_resource_version"))
    assert isinstance(error_of(client, "PATCH"), Conflict)
    server.answer(404, fixtures.refused("missing_object"))
    assert isinstance(error_of(client), NotFound)


def test_work_is_done_concurrently_in_order_and_the_first_error_is_raised(client: Client):
    assert client.every(lambda item: item * 2, [3, 1, 2]) == [6, 2, 4]
    together = threading.Barrier(3, timeout=5)
    client.every(lambda _: together.wait(), range(3))
    with pytest.raises(ZeroDivisionError):
        client.every(lambda item: 1 // item, [1, 0])


def test_a_watch_passes_on_events_that_come_in_pieces(client: Client, server: ApiServer):
    events = [{"type": "ADDED", "object": {"n": n, "pad": "x" * 70_000}} for n in range(3)]
    server.answer(200, b"".join(json.dumps(event).encode() + b"\n" for event in events))
    assert list(client.stream("/x", TARGET, {"watch": "true"}, 5)) == events


def test_a_watch_that_is_refused(client: Client, server: ApiServer):
    server.answer(403, fixtures.refused("forbidden"))
    with pytest.raises(ClusterError, match=f"cannot watch {TARGET}: not allowed"):
        list(client.stream("/x", TARGET, {}, 5))


def test_a_raw_answer_is_passed_on_whatever_its_status(client: Client, server: ApiServer):
    server.answer(503, b"no upstream")
    assert client.raw("/x", "Pod kubeflow/p") == (503, b"no upstream")
