"""Starting and ending the private machine, from outside."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox import host, ids, namespaces
from sandbox.errors import SandboxError
from sandbox.layout import PACKAGE, Layout
from sandbox.logs import tail
from sandbox.progress import say
from sandbox.record import Record, running

_END_WITHIN = 5.0  # seconds


@contextlib.contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Hold the sandbox's lock: one start or end at a time."""
    layout.state.mkdir(parents=True, exist_ok=True)
    with open(layout.lock, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another command is starting or ending the sandbox in {layout.state}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start(layout: Layout, programs: dict[str, Path], api_only: bool) -> Record:
    """Start the machine, or of it etcd and the API server alone; raises SandboxError, with the end of a program's log where one failed."""
    mapped = ids.available()
    if not mapped.sidecars:
        say(f"injected sidecars cannot run: {mapped.why_small}. Tests that need them are reported as not run.")
    environment = os.environ | {"SANDBOX_STATE": str(layout.state), "PYTHONPATH": str(PACKAGE.parent)}
    init = subprocess.Popen(
        [sys.executable, "-m", "sandbox.init"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd="/",
        env=environment,
    )
    first_process = None
    try:
        for event in _events(init):
            match event["event"]:
                case "unshared":
                    ids.write(init.pid, mapped)
                    _send(
                        init, {"programs": {name: str(path) for name, path in programs.items()}, "api_only": api_only}
                    )
                case "forked":
                    first_process = int(str(event["pid"]))
                    network = namespaces.identity(first_process)
                case "step":
                    say(str(event["text"]))
                case "refused":
                    raise host.explain_refusal(str(event["reason"]))
                case "failed":
                    raise SandboxError(_failure(layout, event))
                case "ready" if first_process:
                    record = Record(first_process, network, time.time(), mapped.why_small)
                    record.write(layout)
                    return record
        raise SandboxError(f"The machine ended while it was starting. Its logs are in {layout.logs}.")
    except BaseException:
        init.kill()
        if first_process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(first_process, signal.SIGKILL)
        raise
    finally:
        init.wait()
        assert init.stdout
        init.stdout.close()


def _events(init: subprocess.Popen[str]) -> Iterator[dict[str, object]]:
    assert init.stdout
    for line in init.stdout:
        yield json.loads(line)


def _send(init: subprocess.Popen[str], message: dict[str, object]) -> None:
    assert init.stdin
    init.stdin.write(json.dumps(message) + "\n")
    init.stdin.close()


def _failure(layout: Layout, event: dict[str, object]) -> str:
    if "program" not in event:
        return str(event["reason"])
    log = layout.log(str(event["program"]))
    return f"{event['reason']}. The end of its log ({log}):\n{tail(log, 25)}"


def end(layout: Layout) -> bool:
    """End the machine and everything in it; returns False where none runs. Raises SandboxError."""
    record = running(layout)
    if record is None:
        return False
    if record.inside:
        raise SandboxError("This command runs inside the machine. End it from outside: python -m sandbox down")
    handle = os.pidfd_open(record.pid)
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
            if _ended(handle, _END_WITHIN):
                break
    finally:
        os.close(handle)
    layout.record.unlink(missing_ok=True)
    return True


def _ended(handle: int, within: float) -> bool:
    return bool(select.select([handle], [], [], within)[0])
