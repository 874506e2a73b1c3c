"""The machine itself: started for real, asked from inside and outside."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness.patience import busy, eventually

from sandbox.layout import PACKAGE, Layout

# Seconds. The promise is 10 s until the API answers, with every program in the cache, on a computer that is not busy.
API_WITHIN = 10.0
START_WITHIN = 180.0
BUILD_WITHIN = 3600.0


PROCESSES = """
from pathlib import Path
for process in Path("/proc").glob("[0-9]*"):
    try:
        state = process.joinpath("stat").read_text().rpartition(")")[2].split()[0]
        print(state, process.joinpath("cmdline").read_text().replace("\\0", " ").replace("\\n", " ").strip())
    except OSError:
        pass  # it has ended
"""


def environment(state: Path, **more: str) -> dict[str, str]:
    return os.environ | {"SANDBOX_STATE": str(state), "PYTHONPATH": str(PACKAGE.parent)} | more


class Sandbox:
    """One sandbox, used as a user would: by its commands."""

    def __init__(self, state: Path, **variables: str) -> None:
        self.layout = Layout(state)
        self.environment = environment(state, **variables)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sandbox", *arguments]
        defaults = {"capture_output": True, "text": True, "timeout": START_WITHIN, "check": False}
        return subprocess.run(command, env=self.environment, **(defaults | options))

    def run(self, *command: str, **options) -> str:
        """Standard output of a command that must succeed inside."""
        result = self("run", *command, **options)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def processes(self) -> list[str]:
        """State and arguments of each process inside; what `ps` prints, which is not on every computer."""
        return self.run(sys.executable, "-c", PROCESSES).splitlines()

    @property
    def first_process(self) -> int:
        return json.loads(self.layout.record.read_text())["pid"]


@pytest.fixture(autouse=True)
def interruptible():
    """A run in the background has Ctrl-C ignored, which what it starts would inherit."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("machine"))
    built = sandbox("build", timeout=BUILD_WITHIN)
    assert built.returncode == 0, built.stderr
    yield sandbox
    sandbox("down")


@pytest.fixture(scope="module")
def up(sandbox):
    """What `up` printed."""
    result = sandbox("up")
    assert result.returncode == 0, result.stderr
    return result.stderr


def test_up_says_what_works_and_the_api_answers_in_time(up):
    answered = re.search(r"^sandbox +([\d.]+)s  the API server answers$", up, re.MULTILINE)
    assert answered, up
    assert float(answered[1]) < API_WITHIN * busy()


def test_a_second_up_finds_the_first(sandbox, up):
    before = sandbox.first_process
    assert "already running" in sandbox("up").stderr
    assert sandbox.first_process == before


def test_status_lists_every_program(sandbox, up):
    status = sandbox("status")
    assert status.returncode == 0
    for program in "etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy coredns node".split():
        assert re.search(rf"^{program} +running", status.stdout, re.MULTILINE), status.stdout


def test_logs_of_one_program_and_of_all(sandbox, up):
    assert "node.log" in sandbox("logs").stdout
    assert sandbox("logs", "kube-apiserver", "-n", "3").stdout.count("\n") == 3
    unknown = sandbox("logs", "nginx")
    assert unknown.returncode == 1
    assert "There is no log of 'nginx'. There are: cluster-objects, coredns, etcd, " in unknown.stderr


def test_kubectl_works_inside_and_the_node_is_ready(sandbox, up):
    assert sandbox.run("kubectl", "get", "--raw", "/readyz") == "ok"
    sandbox.run("kubectl", "wait", "--for=condition=Ready", "node/sandbox", "--timeout=120s")


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_code_is_the_commands(sandbox, up, code):
    assert sandbox("run", "sh", "-c", f"exit {code}").returncode == code


def test_a_command_that_is_not_there(sandbox, up):
    result = sandbox("run", "no-such-command")
    assert result.returncode == 127
    assert result.stderr == "sandbox: no-such-command: No such file or directory\n"


def test_arguments_input_and_folder_reach_the_command(sandbox, up, tmp_path):
    output = sandbox.run("sh", "-c", 'cat; pwd; echo "$1"', "-", "--two words", input="typed\n", cwd=tmp_path)
    assert output == f"typed\n{tmp_path}\n--two words\n"


def test_files_written_inside_are_the_callers(sandbox, up, tmp_path):
    sandbox.run("touch", "made-inside", cwd=tmp_path)
    assert (tmp_path / "made-inside").stat().st_uid == os.geteuid()


def test_run_inside_run_is_the_same_machine(sandbox, up):
    ask = ["readlink", "/proc/self/ns/net"]
    assert sandbox.run(sys.executable, "-m", "sandbox", "run", *ask) == sandbox.run(*ask)


def test_a_proxy_of_the_network_outside_is_not_used_inside(sandbox, up):
    variables = sandbox.environment | {"HTTPS_PROXY": "http://192.0.2.1:3128", "no_proxy": "x"}
    command = [sys.executable, "-m", "sandbox", "run", "env"]
    output = subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
    assert "proxy=" not in output.lower()


def test_services_have_names_and_addresses_and_nothing_outside_has(sandbox, up):
    assert sandbox.run("getent", "hosts", "kubernetes.default.svc.cluster.local").startswith("10.96.0.1 ")
    assert sandbox.run("getent", "hosts", "kube-dns.kube-system").startswith("10.96.0.10 ")
    assert sandbox("run", "getent", "hosts", "example.com").returncode == 2
    unreachable = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"
    assert "No route to host" in sandbox("run", sys.executable, "-c", unreachable).stderr


