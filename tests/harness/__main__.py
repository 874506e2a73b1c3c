"""Run parts of the tests and sum up: `python -m harness [PART...]`, all parts of noxfile.py that are tagged `test` by default.

Ends with one line `N passed, N failed, N skipped`; exits with 1 if anything failed. A part that fails ends the others, unless
KEEP_GOING is set. With STRICT set a part that cannot run here counts as failed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from . import cluster, ending, junit
from .lanes import NOX, Run, lanes
from .paths import OUTPUT, ROOT, environment

INTERRUPTED = 130


def main(wanted: list[str]) -> int:
    """Run the parts, print the summary, return the exit code."""
    ending.heed(signal.SIGINT, signal.SIGTERM)
    started = time.monotonic()
    try:
        return _run(wanted, started)
    except KeyboardInterrupt:
        print(f"\nStopped after {time.monotonic() - started:.0f} s; nothing of it runs any more", flush=True)
        return INTERRUPTED


def _run(wanted: list[str], started: float) -> int:
    ran_before = cluster.running()
    if cluster.given():  # by the shell's environment, perhaps, and without a thought of tests
        print(
            f"What needs a cluster runs on the one of KUBECONFIG={os.environ['KUBECONFIG']}, and changes it", flush=True
        )
    parts, whole = wanted or listed(), Run()
    try:
        whole.together(lanes(parts))
    finally:
        ending.ignore()
        if not ran_before:
            cluster.stop()
    results = {part: whole.results[part] for part in parts}
    return summary(results, whole.seconds, time.monotonic() - started)


def listed() -> list[str]:
    """Return the parts of a whole run, in order, as nox lists them."""
    answer = subprocess.run(
        [NOX, "--list", "--json"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    found = [session["session"] for session in json.loads(answer.stdout) if "test" in session["tags"]]
    # On a cluster of the user's the demo is `make demo`, with a model of theirs.
    return [part for part in found if part != "demo" or not cluster.given()]


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
