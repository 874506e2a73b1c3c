from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tfserving.istio.plugins.module_utils._cluster.client import Client
from ansible_collections.tfserving.istio.plugins.module_utils._prometheus import Prometheus, PrometheusError
from ansible_collections.tfserving.istio.plugins.module_utils._rollout.counters import (
    DURATION,
    MOST,
    REQUESTS,
    Counters,
    counts,
)
from ansible_collections.tfserving.istio.plugins.module_utils._spec.prometheus import PROMETHEUS
from ansible_collections.tfserving.istio.tests.unit.support.api_server import ApiServer
from ansible_collections.tfserving.istio.tests.unit.support.certificates import certificate
from ansible_collections.tfserving.istio.tests.unit.support.connection import client_of

HOST = "mnist-v2.kubeflow.svc.cluster.local"
SECRET = "s3cret"


def result(kind: str, found: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": found}}


def vector(*values: str) -> dict[str, Any]:
    return result("vector", [{"metric": {"n": str(n)}, "value": [1.5, value]} for n, value in enumerate(values)])


def refusal(kind: str, text: str) -> dict[str, Any]:
    return {"status": "error", "errorType": kind, "error": text}


@pytest.fixture(autouse=True)
def no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the system's certificate authorities at each request is most of what these tests would do."""
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_DIR", "/dev/null")


@pytest.fixture
def prometheus(server: ApiServer) -> Prometheus:
    server.answer(200, vector("1"))
    return Prometheus(PROMETHEUS(server.url))


def error_of(prometheus: Prometheus, query: str = "up") -> str:
    with pytest.raises(PrometheusError) as error:
        prometheus.value(query)
    assert SECRET not in str(error.value)
    return str(error.value)


def test_a_query_is_asked_by_get_with_its_time(prometheus: Prometheus, server: ApiServer):
    assert prometheus.value('sum(a{b="c d"})', at=12.5) == 1.0
    assert server.requests[0]["path"] == "/api/v1/query?query=sum%28a%7Bb%3D%22c+d%22%7D%29&time=12.500"


def test_one_number_or_none(prometheus: Prometheus, server: ApiServer):
    server.answer(200, result("scalar", [1.5, "0.25"]))
    assert prometheus.value("up") == 0.25
    server.answer(200, vector())
    assert prometheus.value("up") is None


def test_series_with_their_samples(prometheus: Prometheus, server: ApiServer):
    server.answer(200, result("matrix", [{"metric": {"a": "b"}, "values": [[1.5, "1"], [3.5, "1e+06"], [5.5, "NaN"]]}]))
    (series,) = prometheus.samples("a[5m]")
    assert (series.labels, series.points) == ({"a": "b"}, ((1.5, 1.0), (3.5, 1e6)))
    server.answer(200, vector("7"))
    assert prometheus.samples("a")[0].points == ((1.5, 7.0),)


def test_its_clock(prometheus: Prometheus, server: ApiServer):
    server.answer(200, result("scalar", [12.5, "12.5"]))
    assert prometheus.time() == 12.5


@pytest.mark.parametrize("number", ["NaN", "+Inf", "-Inf"])
def test_what_is_no_finite_number_is_no_evidence(prometheus: Prometheus, server: ApiServer, number: str):
    server.answer(200, vector(number))
    assert f"the query up gives {number}, which is no evidence: it divides by zero" in error_of(prometheus)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (vector("1", "2"), "gives 2 series and not one number; aggregate it"),
        (result("matrix", []), "gives a matrix and not one number"),
        (result("string", [1, "a"]), "gives a string and not one number"),
        (vector("one"), "gives no number for up"),
        (result("vector", [{"metric": {}}]), "gives no number for up"),
        ({"status": "success"}, "an answer without a result"),
        (result("vector", {}), "an answer without a result"),
        ({"hello": "world"}, "is not Prometheus'"),
        ([], "is not Prometheus'"),
        (b"<html>Please log in</html>", "is not Prometheus': <html>Please log in</html>. Is that its own address"),
        (b"", "is not Prometheus': nothing"),
    ],
)
def test_an_answer_that_is_nonsense(prometheus: Prometheus, server: ApiServer, answer: Any, words: str):
    server.answer(200, answer)
    assert words in error_of(prometheus)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (result("scalar", [1, "1"]), "gives a scalar for a; a selector of series is needed"),
        (result("matrix", [{"values": []}]), "series of another form"),
        (result("matrix", [{"metric": {}, "values": [["x", "1"]]}]), "series of another form"),
        ({**result("matrix", []), "warnings": ["store c is gone"]}, "only a part of the answer to a: store c is gone"),
    ],
)
def test_series_that_are_none(prometheus: Prometheus, server: ApiServer, answer: Any, words: str):
    server.answer(200, answer)
    with pytest.raises(PrometheusError) as error:
        prometheus.samples("a")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, refusal("bad_data", "1:5: parse error: unclosed"), "rejects the query sum(: 1:5: parse error: unclosed"),
        (422, refusal("execution", "many-to-many"), "cannot evaluate sum(: many-to-many"),
        (503, refusal("timeout", "query timed out"), "is too slow for sum(: query timed out"),
        (401, b"Unauthorized", "wants credentials: give token, or username and password (401)"),
        (403, b"", "wants credentials: give token, or username and password (403)"),
        (404, b"404 page not found", "has no /api/v1/query (404); does its address have a path?"),
        (500, b"out of\nmemory", "answers 500: out of memory; look at its own log"),
        (503, b"Service Unavailable", "answers 503: Service Unavailable"),
    ],
)
def test_a_refusal_says_what_to_do(prometheus: Prometheus, server: ApiServer, status: int, body: Any, words: str):
    server.answer(status, body)
    message = error_of(prometheus, "sum(")
    assert message.startswith(server.url)
    assert words in message


