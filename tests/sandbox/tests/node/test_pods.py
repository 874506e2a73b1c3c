"""Pods on a real cluster: each test looks at what a user of kubectl would see."""

from __future__ import annotations

import base64
import json
import re
import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from harness.patience import eventually

from .conftest import Cluster


def shell(script: str, name: str = "main", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "busybox", "command": ["sh", "-c", script], **more}


def web(**more: Any) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1, "failureThreshold": 30}
    command = ["python3", "-m", "http.server", "8080", "--directory", "/srv/www"]
    ports = [{"name": "http", "containerPort": 8080}]
    return {"name": "web", "image": "python:3.11", "command": command, "ports": ports, "readinessProbe": probe, **more}


def ask(url: str) -> list[str]:
    """A command that prints what a URL answers; it asks again while nobody does, as ready Pods come before the rules of kube-proxy for them."""
    code = """
import sys, time, urllib.request
for pause in [0.5] * 40:
    try:
        print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end="")
        break
    except OSError:
        time.sleep(pause)
"""
    return ["python3", "-c", code, url]


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> str:
    """Two replicas that serve a ConfigMap, behind a Service."""
    template = {
        "metadata": {"labels": {"app": "site"}},
        "spec": {
            "containers": [web(volumeMounts=[{"name": "page", "mountPath": "/srv/www"}])],
            "volumes": [{"name": "page", "configMap": {"name": "page"}}],
        },
    }
    cluster.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page"}, "data": {"index.html": "one"}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "site"},
            "spec": {"selector": {"app": "site"}, "ports": [{"port": 80, "targetPort": "http"}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "site"},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "site"}}, "template": template},
        },
    )
    cluster.kubectl("rollout", "status", "deployment/site", "--timeout=180s", timeout=210)
    return "deployment/site"


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> str:
    """A Pod to ask from."""
    cluster.run_pod("client", shell("sleep infinity"), terminationGracePeriodSeconds=0)
    cluster.ready("client")
    return "client"


def test_a_service_is_reached_by_its_name(cluster: Cluster, site: str, client: str) -> None:
    assert cluster.kubectl("exec", client, "--", *ask("http://site/")) == "one"


def test_a_changed_configmap_reaches_the_running_container(cluster: Cluster, site: str, client: str) -> None:
    cluster.kubectl("patch", "configmap", "page", "--patch", json.dumps({"data": {"index.html": "two"}}))
    eventually(lambda: cluster.kubectl("exec", client, "--", *ask("http://site/")) == "two")


def test_logs_can_be_limited_stamped_and_looked_back_at(cluster: Cluster) -> None:
    cluster.run_pod("talker", shell("echo first; echo second >&2; exit 3"))
    cluster.wait_for("talker", ".status.containerStatuses[0].lastState.terminated.exitCode", "3")
    assert cluster.kubectl("logs", "talker", "--previous") == "first\nsecond\n"
    stamped = cluster.kubectl("logs", "talker", "--previous", "--timestamps", "--tail=1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z second\n", stamped)


def test_following_a_log_ends_with_the_container(cluster: Cluster) -> None:
    script = "echo 1; echo 2; while ! test -e /tmp/go; do sleep 0.1; done; echo 3"
    cluster.run_pod("counter", shell(script), restartPolicy="Never")
    cluster.wait_for("counter", ".status.containerStatuses[0].started", "true")
    with ThreadPoolExecutor() as pool:
        followed = pool.submit(cluster.kubectl, "logs", "--follow", "counter")
        time.sleep(1)
        cluster.kubectl("exec", "counter", "--", "touch", "/tmp/go")
        assert followed.result() == "1\n2\n3\n"


def test_exec_passes_input_output_and_exit_code(cluster: Cluster, client: str) -> None:
    words = ["exec", "-i", client, "--", "sh", "-c", "cat; echo problem >&2; exit 7"]
    result = cluster.try_kubectl(*words, input="typed")
    assert (result.stdout, result.returncode) == ("typed", 7)
    assert "problem" in result.stderr


