"""`python -m benchmark`: the table of the README. Needs KUBECONFIG, Istio's CRDs, kubectl and ansible-playbook on PATH."""

from __future__ import annotations

import argparse
import sys
import tempfile
import uuid
from pathlib import Path

from . import crds, scenarios
from .measure import Failed, environment


def main() -> int:
    """Measure, and print one Markdown table."""
    parser = argparse.ArgumentParser("benchmark", description=__doc__)
    parser.add_argument("--models", type=int, default=100, help="models of two versions each (default 100)")
    parser.add_argument("--runs", type=int, default=5, help="runs of which the median is taken (default 5)")
    parser.add_argument(
        "--large", type=int, default=1000, help="models of the large fleet; 0 leaves it out (default 1000)"
    )
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            environment(Path(folder))
            crds.ensure()
            run = scenarios.Run(Path(folder), options.models, options.runs, f"bench-{uuid.uuid4().hex[:6]}")
            try:
                rows = [
                    *run.first(),
                    *run.again(),
                    *run.one(),
                    *run.role(),
                    *run.memory(),
                    *run.rendering(),
                    *run.large(options.large),
                ]
            finally:
                run.clean()
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    print(scenarios.table(rows))
    return 1 if any(row.missed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
