"""Environments of their own, for tools whose dependencies do not get on with those of .venv. Made when first asked for.

`python -m harness.environments NAME` prints the interpreter of one.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from .paths import CACHE

# Each a sequence of arguments to `pip install`.
INSTALLS: dict[str, tuple[tuple[str, ...], ...]] = {
    # Galaxy's own import checks; they want older versions of what ansible-lint brings.
    "importer": (("galaxy-importer==0.4.44", "ansible-core==2.19.14"),),
    # The real TensorFlow Serving client. It asks for `tensorflow`; the build without GPU libraries is half its size and enough.
    "tf-client": (("tensorflow-cpu==2.21.0",), ("--no-deps", "tensorflow-serving-api==2.21.0")),
}


def python(name: str) -> Path:
    """Return the interpreter of the environment ``name``, after making it if need be.

    Raises KeyError for a name that is not in INSTALLS, and subprocess.CalledProcessError where pip fails.
    """
    installs = INSTALLS[name]
    wanted = hashlib.sha256(repr((installs, sys.version)).encode()).hexdigest()[:12]
    folder = CACHE / "environments" / f"{name}-{wanted}"
    interpreter = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        print(f"Making the environment {name} in {folder}; once only", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        for arguments in installs:
            subprocess.run(
                [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments], check=True
            )
        (folder / ".ready").touch()
    return interpreter


def environment(name: str, base: dict[str, str]) -> dict[str, str]:
    """Return the variables ``base`` with the programs of the environment ``name`` first on PATH."""
    return {**base, "PATH": os.pathsep.join([str(python(name).parent), base["PATH"]])}


if __name__ == "__main__":
    print(python(sys.argv[1]))
