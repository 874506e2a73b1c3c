"""Reading the programs' logs."""

from __future__ import annotations

import subprocess
from collections import deque
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.layout import Layout


def tail(path: Path, lines: int) -> str:
    """The last `lines` lines of a log, or a word about its absence."""
    if not path.exists():
        return "(no log)"
    with path.open(errors="replace") as file:
        return "".join(deque(file, maxlen=lines)).rstrip() or "(empty)"


def names(layout: Layout) -> list[str]:
    """Programs that have a log."""
    return sorted(path.stem for path in layout.logs.glob("*.log"))


def show(layout: Layout, program: str | None, lines: int, follow: bool) -> None:
    """Print the end of one log, or of every log under its name; raises SandboxError for an unknown program."""
    known = names(layout)
    if not known:
        raise SandboxError(f"There are no logs in {layout.logs}: no sandbox has been started with this SANDBOX_STATE.")
    if program and program not in known:
        raise SandboxError(f"There is no log of {program!r}. There are: {', '.join(known)}.")
    if program and follow:
        subprocess.run(["tail", f"--lines={lines}", "--follow=name", str(layout.log(program))], check=False)
    elif program:
        print(tail(layout.log(program), lines))
    else:
        for name in known:
            print(f"==> {layout.log(name)} <==\n{tail(layout.log(name), lines)}\n")