def test_a_redirect_is_not_followed_with_the_credentials(server: ApiServer):
    server.headers = {"Location": f"https://login.example.com/?token={SECRET}"}
    server.answer(302, b"")
    message = error_of(Prometheus(PROMETHEUS({"url": server.url, "token": SECRET})))
    assert "sends us on to https://login.example.com/;" in message
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        ({"token": SECRET}, f"Bearer {SECRET}"),
        ({"username": "me", "password": SECRET}, "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()),
        ({"headers": {"Authorization": f"ApiKey {SECRET}"}}, f"ApiKey {SECRET}"),
    ],
)
def test_credentials_are_sent_and_never_told(server: ApiServer, credentials: dict[str, Any], sent: str):
    server.answer(200, vector("1"))
    prometheus = Prometheus(PROMETHEUS({"url": server.url, **credentials}))
    assert prometheus.value("up") == 1.0
    assert server.requests[0]["headers"]["Authorization"] == sent
    server.answer(401, b"")
    assert "does not accept the credentials (401)" in error_of(prometheus)


def test_nobody_is_there():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        message = error_of(Prometheus(PROMETHEUS(url)))
    assert message.startswith(f"{url} cannot be reached: ")
    assert "refused" in message
    assert message.endswith("; check that it is up and the address is right")


def test_a_name_that_does_not_resolve():
    assert "cannot be reached" in error_of(Prometheus(PROMETHEUS("http://nowhere.invalid:9090")))


def _hang_up(listener):
    connection, _address = listener.accept()
    connection.close()


def test_a_connection_that_breaks():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_hang_up, args=[listener], daemon=True).start()
        message = error_of(Prometheus(PROMETHEUS(f"http://127.0.0.1:{listener.getsockname()[1]}")))
    assert "cannot be reached" in message


def test_no_answer_in_time(server: ApiServer):
    server.hold.clear()
    message = error_of(Prometheus(PROMETHEUS({"url": server.url, "timeout": 0.2})))
    assert message == f"{server.url} does not answer within 0.2 s; check the address, or raise timeout"


@pytest.fixture
def secure(server: ApiServer, tmp_path: Path) -> Path:
    """The certificate that the server has from now on."""
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return path


