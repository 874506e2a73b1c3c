"""Go's own tests as JUnit XML: `python -m harness.golang MODULE FILE` runs them, prints what failed, and writes FILE."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from . import junit

OUTCOMES = {"pass": "passed", "fail": "failed", "skip": "skipped"}


def cases(lines: Iterable[str]) -> Iterator[junit.Case]:
    """Turn the output of ``go test -json`` into a case a test, and one for a package that failed outside of its tests."""
    output: defaultdict[tuple[str, str], str] = defaultdict(str)
    blamed: set[str] = set()
    for line in lines:
        event = _event(line)
        # What the compiler says comes under the import path, with the test binary's name behind it.
        package, test = event.get("Package") or event.get("ImportPath", "").partition(" ")[0], event.get("Test", "")
        said = event.get("Output", "")
        output[package, test] += "" if said.lstrip().startswith(("===", "---")) else said
        outcome = OUTCOMES.get(event.get("Action", ""))
        if not outcome or (not test and (outcome != "failed" or package in blamed)):
            continue  # a package passes or fails with its tests
        if outcome == "failed":
            blamed.add(package)
        yield junit.Case(f"{package}.{test}".rstrip("."), outcome, output[package, test], event.get("Elapsed", 0.0))


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {"Output": line}
    return event if isinstance(event, dict) else {}


def main(module: str, report: str) -> int:
    """Run the tests of the Go module in the folder ``module`` and return go's exit code."""
    run = subprocess.run(["go", "test", "-json", "./..."], cwd=module, stdout=subprocess.PIPE, text=True, check=False)
    found = list(cases(run.stdout.splitlines(keepends=True)))
    for case in found:
        print(f"{case.outcome:8}{case.name} {case.seconds:.2f} s")
        if case.outcome == "failed":
            print(case.message)
    if found:
        junit.write(Path(report), Path(module).name, found)
    return run.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
