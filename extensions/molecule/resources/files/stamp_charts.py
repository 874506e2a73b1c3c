"""Copies Istio's charts with a version of their own: stamp_charts.py SOURCE TARGET VERSION.

Istio's source tree has its charts at version 1.0.0 and the image tag `latest`; its release process replaces both, and so does this.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

CHARTS = {"base": "base", "istiod": "istio-control/istio-discovery", "gateway": "gateway"}


def main(source: Path, target: Path, version: str) -> None:
    """Copies each chart of `source` to `target`/`version` and stamps it."""
    for name, place in CHARTS.items():
        folder = target / version / name
        given = next(path for path in (source / name, source / place) if path.is_dir())
        shutil.copytree(given, folder)
        # Charts out of a read-only cache of modules are read-only themselves.
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        _replace(folder / "Chart.yaml", r"(?m)^(version|appVersion): .*$", rf"\1: {version}")
    _replace(target / version / "istiod" / "values.yaml", r"(?m)^( *tag: )latest$", rf"\g<1>{version}")


def _replace(path: Path, pattern: str, replacement: str) -> None:
    path.write_text(re.sub(pattern, replacement, path.read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