def test_a_certificate_that_is_not_trusted(server: ApiServer, secure: Path):
    message = error_of(Prometheus(PROMETHEUS(server.url.replace("http:", "https:"))))
    assert " is not trusted: " in message
    assert "check ca_cert" in message


def _ask_for_a_certificate(listener: socket.socket, context: ssl.SSLContext) -> None:
    plain, _address = listener.accept()
    with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as connection:
        with contextlib.suppress(ssl.SSLError):
            connection.do_handshake()
        # The request is on its way: unread, it would make the end of the connection a reset, before the client has read why.
        while socket.socket.recv(connection, 65536):
            pass


def test_a_server_that_asks_for_a_certificate_of_ours(tmp_path: Path):
    """By TLS 1.3 the client learns of it where it waits for the answer."""
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.load_verify_locations(path)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_ask_for_a_certificate, args=[listener, context], daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        message = error_of(Prometheus(PROMETHEUS({"url": url, "ca_cert": str(path)})))
    assert " is not trusted: " in message
    assert "client_cert where it asks for one" in message


def test_a_server_without_tls_has_no_certificate_to_trust(server: ApiServer):
    message = error_of(Prometheus(PROMETHEUS(server.url.replace("http:", "https:"))))
    assert " cannot be reached: " in message
    assert "check ca_cert" not in message


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_that_is_trusted_or_need_not_be(server: ApiServer, secure: Path, trusted: bool):
    server.answer(200, vector("1"))
    trust = {"ca_cert": str(secure)} if trusted else {"validate_certs": False}
    assert Prometheus(PROMETHEUS({"url": server.url.replace("http:", "https:"), **trust})).value("up") == 1.0


def test_a_certificate_of_ours_that_is_not_there(server: ApiServer):
    url = server.url.replace("http:", "https:")
    message = error_of(Prometheus(PROMETHEUS({"url": url, "client_cert": "/nowhere/cert"})))
    assert "client_cert" in message


def through(client: Client, service: str = "istio-system/prometheus:9090") -> Prometheus:
    return Prometheus(PROMETHEUS(service), client)


