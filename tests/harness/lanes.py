"""Parts that run side by side: each in a process of its own, lanes of them at once, and none after one that failed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

from . import cluster, junit
from .paths import JUNIT, LOGS, ROOT, VENV

NOX = VENV / "bin" / "nox"
Lane = list[str]
PLACES = {
    "lint": 0,
    "harness": 2,
    "sanity": 0,
    "unit": 0,
    "docs": 2,
    "package": 2,
    "sandbox": 0,
    "integration": 0,
    "molecule": 1,
    "mesh": 1,
    "rollouts": 2,
    "demo": 2,
}
"""Parts in the order in which they begin, the quick ones first, and the lane of each: lanes take equally long, and compute while others wait."""


def lanes(parts: list[str]) -> list[Lane]:
    """Return what is to run side by side, in order; a part without a place comes last, in the first lane.

    A cluster of the user's has one lane, as there is but one of it.
    """
    order = [*PLACES]
    ordered = sorted(parts, key=lambda part: order.index(part) if part in PLACES else len(order))
    if cluster.given():
        return [ordered]
    placed = [[part for part in ordered if PLACES.get(part, 0) == number] for number in range(max(PLACES.values()) + 1)]
    return [lane for lane in placed if lane]


class Run:
    """One run of parts: what came of each, and in how many seconds."""

    def __init__(self) -> None:
        self.results: dict[str, list[junit.Case]] = {}
        self.seconds: dict[str, float] = {}
        self.stopped = ""
        """Why nothing more is begun, and what was under way has been ended."""
        self._sessions: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: set[str] = set()
        self._lock = threading.Lock()

    def together(self, lanes: list[Lane]) -> None:
        """Run lanes side by side, and print what each part says: whole, in order, the first one's as it comes."""
        ended = {part: threading.Event() for lane in lanes for part in lane}
        LOGS.mkdir(parents=True, exist_ok=True)
        for part in ended:
            _log(part).write_bytes(b"")
            shutil.rmtree(JUNIT / part, ignore_errors=True)  # of an earlier run
        with ThreadPoolExecutor(len(lanes)) as pool:
            try:
                running = [pool.submit(self._lane, lane, number, ended) for number, lane in enumerate(lanes)]
                for part, event in ended.items():
                    _follow(_log(part), event)
            except BaseException:  # Ctrl-C, which the sessions do not get
                self._stop("stopped by you")
                raise
        for each in running:
            each.result()

    def _lane(self, lane: Lane, number: int, ended: dict[str, threading.Event]) -> None:
        env = cluster.beside(number)
        try:
            for part in lane:
                self._part(part, env)
                ended[part].set()
        finally:
            for part in lane:
                ended[part].set()
            if number:
                cluster.stop(env)

    def _part(self, part: str, env: dict[str, str]) -> None:
        started = time.monotonic()
        code = self._session(part, env)
        if code is None or part in self._ended:
            left = [] if code is None else _read(part)
            reason = f"{self.stopped}; KEEP_GOING=1 runs all in spite of failures"
            cases = [*left, junit.Case("the rest" if left else "all", "skipped", reason)]
        else:
            cases = _cases(part, code)
        self.results[part], self.seconds[part] = cases, time.monotonic() - started
        if any(case.outcome == "failed" for case in cases) and not os.environ.get("KEEP_GOING"):
            self._stop(f"{part} failed")

    def _session(self, part: str, env: dict[str, str]) -> int | None:
        """Run nox's session of a part, and return its exit code; None where nothing is to be begun any more."""
        with _log(part).open("wb") as out:
            with self._lock:
                if self.stopped:
                    return None
                # In a session of its own: who presses Ctrl-C is answered once, by this process.
                process = subprocess.Popen(
                    [NOX, "--session", part],
                    cwd=ROOT,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self._sessions[part] = process
            code = process.wait()
            with self._lock:
                del self._sessions[part]
            return code

    def _stop(self, why: str) -> None:
        """Begin nothing more, and end what is under way."""
        with self._lock:
            self.stopped = self.stopped or why
            for part, process in self._sessions.items():
                if part not in self._ended and process.poll() is None:
                    self._ended.add(part)
                    process.send_signal(signal.SIGTERM)


def _cases(part: str, code: int) -> list[junit.Case]:
    """Return the cases of a part whose session ended by itself; a part that leaves none has failed."""
    cases = _read(part)
    if not cases or (code != 0 and not any(case.outcome == "failed" for case in cases)):
        cases.append(junit.Case("all", "failed", f"the session ended with exit code {code} and no result"))
    # A step that cannot run has failed by itself then (Part.skip); these are a tool's own, pytest's for one.
    if os.environ.get("STRICT") and all(case.outcome == "skipped" for case in cases):
        cases = [junit.Case(case.name, "failed", f"not run: {case.message}") for case in cases]
    return cases


def _read(part: str) -> list[junit.Case]:
    try:
        return list(junit.read(JUNIT / part))
    except ElementTree.ParseError as error:
        return [junit.Case("report", "failed", f"its report cannot be read: {error}")]


def _log(part: str) -> Path:
    return LOGS / f"{part}.log"


def _follow(log: Path, ended: threading.Event) -> None:
    """Print a file while it grows, until its writer has ended."""
    with log.open("rb") as file:
        while True:
            last = ended.is_set()
            while text := file.read(1 << 16):
                sys.stdout.buffer.write(text)
                sys.stdout.buffer.flush()
            if last:
                return
            ended.wait(0.2)
