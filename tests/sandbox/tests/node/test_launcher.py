"""The launcher's own process between the agent and a container."""

from __future__ import annotations

import subprocess
import sys

# The kernel's part is left out; what is looked at is who may learn of the exit status, as in the launcher's main().
CODE = """
import os, signal, socket, sys
from sandbox.node import launcher

for name in ("setns", "unshare", "mount"):
    setattr(launcher.linux, name, lambda *words, **named: None)
launcher._become_container = lambda description, streams: os._exit(7)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
launcher.start_container({"namespaces": {}}, (1, 2), theirs)
print(os.waitid(os.P_ALL, 0, os.WEXITED).si_status)
"""


def test_a_container_that_ends_at_once_keeps_its_exit_status() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("7\n", "")