def test_a_port_is_forwarded_to_the_pods_localhost(cluster: Cluster, site: str) -> None:
    script = (
        f"kubectl -n {cluster.namespace} port-forward {site} 18080:8080 >/dev/null & "
        f"{shlex.join(ask('http://localhost:18080/'))}; kill $!"
    )
    answer = cluster.sandbox("run", "sh", "-c", script, timeout=180)
    assert answer.stdout in ("one", "two"), answer.stderr


@pytest.mark.parametrize(
    ("name", "container", "reason", "event", "message"),
    [
        ("no-image", {"image": "no-such/thing:1"}, "ImagePullBackOff", "Failed", "Error: ImagePullBackOff"),
        (
            "no-key",
            {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k"}}}]},
            "CreateContainerConfigError",
            "Failed",
            'Error: secret "none" not found',
        ),
        ("crash", {"command": ["sh", "-c", "exit 1"]}, "CrashLoopBackOff", "BackOff", "Back-off restarting failed"),
        ("no-command", {"command": ["/none"]}, "CrashLoopBackOff", "Failed", "/none"),
    ],
)
def test_a_container_that_cannot_run_says_why(
    cluster: Cluster, name: str, container: dict[str, Any], reason: str, event: str, message: str
) -> None:
    cluster.run_pod(name, {**shell("sleep infinity"), **container})
    cluster.wait_for(name, ".status.containerStatuses[0].state.waiting.reason", reason)
    cluster.await_event(name, event, f".*{re.escape(message)}.*")
    eventually(lambda: reason in cluster.kubectl("get", "pod", name))


def test_a_missing_secret_is_waited_for(cluster: Cluster) -> None:
    volume = {"name": "keys", "secret": {"secretName": "late"}}
    cluster.run_pod(
        "patient",
        shell("cat /keys/k; echo; sleep infinity", volumeMounts=[{"name": "keys", "mountPath": "/keys"}]),
        volumes=[volume],
    )
    cluster.wait_for("patient", ".status.containerStatuses[0].state.waiting.reason", "ContainerCreating")
    cluster.kubectl("create", "secret", "generic", "late", "--from-literal=k=value")
    cluster.ready("patient")
    eventually(lambda: cluster.kubectl("logs", "patient") == "value\n")


@pytest.mark.parametrize(
    ("kind", "action", "message"),
    [
        ("liveness", {"exec": {"command": ["sh", "-c", "echo unwell; exit 1"]}}, "unwell"),
        ("liveness", {"httpGet": {"port": 81}}, r'Get "http://[\d.]+:81/": dial tcp .*: connect: connection refused'),
        ("startup", {"tcpSocket": {"port": 81}}, r"dial tcp [\d.]+:81: connect: connection refused"),
    ],
)
def test_a_probe_that_fails_restarts_the_container(
    cluster: Cluster, kind: str, action: dict[str, Any], message: str
) -> None:
    name = f"unwell-{kind}-{next(iter(action)).lower()}"
    probe = {**action, "periodSeconds": 1, "failureThreshold": 2, "timeoutSeconds": 30}
    cluster.run_pod(name, shell("sleep infinity", **{f"{kind}Probe": probe}), terminationGracePeriodSeconds=1)
    cluster.wait_for(name, ".status.containerStatuses[0].restartCount", "1")
    cluster.await_event(name, "Unhealthy", f"{kind.capitalize()} probe failed: {message}")
    cluster.await_event(name, "Killing", f"Container main failed {kind} probe, will be restarted")


def test_kubectl_shows_what_becomes_of_a_pod(cluster: Cluster) -> None:
    def column(header: str) -> str:
        header_line, line = cluster.kubectl("get", "pod", "columns").splitlines()
        begin = header_line.index(header)
        return line[begin:].split()[0]

    def until(header: str, value: str) -> None:
        eventually(lambda: column(header) == value)

    def let(container: str, file: str) -> None:
        words = ["exec", "columns", "-c", container, "--", "touch", f"/go/{file}"]
        eventually(lambda: cluster.try_kubectl(*words).returncode == 0)

    wait = "while ! test -e /go/on; do sleep 0.1; done"
    mounts = [{"name": "go", "mountPath": "/go"}]
    cluster.run_pod(
        "columns",
        shell("while ! test -e /go/over; do sleep 0.1; done", name="first", volumeMounts=mounts),
        shell("trap '' TERM; sleep infinity", name="second"),
        initContainers=[shell(wait, name="init", volumeMounts=mounts)],
        restartPolicy="Never",
        volumes=[{"name": "go", "emptyDir": {}}],
    )
    until("STATUS", "Init:0/1")
    let("init", "on")
    until("STATUS", "Running")
    until("READY", "2/2")
    let("first", "over")
    until("READY", "1/2")
    cluster.kubectl("delete", "pod", "columns", "--grace-period=600", "--wait=false")
    until("STATUS", "Terminating")
    cluster.kubectl("delete", "pod", "columns", "--grace-period=0", "--force")
    cluster.run_pod("done", shell("true"), restartPolicy="Never")
    cluster.wait_for("done", ".status.phase", "Succeeded")
    assert cluster.kubectl("get", "pod", "done", "--no-headers").split()[1:4] == ["0/1", "Completed", "0"]


def test_the_main_process_ignores_sigterm_as_process_1_does(cluster: Cluster) -> None:
    main = {"name": "main", "image": "busybox", "command": ["sleep", "infinity"]}
    cluster.run_pod("stubborn", main, terminationGracePeriodSeconds=300)
    cluster.ready("stubborn")
    began = time.monotonic()
    cluster.kubectl("delete", "pod", "stubborn", "--grace-period=4")
    assert 4 <= time.monotonic() - began < 120


def test_sidecars_start_before_the_others_and_end_after_them(cluster: Cluster) -> None:
    started = {"exec": {"command": ["test", "-e", "/shared/ready"]}, "periodSeconds": 1, "timeoutSeconds": 30}
    started["failureThreshold"] = 60
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    serve = "sleep 1; touch /shared/ready; trap 'echo side >> /shared/log; cat /shared/log; exit 0' TERM; "
    sidecar = shell(serve + "while :; do sleep 0.1; done", name="side", startupProbe=started, volumeMounts=mounts)
    main = shell("test -e /shared/ready && echo main > /shared/log; sleep 1", volumeMounts=mounts)
    cluster.run_pod(
        "pair",
        main,
        initContainers=[{**sidecar, "restartPolicy": "Always"}],
        restartPolicy="Never",
        volumes=[{"name": "shared", "emptyDir": {}}],
    )
    cluster.wait_for("pair", ".status.phase", "Succeeded")
    assert cluster.kubectl("logs", "pair", "-c", "side") == "main\nside\n"


def test_a_container_has_its_own_processes_user_and_root(cluster: Cluster) -> None:
    rights = {"runAsUser": 1234, "runAsGroup": 5, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    script = "echo $$$$; id -u; id -g; hostname; touch /x 2>&1; grep CapEff /proc/self/status | cut -f2"
    cluster.run_pod("alone", shell(script, securityContext=rights), restartPolicy="Never")
    cluster.wait_for("alone", ".status.phase", "Succeeded")
    lines = cluster.kubectl("logs", "alone").splitlines()
    assert lines[:4] == ["1", "1234", "5", "alone"]
    assert "Read-only file system" in lines[4]
    assert lines[5] == "0" * 16


def test_a_token_is_for_its_audience_and_pod(cluster: Cluster) -> None:
    source = {"serviceAccountToken": {"path": "token", "audience": "istio-ca", "expirationSeconds": 7200}}
    mounts = [{"name": "token", "mountPath": "/var/run/secrets/tokens"}]
    cluster.run_pod(
        "bearer",
        shell("cat /var/run/secrets/tokens/token", volumeMounts=mounts),
        restartPolicy="Never",
        volumes=[{"name": "token", "projected": {"sources": [source]}}],
    )
    cluster.wait_for("bearer", ".status.phase", "Succeeded")
    payload = cluster.kubectl("logs", "bearer").split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == ["istio-ca"]
    assert claims["kubernetes.io"]["pod"]["name"] == "bearer"
    assert claims["exp"] - claims["iat"] == 7200


def test_a_pod_on_the_hosts_network_sees_the_machines_interfaces(cluster: Cluster) -> None:
    script = "ip -brief address show cni0 | grep -o 10.244.0.1/16"
    cluster.run_pod("hosted", shell(script), hostNetwork=True, restartPolicy="Never")
    cluster.wait_for("hosted", ".status.phase", "Succeeded")
    assert cluster.kubectl("logs", "hosted") == "10.244.0.1/16\n"
    assert cluster.pod("hosted")["status"]["podIP"] == "10.244.0.1"


def test_pods_start_side_by_side(cluster: Cluster) -> None:
    names = [f"slow-{number}" for number in range(5)]
    wait = shell("sleep 15", name="wait")
    cluster.run_pods({name: {"containers": [shell("sleep infinity")], "initContainers": [wait]} for name in names})
    cluster.ready(*names)
    ran = [cluster.pod(name)["status"]["initContainerStatuses"][0]["state"]["terminated"] for name in names]
    assert max(each["startedAt"] for each in ran) < min(each["finishedAt"] for each in ran), "all of them at once"


def test_an_image_that_is_not_known_is_an_error_of_pulling_it(cluster: Cluster) -> None:
    cluster.run_pod("unknown", {"name": "main", "image": "no-such/thing:2"})
    cluster.wait_for("unknown", ".status.containerStatuses[0].state.waiting.reason", "ErrImagePull")
    waiting = cluster.pod("unknown")["status"]["containerStatuses"][0]["state"]["waiting"]
    assert 'failed to resolve reference "no-such/thing:2"' in waiting["message"]


def test_a_hook_before_the_end_comes_before_sigterm(cluster: Cluster, tmp_path: Path) -> None:
    volume = {"name": "log", "hostPath": {"path": str(tmp_path)}}
    container = shell(
        "trap 'echo sigterm >> /log/said; exit 0' TERM; while :; do sleep 0.1; done",
        volumeMounts=[{"name": "log", "mountPath": "/log"}],
        lifecycle={
            "preStop": {"exec": {"command": ["sh", "-c", "echo hook >> /log/said; sleep 2; echo done >> /log/said"]}}
        },
    )
    cluster.run_pod("polite", container, volumes=[volume])
    cluster.ready("polite")
    cluster.kubectl("delete", "pod", "polite", "--grace-period=30")
    assert (tmp_path / "said").read_text().split() == ["hook", "done", "sigterm"]


def test_a_hook_has_no_longer_than_the_grace_period(cluster: Cluster) -> None:
    hook = {"preStop": {"exec": {"command": ["sleep", "600"]}}}
    cluster.run_pod("endless", shell("trap 'exit 0' TERM; while :; do sleep 0.1; done", lifecycle=hook))
    cluster.ready("endless")
    began = time.monotonic()
    cluster.kubectl("delete", "pod", "endless", "--grace-period=4")
    assert 4 <= time.monotonic() - began < 120


HEALTH = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
servicer = health.HealthServicer()
server = grpc.server(ThreadPoolExecutor(4))
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
server.add_insecure_port("0.0.0.0:9000")
servicer.set("model", health_pb2.HealthCheckResponse.NOT_SERVING)
server.start()
time.sleep(2)
servicer.set("model", health_pb2.HealthCheckResponse.SERVING)
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("name", "container", "probe", "before"),
    [
        (
            "tcp",
            shell("sleep 2; exec python3 -m http.server 8080", image="python:3.11"),
            {"tcpSocket": {"port": 8080}},
            r"Readiness probe failed: dial tcp [\d.]+:8080: connect: connection refused",
        ),
        (
            "grpc",
            {"name": "main", "image": "python:3.11", "command": [sys.executable, "-c", HEALTH]},
            {"grpc": {"port": 9000, "service": "model"}},
            r"Readiness probe failed: (service unhealthy \(responded with \"NOT_SERVING\"\)|error: health rpc failed: .*)",
        ),
    ],
)
def test_a_pod_is_ready_when_its_probe_says_so(
    cluster: Cluster, name: str, container: dict[str, Any], probe: dict[str, Any], before: str
) -> None:
    cluster.run_pod(
        name,
        {**container, "readinessProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60, "timeoutSeconds": 30}},
        terminationGracePeriodSeconds=0,
    )
    cluster.ready(name)
    cluster.await_event(name, "Unhealthy", before)
