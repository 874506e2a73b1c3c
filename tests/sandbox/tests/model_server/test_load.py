"""The load generator against the double: it must see every fault that the double is told to have."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time

import pytest
from mesh.load import Connections, Grpc, Load, Rest, predict, split_problems

from sandbox.models import write_faults, write_model

VERSIONS = {"v1": 2.5, "v2": 3.5}
NOTICED = 3.0
"""Seconds after which a server has its faults; it looks every half second."""


def rest(double) -> Rest:
    return Rest(f"{double.url}/v1/models/mnist:predict", predict(1.0))


@pytest.mark.parametrize("kind", ["rest", "status", "grpc"])
@pytest.mark.parametrize("connections", list(Connections))
def test_every_request_is_answered_and_recorded(served, kind, connections):
    double, _ = served
    target = {
        "rest": rest(double),
        "status": Rest(f"{double.url}/v1/models/mnist"),
        "grpc": Grpc(double.grpc, "mnist"),
    }[kind]
    versions = {} if kind == "status" else VERSIONS
    with Load(target, rate=200, count=40, versions=versions, connections=connections) as load:
        load.wait()
    assert load.sent == len(load.answers) == 40
    assert load.failures == []
    assert load.counts() == {("1" if kind == "status" else "v1"): 40}
    new = sum(answer.new_connection for answer in load.answers)
    assert new == {Connections.KEPT: 0, Connections.NEW: 40, Connections.BOTH: 20}[connections]
    assert {answer.status for answer in load.answers} == {"OK" if kind == "grpc" else 200}


@pytest.mark.parametrize(
    ("connections", "expected"), [(Connections.KEPT, 1), (Connections.NEW, 10), (Connections.BOTH, 6)]
)
def test_connections_are_really_kept_or_new(connections, expected):
    made = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(json.dumps(predict(1.0))))
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"predictions":[2.5]}')
            await writer.drain()
        writer.close()

    async def scenario() -> Load:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        target = Rest(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", predict(1.0))
        load = Load(target, rate=20, count=10, connections=connections, versions=VERSIONS)
        await load.run()
        server.close()
        return load

    assert asyncio.run(scenario()).failures == []
    assert made == expected


def test_the_rate_does_not_wait_for_answers(served):
    double, folder = served
    write_faults(folder, latency={"base_ms": 1000})
    time.sleep(NOTICED)
    with Load(rest(double), rate=50, seconds=1) as load:
        load.wait()
    assert load.sent == 50
    assert max(answer.at for answer in load.answers) > 0.9
    assert min(answer.latency for answer in load.answers) > 0.99


def test_errors_are_counted_with_status_time_and_reason(served):
    double, folder = served
    with Load(rest(double), rate=100, versions=VERSIONS) as load:
        time.sleep(1)
        write_faults(folder, errors={"rate": 0.5, "code": "RESOURCE_EXHAUSTED", "message": "full"})
        time.sleep(NOTICED + 1)
    assert load.failures
    assert min(failure.at for failure in load.failures) > 0.9
    assert {(failure.status, failure.error) for failure in load.failures} == {(429, 'HTTP 429: { "error": "full" }')}
    late = load.since(1 + NOTICED)
    failed = sum(not answer.ok for answer in late)
    assert split_problems({"ok": len(late) - failed, "failed": failed}, {"ok": 50, "failed": 50}) == []


def test_grpc_errors_have_their_code(served):
    double, folder = served
    write_faults(folder, errors={"rate": 1, "code": "UNAVAILABLE", "message": "full"})
    time.sleep(NOTICED)
    with Load(Grpc(double.grpc, "mnist"), rate=100, count=10) as load:
        load.wait()
    assert {(answer.status, answer.error) for answer in load.answers} == {("UNAVAILABLE", "UNAVAILABLE: full")}


def test_wrong_answers_are_failures(served):
    double, folder = served
    write_faults(folder, wrong={"rate": 1, "offset": 1000})
    time.sleep(NOTICED)
    for target in (rest(double), Grpc(double.grpc, "mnist")):
        with Load(target, rate=100, count=10, versions=VERSIONS) as load:
            load.wait()
        assert {answer.error for answer in load.answers} == {"prediction 1002.5 is that of no known version"}


def test_hangs_are_failures_after_the_time_out(served):
    double, folder = served
    write_faults(folder, hang={"rate": 1})
    time.sleep(NOTICED)
    # A gRPC server resets the stream when the deadline has passed, and the client may see that just before its own clock says so.
    for target, errors in (
        (rest(double), {"no answer within 0.3 s"}),
        (Grpc(double.grpc, "mnist"), {"DEADLINE_EXCEEDED", "CANCELLED"}),
    ):
        with Load(target, rate=50, count=5, timeout=0.3) as load:
            load.wait()
        assert len(load.failures) == 5
        assert {failure.error.partition(": ")[0] for failure in load.failures} <= errors
        assert min(failure.latency for failure in load.failures) > 0.25


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM])
def test_a_dying_server_is_seen_on_every_kind_of_connection(served, death):
    double, _ = served
    with Load(rest(double), rate=100, versions=VERSIONS, timeout=2) as load:
        time.sleep(0.5)
        died = load.elapsed
        double.process.send_signal(death)
        time.sleep(0.5)
    after = load.since(died + 0.1)
    assert after
    assert not any(answer.ok for answer in after)
    assert {answer.new_connection for answer in after} == {True, False}
    assert all(answer.status is None for answer in after)
    before = [answer for answer in load.answers if answer.at + answer.latency < died]
    assert before
    assert all(answer.ok for answer in before)


def test_a_stopped_server_makes_failures_not_silence(served):
    double, _ = served
    with Load(rest(double), rate=50, timeout=0.5, in_flight=20) as load:
        time.sleep(0.3)
        double.process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        double.process.send_signal(signal.SIGCONT)
    errors = {failure.error for failure in load.failures}
    assert "no answer within 0.5 s" in errors
    assert "not sent: 20 requests were unanswered" in errors
    assert load.sent == len(load.answers)


def test_a_refused_connection_is_a_failure():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with Load(Rest(f"http://127.0.0.1:{probe.getsockname()[1]}/", predict(1.0)), rate=100, count=3) as load:
            load.wait()
    assert len(load.failures) == 3
    assert all("ClientConnectorError" in failure.error for failure in load.failures)


def test_async_use_and_the_count_since_a_time(served):
    double, _ = served

    async def scenario() -> Load:
        async with Load(rest(double), rate=100, versions=VERSIONS) as load:
            await asyncio.sleep(0.5)
            load.moment = load.elapsed
            await asyncio.sleep(0.5)
        load.end = load.elapsed
        return load

    load = asyncio.run(scenario())
    assert load.failures == []
    assert 80 <= load.sent <= 100 * load.end + 2
    assert load.counts(0, load.moment)["v1"] + load.counts(load.moment)["v1"] == load.sent


def test_impossible_numbers_are_refused(served):
    for wrong in ({"rate": 0}, {"seconds": -1}, {"timeout": 0}):
        with pytest.raises(ValueError, match="must be positive"):
            Load(rest(served[0]), **wrong)


def test_a_model_with_several_outputs_is_recognised_by_its_scores(start, tmp_path):
    write_model(tmp_path / "m", 1, "mnist", bias=7)
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m").wait()
    black = [0.0] * 784
    for target in (Rest(f"{double.url}/v1/models/mnist:predict", predict(black)), Grpc(double.grpc, "mnist", [black])):
        with Load(target, rate=100, count=10, versions={"v1": 7, "v2": 8}) as load:
            load.wait()
        assert load.counts() == {"v1": 10}, load.failures


def test_a_new_model_version_takes_over_without_a_failure(start, tmp_path):
    base = tmp_path / "m"
    write_model(base, 1, latency={"base_ms": 30})
    double = start("--model_name=mnist", f"--model_base_path={base}").wait()
    with Load(rest(double), rate=50, versions=VERSIONS) as load:
        time.sleep(1)
        written = load.elapsed
        write_model(base, 2, "half_plus_three", load_seconds=0.5)
        time.sleep(6)
    assert load.failures == []
    assert {answer.version for answer in load.answers if answer.at + answer.latency < written} == {"v1"}
    assert set(load.counts(max(answer.at for answer in load.answers) - 0.5)) == {"v2"}


def test_a_header_names_the_version(start, tmp_path):
    write_model(tmp_path / "m", 4)
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m", MODEL_SERVER_REPORT_VERSION="1").wait()
    for target in (rest(double), Grpc(double.grpc, "mnist")):
        with Load(target, rate=100, count=4) as load:
            load.wait()
        assert load.counts() == {"mnist/4": 4}
