"""Running a command inside the machine."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from sandbox import environment, namespaces
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.record import Record

_NOT_FOUND = 127  # a shell's exit code for it


def run(layout: Layout, record: Record, command: list[str]) -> int:
    """Run a command in the machine as its root, in the present folder; returns the exit code.

    It sees the caller's files, terminal and environment. Raises SandboxError.
    """
    if not record.inside:
        folder = os.getcwd()
        try:
            namespaces.enter(record.pid)
        except OSError as error:
            raise SandboxError(
                f"The machine cannot be entered: {error.strerror}. Was it started by another user?"
            ) from error
        namespaces.become_root()
        os.chdir(folder)
    child = os.fork()  # the process id namespace counts for children only
    if child == 0:
        _become(layout, command)
    return _wait(child)


def _become(layout: Layout, command: list[str]) -> None:
    namespaces.die_with_parent(signal.SIGTERM)
    variables = environment.inside(layout)
    os.environ["PATH"] = variables["PATH"]
    try:
        os.execvpe(command[0], command, variables)
    except OSError as error:
        print(f"sandbox: {command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(_NOT_FOUND)


def _wait(child: int) -> int:
    def forward(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    # The terminal sends these to the child itself; what they mean is the child's decision.
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)  # Ctrl-Z: the shell sees this process stop,
            os.kill(child, signal.SIGCONT)  # and continues it
            continue
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code
