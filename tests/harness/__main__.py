"""Run parts of the tests and sum up: `python -m harness [PART...]`, all parts of noxfile.py that are tagged `test` by default.

Ends with one line `N passed, N failed, N skipped`; exits with 1 if anything failed. Parts run one after the other, the quick ones
first, and stop at the first that fails, unless KEEP_GOING is set. With STRICT set a part that cannot run here counts as failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from . import cluster, junit
from .paths import JUNIT, OUTPUT, ROOT, VENV, environment

NOX = VENV / "bin" / "nox"


def main(wanted: list[str]) -> int:
    """Run the parts, print the summary, return the exit code."""
    ran_before = cluster.running()
    results: dict[str, list[junit.Case]] = {}
    seconds: dict[str, float] = {}
    stopped = ""
    try:
        for part in wanted or listed():
            started = time.monotonic()
            results[part] = (
                [junit.Case("all", "skipped", f"{stopped} failed before it; KEEP_GOING=1 runs all")]
                if stopped
                else run(part)
            )
            seconds[part] = time.monotonic() - started
            if (
                not stopped
                and any(case.outcome == "failed" for case in results[part])
                and not os.environ.get("KEEP_GOING")
            ):
                stopped = part
    finally:
        if not ran_before and not cluster.given() and cluster.running():
            cluster.stop()
    return summary(results, seconds)


def listed() -> list[str]:
    """Return the parts of a whole run, in order, as nox lists them."""
    answer = subprocess.run(
        [NOX, "--list", "--json"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return [session["session"] for session in json.loads(answer.stdout) if "test" in session["tags"]]


def run(part: str) -> list[junit.Case]:
    """Run one part and return its cases; a part that leaves none has failed."""
    code = subprocess.run([NOX, "--session", part], cwd=ROOT, env=environment(), check=False).returncode
    cases = list(junit.read(JUNIT / part))
    if not cases or (code != 0 and not any(case.outcome == "failed" for case in cases)):
        cases.append(junit.Case("all", "failed", f"the session ended with exit code {code} and no result"))
    if os.environ.get("STRICT") and all(case.outcome == "skipped" for case in cases):
        cases = [junit.Case(case.name, "failed", f"not run: {case.message}") for case in cases]
    return cases


def summary(results: dict[str, list[junit.Case]], seconds: dict[str, float]) -> int:
    """Print a table of the parts, what failed and what was not run; write it into tests/output/summary.txt too."""
    lines = ["", f"{'part':14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    total = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for part, cases in results.items():
        counts = {outcome: sum(case.outcome == outcome for case in cases) for outcome in total}
        lines.append(f"{part:14}{counts['passed']:8}{counts['failed']:8}{counts['skipped']:9}{seconds[part]:9.0f}")
        total = {outcome: total[outcome] + counts[outcome] for outcome in total}
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
