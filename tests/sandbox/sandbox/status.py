"""What runs, in a few lines."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from sandbox.layout import Layout
from sandbox.record import running

_NOTHING_RUNS = 3  # the exit code that service managers give it


def show(layout: Layout) -> int:
    """Print the state of the machine; returns the exit code of `status`."""
    record = running(layout)
    if record is None:
        print(f"nothing runs in {layout.state}")
        return _NOTHING_RUNS
    since = datetime.datetime.fromtimestamp(record.started).isoformat(sep=" ", timespec="seconds")
    print(f"running since {since} (process {record.pid})")
    print(f"state      {layout.state}")
    print(f"kubeconfig {layout.kubeconfig('admin')} (works inside: python -m sandbox run ...)")
    print(f"sidecars   {'can run' if record.sidecars_refused is None else 'cannot run: ' + record.sidecars_refused}")
    proc = Path("/proc", str(record.pid), "root", "proc")  # the machine's own, as its first process sees it
    for pid_file in sorted(layout.pids.iterdir()):
        alive = os.path.exists(proc / pid_file.read_text().strip() / "exe")
        print(f"{pid_file.name:24} {'running' if alive else 'NOT running'}   log {layout.log(pid_file.name)}")
    return 0