def test_cluster_addresses_work_through_kube_proxy(sandbox, up):
    ask = f"import ssl, urllib.request as r; c = ssl.create_default_context(cafile={str(sandbox.layout.pki / 'ca.crt')!r}); "
    ask += "print(r.urlopen('https://10.96.0.1/version', context=c).status)"
    assert sandbox.run(sys.executable, "-c", ask) == "200\n"


def test_a_request_is_one_line_of_the_audit_log(sandbox, up):
    sandbox.run("kubectl", "create", "configmap", "counted", "--from-literal=a=b")
    entries = [json.loads(line) for line in sandbox.layout.audit_log.read_text().splitlines()]
    ours = [entry for entry in entries if (entry.get("objectRef") or {}).get("name") == "counted"]
    assert [(entry["verb"], entry["user"]["username"]) for entry in ours if entry["verb"] == "create"] == [
        ("create", "kubernetes-admin")
    ]


def test_rights_are_checked(sandbox, up):
    config = str(sandbox.layout.kubeconfig("scheduler"))
    result = sandbox("run", "kubectl", "--kubeconfig", config, "get", "secrets", "--all-namespaces")
    assert "is forbidden" in result.stderr


def test_a_program_that_dies_is_started_again(sandbox, up):
    pid_file = sandbox.layout.pids / "kube-scheduler"
    before = pid_file.read_text()
    sandbox.run("kill", "-9", before.strip())
    eventually(lambda: pid_file.read_text() != before)
    assert "kube-scheduler ended with exit code -9" in sandbox("logs", "init").stdout


def test_orphans_are_reaped(sandbox, up):
    orphan = sandbox.run("sh", "-c", "sleep 54322 >/dev/null 2>&1 & echo $!").strip()
    assert "S sleep 54322" in sandbox.processes()
    sandbox.run("kill", orphan)
    eventually(lambda: not [line for line in sandbox.processes() if line.startswith("Z") or "sleep 54322" in line])


def test_ctrl_c_goes_to_the_command_which_decides(sandbox, up):
    code = "import time\ntry:\n  print('waiting', flush=True)\n  time.sleep(30)\nexcept KeyboardInterrupt:\n  print('tidied up')\n  raise SystemExit(5)"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable, [sys.executable, "-m", "sandbox", "run", sys.executable, "-c", code], sandbox.environment
        )
    seen = read_until(terminal, "waiting")
    os.write(terminal, b"\x03")
    seen = read_until(terminal, "tidied up")
    assert "Traceback" not in seen
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5


def test_a_terminated_run_ends_its_command(sandbox, up):
    process = sandbox.start("run", "sleep", "54321")
    eventually(lambda: "S sleep 54321" in sandbox.processes())
    process.terminate()
    assert process.wait(60) == 128 + 15
    assert "S sleep 54321" not in sandbox.processes()


def read_until(terminal: int, text: str) -> str:
    seen, deadline = "", time.monotonic() + 120
    while text not in seen:
        assert select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0], seen
        seen += os.read(terminal, 4096).decode()
    return seen


def test_two_ups_at_once_start_one_machine(sandbox, up, tmp_path):
    other = Sandbox(tmp_path)
    try:
        processes = [other.start("up") for _ in range(2)]
        messages = [process.communicate(timeout=START_WITHIN)[1] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], messages
        assert sum("the machine is ready" in message for message in messages) == 1
        assert other.run("readlink", "/proc/self/ns/net") != sandbox.run("readlink", "/proc/self/ns/net")
    finally:
        assert other("down").returncode == 0


def test_a_failed_start_shows_the_end_of_the_programs_log_and_leaves_nothing(sandbox, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "kube-apiserver").write_text("#!/bin/sh\necho 'no luck today'\nexit 3\n")
    (programs / "kube-apiserver").chmod(0o755)
    broken = Sandbox(tmp_path / "state", SANDBOX_BIN=str(programs))
    result = broken("up")
    assert result.returncode == 1
    assert "kube-apiserver ended while it was starting" in result.stderr
    assert result.stderr.rstrip().endswith("no luck today")
    assert "Traceback" not in result.stderr
    assert broken("status").returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_start_that_is_interrupted_leaves_nothing(sandbox, tmp_path, number):
    other = Sandbox(tmp_path)
    process = other.start("up")
    eventually(lambda: "etcd" in processes_of(tmp_path))
    process.send_signal(number)
    process.wait(60)
    eventually(lambda: not processes_of(tmp_path))
    assert other("status").returncode == 3


def processes_of(state: Path) -> set[str]:
    """Names of the programs that have a sandbox's folder among their arguments."""
    found = set()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = process.read_bytes().decode().split("\0")
            if any(str(state) in word for word in words):
                found.add(words[0])
    return found


def test_down_ends_everything_and_run_starts_anew(sandbox, up):
    first = sandbox.first_process
    namespace = os.readlink(f"/proc/{first}/ns/net")
    assert sandbox("down").returncode == 0
    assert namespace not in {link for link in map(network_of, Path("/proc").glob("[0-9]*")) if link}
    assert sandbox("status").returncode == 3
    assert "nothing runs" in sandbox("down").stderr
    assert sandbox.run("kubectl", "get", "--raw", "/readyz") == "ok"


def network_of(process: Path) -> str | None:
    try:
        return os.readlink(process / "ns" / "net")
    except OSError:
        return None
