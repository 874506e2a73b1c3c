"""Run parts of the tests and sum up: `python -m harness [PART...]`, all parts of noxfile.py that are tagged `test` by default.

Ends with one line `N passed, N failed, N skipped`; exits with 1 if anything failed. The quick parts come first, and nothing is begun
after one that failed, unless KEEP_GOING is set. With STRICT set a part that cannot run here counts as failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cluster, junit
from .paths import JUNIT, LOGS, OUTPUT, ROOT, VENV, environment

NOX = VENV / "bin" / "nox"
Lane = list[str]
ORDER = "lint harness sanity unit docs package sandbox integration molecule mesh rollouts".split()
"""In which parts begin; one that is not named here comes last."""

BESIDE = ("molecule", "rollouts")
"""The second lane, which computes while the first one waits, and has a sandbox of its own."""


class Run:
    """One run of parts: what came of each, and in how many seconds."""

    def __init__(self) -> None:
        self.results: dict[str, list[junit.Case]] = {}
        self.seconds: dict[str, float] = {}
        self.stopped = ""
        """Why nothing more is begun."""

    def together(self, lanes: list[Lane]) -> None:
        """Run lanes side by side, and print what each part says: whole, in order, the first one's as it comes."""
        ended = {part: threading.Event() for lane in lanes for part in lane}
        LOGS.mkdir(parents=True, exist_ok=True)
        for part in ended:
            _log(part).write_bytes(b"")
        with ThreadPoolExecutor(len(lanes)) as pool:
            try:
                running = [pool.submit(self._lane, lane, number, ended) for number, lane in enumerate(lanes)]
                for part, event in ended.items():
                    _follow(_log(part), event)
            except BaseException:  # the user's Ctrl-C reaches the parts too
                self.stopped = "a wish to stop"
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
        if self.stopped:
            self.results[part] = [junit.Case("all", "skipped", f"{self.stopped} before it; KEEP_GOING=1 runs all")]
            self.seconds[part] = 0.0
            return
        started = time.monotonic()
        self.results[part] = run(part, env)
        self.seconds[part] = time.monotonic() - started
        if any(case.outcome == "failed" for case in self.results[part]) and not os.environ.get("KEEP_GOING"):
            self.stopped = self.stopped or f"{part} failed"


def main(wanted: list[str]) -> int:
    """Run the parts, print the summary, return the exit code."""
    ran_before = cluster.running()
    if cluster.given():  # by the shell's environment, perhaps, and without a thought of tests
        print(
            f"What needs a cluster runs on the one of KUBECONFIG={os.environ['KUBECONFIG']}, and changes it", flush=True
        )
    parts, whole, started = wanted or listed(), Run(), time.monotonic()
    try:
        whole.together(lanes(parts))
    finally:
        if not ran_before:
            cluster.stop()
    results = {part: whole.results[part] for part in parts}
    return summary(results, whole.seconds, time.monotonic() - started)


def lanes(parts: list[str]) -> list[Lane]:
    """Return what is to run side by side, in order; a cluster of the user's has one lane, as there is but one of it."""
    ordered = sorted(parts, key=lambda part: ORDER.index(part) if part in ORDER else len(ORDER))
    if cluster.given():
        return [ordered]
    beside = [part for part in ordered if part in BESIDE]
    return [lane for lane in ([part for part in ordered if part not in beside], beside) if lane]


def listed() -> list[str]:
    """Return the parts of a whole run, in order, as nox lists them."""
    answer = subprocess.run(
        [NOX, "--list", "--json"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return [session["session"] for session in json.loads(answer.stdout) if "test" in session["tags"]]


def run(part: str, env: dict[str, str]) -> list[junit.Case]:
    """Run one part and return its cases; a part that leaves none has failed."""
    with _log(part).open("wb") as out:
        command: list[str | Path] = [NOX, "--session", part]
        code = subprocess.run(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    cases = list(junit.read(JUNIT / part))
    if not cases or (code != 0 and not any(case.outcome == "failed" for case in cases)):
        cases.append(junit.Case("all", "failed", f"the session ended with exit code {code} and no result"))
    if os.environ.get("STRICT") and all(case.outcome == "skipped" for case in cases):
        cases = [junit.Case(case.name, "failed", f"not run: {case.message}") for case in cases]
    return cases


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


def summary(results: dict[str, list[junit.Case]], seconds: dict[str, float], took: float) -> int:
    """Print a table of the parts, what failed and what was not run; write it into tests/output/summary.txt too."""
    lines = ["", f"{'part':14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    total = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for part, cases in results.items():
        counts = {outcome: sum(case.outcome == outcome for case in cases) for outcome in total}
        lines.append(f"{part:14}{counts['passed']:8}{counts['failed']:8}{counts['skipped']:9}{seconds[part]:9.0f}")
        total = {outcome: total[outcome] + counts[outcome] for outcome in total}
    lines.append(f"{'in all':14}{took:34.0f}")
    for title, outcome in (("not run:", "skipped"), ("failed:", "failed")):
        found = [(part, case) for part, cases in results.items() for case in cases if case.outcome == outcome]
        if found:
            lines += ["", title, *(f"  {part}: {case.name}: {case.message.strip()[:500]}" for part, case in found)]
    lines += ["", f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped"]
    text = "\n".join(lines)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "summary.txt").write_text(f"{text}\n")
    print(text, flush=True)
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
