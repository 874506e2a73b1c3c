"""One ansible-test integration target: `python -m harness.integration COPY TARGET`, with KUBECONFIG set.

ansible-test hands no environment on to its targets, so the cluster's address goes into the file that it reads.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from . import layout


def main(copy: str, target: str) -> int:
    """Write the configuration, run the target in the copy of the collection, return the exit code."""
    config = Path(copy) / "tests" / "integration" / "integration_config.yml"
    config.write_text(yaml.safe_dump({"kubeconfig": os.environ["KUBECONFIG"]}))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "integration", "--local", "--python", version, target]
    # The home of ansible-test alone: the sandbox keeps its programs in the user's.
    env = {**os.environ, "HOME": str(layout.home())}
    return subprocess.run(command, cwd=copy, env=env, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