def status(code: int, reason: str, message: str) -> dict[str, Any]:
    """As the API server answers for its proxy; the messages of the tests are its own."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": code,
    }


def test_a_service_is_asked_through_the_api_server(client: Client, server: ApiServer):
    server.answer(200, vector("1"))
    assert through(client).value("up") == 1.0
    assert through(client, "a/https:b:web/prom/").value("up") == 1.0
    assert [request["path"] for request in server.requests] == [
        "/api/v1/namespaces/istio-system/services/prometheus:9090/proxy/api/v1/query?query=up",
        "/api/v1/namespaces/a/services/https:b:web/proxy/prom/api/v1/query?query=up",
    ]


@pytest.mark.parametrize(
    ("code", "reason", "said", "words"),
    [
        (404, "NotFound", 'services "prometheus" not found', 'services "prometheus" not found'),
        (
            503,
            "ServiceUnavailable",
            'no endpoints available for service "prometheus:9090"',
            "check that its Pods are ready",
        ),
        (503, "ServiceUnavailable", 'no service port 9090 found for service "prometheus"', "and the port is right"),
        (
            503,
            "ServiceUnavailable",
            "error trying to reach service: dial tcp: connection refused",
            "connection refused",
        ),
        (
            403,
            "Forbidden",
            'services "prometheus" is forbidden: User "u" cannot get resource "services/proxy"',
            "Grant it",
        ),
        (401, "Unauthorized", "Unauthorized", "the API server does not accept these credentials"),
    ],
)
def test_the_api_servers_own_errors(client: Client, server: ApiServer, code: int, reason: str, said: str, words: str):
    server.answer(code, status(code, reason, said))
    message = error_of(through(client))
    assert message.startswith("cannot reach Prometheus at Service istio-system/prometheus:9090: ")
    assert words in message


def test_errors_that_the_api_server_passes_on_are_prometheus_own(client: Client, server: ApiServer):
    server.answer(400, refusal("bad_data", "parse error"))
    assert error_of(through(client)) == (
        "Service istio-system/prometheus:9090 through the API server rejects the query up: parse error"
    )
    server.answer(401, b"Unauthorized")
    assert "wants credentials" in error_of(through(client))


def test_the_api_server_is_gone(server: ApiServer):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        message = error_of(through(client_of(f"http://127.0.0.1:{closed.getsockname()[1]}")))
    assert "the API server" in message and "cannot be reached" in message


def round_of(*buckets: str) -> dict[str, Any]:
    """Four requests timed since the first scrape, all above the buckets."""
    labels = {"reporter": "source", "instance": "a", "destination_service": HOST, "response_code": "200"}
    names = {f"{DURATION}_count": [("", 4)], f"{DURATION}_bucket": [(le, 0) for le in buckets]}
    found = [
        {
            "metric": {**labels, "__name__": name, **({"le": le} if le else {})},
            "values": [[1010, "5"], [1020, str(5 + grown)]],
        }
        for name, entries in names.items()
        for le, grown in entries
    ]
    return result("matrix", found)


def test_a_look_is_one_request(prometheus: Prometheus, server: ApiServer):
    server.answer(200, round_of("250.0"))
    counters = prometheus.look(Counters(1000.0, {HOST: {"destination_service": HOST}}, [250.0]))
    assert counts(counters, HOST).slow == {"250": 4}
    (request,) = server.requests
    assert re.search(r"query=%7B__name__%3D~.*%5B\d+s%5D$", request["path"])


def test_labels_are_added_to_every_selector_of_a_look(server: ApiServer):
    server.answer(200, result("matrix", []))
    Prometheus(PROMETHEUS({"url": server.url, "labels": {"cluster": "prod"}})).look(
        Counters(1000.0, {HOST: {"destination_service": HOST}})
    )
    assert "cluster%3D%22prod%22" in server.requests[0]["path"]


def test_more_series_than_a_rollout_can_keep_are_no_evidence(prometheus: Prometheus, server: ApiServer):
    metric = {"__name__": REQUESTS, "destination_service": HOST, "response_code": "200"}
    many = [{"metric": {**metric, "pod": f"caller-{n}"}, "values": [[1001.0, "5"]]} for n in range(MOST + 1)]
    counters = Counters(1000.0, {HOST: {"destination_service": HOST}})
    server.answer(200, result("matrix", many[:-1]))
    assert len(prometheus.look(counters).series) == MOST
    server.answer(200, result("matrix", many))
    with pytest.raises(
        PrometheusError, match=r"has 30001 series of the proxies that call .* judge it by fewer callers"
    ):
        prometheus.look(counters)


def test_a_boundary_that_is_no_bucket_is_told_with_those_that_there_are(prometheus: Prometheus, server: ApiServer):
    server.at("GET", "/api/v1/query", (200, round_of()))
    server.at(
        "GET", "/api/v1/label/le/values", (200, {"status": "success", "data": ["250.0", "+Inf", "1.8e+06", "0.5"]})
    )
    with pytest.raises(PrometheusError) as error:
        prometheus.look(Counters(1000.0, {HOST: {"destination_service": HOST}}, [300.0]))
    message = str(error.value)
    assert message.startswith(
        "300 ms is no bucket of istio_request_duration_milliseconds; take one of 0.5, 250, 1800000 "
    )
    assert prometheus.check_boundaries([250.0, 0.5]) is None


def test_nothing_is_said_of_boundaries_before_there_is_a_histogram(prometheus: Prometheus, server: ApiServer):
    server.answer(200, {"status": "success", "data": []})
    prometheus.check_boundaries([300.0])
    server.answer(200, {"status": "success", "data": [None]})
    with pytest.raises(PrometheusError, match="gives no values of the label le"):
        prometheus.check_boundaries([300.0])
    assert json.dumps(server.requests[0]["path"]).count("le/values") == 1
