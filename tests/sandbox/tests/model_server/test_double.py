"""The double as a process: when its ports open, how it ends, what it costs, how faults are switched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest
from double import free_port
from harness.patience import eventually

from sandbox.models import remove_model, write_faults, write_model

ONE = '{"instances": [1.0]}'


def states(double, model="mnist"):
    _, body = double.get(f"/v1/models/{model}")
    return {entry["version"]: entry["state"] for entry in json.loads(body).get("model_version_status", [])}


def test_ports_open_only_when_the_model_is_available(start, tmp_path):
    write_model(tmp_path / "m", 1, load_seconds=1)
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m")
    eventually(lambda: "Loading servable version" in double.log.read_text())
    assert not double.listens(double.rest_port)
    assert not double.listens(double.grpc_port)
    double.wait()
    assert double.get("/v1/models/mnist:predict", ONE) == (200, '{\n    "predictions": [2.5\n    ]\n}')
    eventually(lambda: double.listens(double.grpc_port))


def test_without_a_version_it_waits_and_says_so(start, tmp_path):
    (tmp_path / "m").mkdir()
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m")
    said = f"No versions of servable mnist found under base path {tmp_path}/m. Did you forget to name your leaf directory as a number"
    eventually(lambda: said in double.log.read_text())
    assert not double.listens(double.rest_port)
    write_model(tmp_path / "m", 3, "half_plus_three")
    double.wait()
    assert states(double) == {"3": "AVAILABLE"}


def test_a_model_that_cannot_be_loaded_ends_the_process(start, tmp_path):
    (tmp_path / "m" / "1").mkdir(parents=True)
    double = start(
        "--model_name=mnist",
        f"--model_base_path={tmp_path}/m",
        "--max_num_load_retries=2",
        "--load_retry_interval_micros=1000",
    )
    assert double.process.wait(timeout=60) == 255
    log = double.log.read_text()
    assert log.count("Loading servable: {name: mnist version: 1} failed: NOT_FOUND: Could not find SavedModel") == 3
    assert (
        "Failed to start server. Error: UNKNOWN: 1 servable(s) did not become available: {{{name: mnist version: 1}"
        in log
    )


def test_a_new_version_takes_over_and_a_removed_one_comes_back(start, tmp_path):
    base = tmp_path / "m"
    write_model(base, 1)
    double = start("--model_name=mnist", f"--model_base_path={base}").wait()
    write_model(base, 2, "half_plus_three")
    eventually(lambda: states(double) == {"1": "END", "2": "AVAILABLE"})
    assert "3.5" in double.get("/v1/models/mnist:predict", ONE)[1]
    remove_model(base, 2)
    eventually(lambda: states(double) == {"1": "AVAILABLE", "2": "END"})


def test_a_version_that_waits_for_its_turn_has_been_started(start, tmp_path):
    base, config = tmp_path / "mnist", tmp_path / "models.config"
    config.write_text(f'''model_config_list {{ config {{
        name: "mnist" base_path: "{base}" model_platform: "tensorflow" model_version_policy {{ all {{}} }} }} }}''')
    write_model(base, 1)
    double = start(f"--model_config_file={config}").wait()
    for version in (2, 3):
        write_model(base, version, load_seconds=2)
    eventually(lambda: sorted(states(double).values()) == ["AVAILABLE", "LOADING", "START"])
    eventually(lambda: list(states(double).values()) == ["AVAILABLE"] * 3)


def test_a_config_file_is_read_again(start, tmp_path):
    config = tmp_path / "models.config"
    entry = 'config {{ name: "{0}" base_path: "{1}/{0}" model_platform: "tensorflow" {2} }}\n'

    def write(*entries):
        config.write_text("model_config_list {\n" + "".join(entries) + "}\n")

    write_model(tmp_path / "a", 1)
    write_model(tmp_path / "a", 2)
    write_model(tmp_path / "b", 7)
    write(entry.format("a", tmp_path, "model_version_policy { specific { versions: 1 } }"))
    double = start(f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1").wait()
    assert states(double, "a") == {"1": "AVAILABLE"}
    labels = 'model_version_policy { all {} } version_labels { key: "stable" value: 1 }'
    write(entry.format("a", tmp_path, labels), entry.format("b", tmp_path, ""))
    eventually(
        lambda: (
            states(double, "a") == {"1": "AVAILABLE", "2": "AVAILABLE"} and states(double, "b") == {"7": "AVAILABLE"}
        )
    )
    assert double.get("/v1/models/a/labels/stable:predict", ONE)[0] == 200
    config.write_text("model_config_list {")
    eventually(lambda: "Failed to read ModelServerConfig file: Invalid protobuf file" in double.log.read_text())
    assert double.get("/v1/models/b:predict", ONE)[0] == 200


def test_sigterm_ends_it_at_once_in_the_middle_of_a_request(start, tmp_path):
    write_model(tmp_path / "m", 1, latency={"base_ms": 60000})
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m").wait()
    with socket.create_connection(("127.0.0.1", double.rest_port)) as request:
        body = ONE.encode()
        request.sendall(
            b"POST /v1/models/mnist:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        time.sleep(0.2)
        sent = time.monotonic()
        double.process.send_signal(signal.SIGTERM)
        assert double.process.wait(timeout=60) == -signal.SIGTERM
        assert time.monotonic() - sent < 20
        with contextlib.suppress(ConnectionResetError):  # as good an end without an answer
            assert request.recv(100) == b""


def test_as_first_process_it_ignores_sigterm(program, tmp_path):
    write_model(tmp_path / "m", 1)
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    flags = [f"--grpc_socket_path={tmp_path}/socket", "--port=0", "--model_name=m", f"--model_base_path={tmp_path}/m"]
    outer = subprocess.Popen([*command, str(program), *flags], stderr=subprocess.DEVNULL)
    try:
        eventually((tmp_path / "socket").exists)
        children = f"/proc/{outer.pid}/task/{outer.pid}/children"
        with open(children) as file:
            inner = int(file.read().split()[0])
        os.kill(inner, signal.SIGTERM)
        time.sleep(0.5)
        assert outer.poll() is None
        os.kill(inner, signal.SIGKILL)
        assert outer.wait(timeout=60) != 0
    finally:
        outer.kill()


def test_faults_come_and_go_by_file(start, tmp_path):
    folder = write_model(tmp_path / "m", 1)
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m").wait()

    def answers(code, part):
        return lambda: (found := double.get("/v1/models/mnist:predict", ONE))[0] == code and part in found[1]

    write_faults(folder, errors={"rate": 1, "code": "UNAVAILABLE", "message": "no memory"})
    eventually(answers(503, "no memory"))
    assert states(double) == {"1": "AVAILABLE"}
    write_faults(folder, wrong={"rate": 1, "offset": 100})
    eventually(answers(200, "102.5"))
    write_faults(folder)
    eventually(answers(200, "[2.5"))
    write_faults(folder, crash={"on": "now"})
    assert double.process.wait(timeout=60) == 134


def test_faults_of_loading(start, tmp_path):
    base = tmp_path / "m"
    write_model(base, 1)
    double = start("--model_name=mnist", f"--model_base_path={base}").wait()

    def appear(version, **faults):
        """A version that has its faults when it is first seen."""
        folder = write_model(tmp_path / "aside", version)
        write_faults(folder, load=faults) if "crash" not in faults else write_faults(folder, **faults)
        folder.rename(base / str(version))

    appear(2, seconds=2)
    eventually(lambda: states(double) == {"1": "AVAILABLE", "2": "LOADING"})
    eventually(lambda: states(double) == {"1": "END", "2": "AVAILABLE"})
    appear(3, crash={"on": "load"})
    assert double.process.wait(timeout=60) == 134


def test_faults_come_and_go_by_port_only_where_the_environment_names_one(start, tmp_path):
    write_model(tmp_path / "m", 1)
    port = free_port()
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m", MODEL_SERVER_FAULTS_PORT=str(port)).wait()

    def faults(method, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/faults/mnist/1", method=method, data=body)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status

    assert faults("PUT", b'{"crash": {"on": "request", "after": 1}}') == 204
    assert double.get("/v1/models/mnist:predict", ONE)[0] == 200
    with pytest.raises(OSError, match=r"(?i)remote end closed|reset"):
        double.get("/v1/models/mnist:predict", ONE)
    assert double.process.wait(timeout=60) == 134


def test_metrics_stand_where_the_monitoring_config_says(start, tmp_path):
    write_model(tmp_path / "m", 1)
    config = tmp_path / "monitoring.config"
    config.write_text('prometheus_config { enable: true, path: "/own/path" }')
    double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m", f"--monitoring_config_file={config}").wait()
    double.get("/v1/models/mnist:predict", ONE)
    code, page = double.get("/own/path")
    assert code == 200
    assert ':tensorflow:serving:request_count{model_name="mnist",status="OK"} 1\n' in page
    assert ':tensorflow:serving:request_latency_count{model_name="mnist",API="predict",entrypoint="REST"} 1\n' in page
    assert double.get("/monitoring/prometheus/metrics")[0] == 404


def test_a_hundred_of_them_fit_a_laptop(start, tmp_path):
    write_model(tmp_path / "m", 1)
    times = []
    for _ in range(3):  # the quickest tells what a start costs; the others what else the machine does
        begun = time.monotonic()
        double = start("--model_name=mnist", f"--model_base_path={tmp_path}/m").wait()
        times.append(time.monotonic() - begun)
    started = min(times)

    def ask():
        for _ in range(50):
            assert double.get("/v1/models/mnist:predict", ONE)[0] == 200

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    print(f"started in {1000 * started:.0f} ms, {double.memory():.1f} MiB after 400 requests from 8 clients")
    assert double.memory() < 30
    assert started < 1  # on a busy machine; 20 ms on an idle one
