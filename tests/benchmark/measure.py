"""Whole processes, timed from outside."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


class Failed(Exception):
    """A measured command did not do its work."""


def seconds(command: list[str]) -> float:
    """Wall time of one run. Raises Failed with the end of its output where it fails."""
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = time.monotonic() - start
    if done.returncode:
        said = done.stdout + done.stderr
        fatal = "\n".join(line for line in said.splitlines() if line.startswith(("fatal:", "[ERROR]")))
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{(fatal or said)[-2000:]}")
    return taken


def playbook(name: str, *variables: str) -> list[str]:
    """The command that runs one of the benchmark's playbooks."""
    extra = [word for variable in variables for word in ("-e", variable)]
    return ["ansible-playbook", str(HERE / "playbooks" / f"{name}.yml"), *extra]


def in_turn(runs: int, contestants: dict[str, Callable[[int], float]]) -> dict[str, list[float]]:
    """Each contestant once a round, so that a machine that grows slower does so for all. A round's number goes to each."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for round_ in range(runs):
        for name, run in contestants.items():
            times[name].append(run(round_))
            print(f"  round {round_ + 1}: {name} {times[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return times


def median(values: list[float]) -> float:
    """The middle of the values."""
    return statistics.median(values)


def peak_megabytes(command: list[str], folder: Path) -> float:
    """Largest resident memory of any one module process of a playbook, in MB, by an interpreter that measures itself."""
    record = folder / "peak"
    record.unlink(missing_ok=True)
    wrapper = folder / "measuring-python"
    wrapper.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        f"child = os.spawnv(os.P_NOWAIT, {sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])\n"
        "_, status, usage = os.wait4(child, 0)\n"
        f"open({str(record)!r}, 'a').write(f'{{usage.ru_maxrss}}\\n')\n"
        "sys.exit(os.waitstatus_to_exitcode(status))\n"
    )
    wrapper.chmod(0o755)
    seconds([*command, "-e", f"ansible_python_interpreter={wrapper}"])
    return max(int(line) for line in record.read_text().split()) / 1024


def environment(folder: Path) -> None:
    """Nothing of the user's Ansible configuration takes part."""
    empty = folder / "ansible.cfg"
    empty.write_text("[defaults]\nlocalhost_warning = false\n[inventory]\ninventory_unparsed_warning = false\n")
    os.environ["ANSIBLE_CONFIG"] = str(empty)
