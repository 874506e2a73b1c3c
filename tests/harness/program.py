"""A program of the repository on a cluster: `python -m harness.program [--api-only] MODULE [ARGUMENT...]`, for the demo and the benchmark.

The sandbox is started if need be, and ended again if it was.
"""

from __future__ import annotations

import subprocess
import sys

from . import cluster
from .paths import PYTHON, ROOT


def main(*words: str) -> int:
    """Run the Python module and return its exit code."""
    api_only = words[0] == "--api-only"
    module, *arguments = words[1:] if api_only else words
    if reason := cluster.unavailable():
        print(f"No cluster: {reason}", file=sys.stderr)
        return 1
    ran_before = cluster.given() or cluster.running()
    try:
        command = [*cluster.prefix(api_only), PYTHON, "-m", module, *arguments]
        return subprocess.run(command, cwd=ROOT, env=cluster.variables(), check=False).returncode
    except KeyboardInterrupt:
        return 130
    finally:
        if not ran_before:
            cluster.stop()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
