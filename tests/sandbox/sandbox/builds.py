"""Building our Go modules, once for each state of their sources."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sandbox import golang
from sandbox.catalog import GoBinary, GoFiles
from sandbox.errors import SandboxError
from sandbox.layout import program_cache
from sandbox.progress import say, step

_FORGET_AFTER = 30.0 * 24 * 3600  # seconds without use
_REPORT_EVERY = 20.0  # seconds
_ERROR_LINES = 25


def binary(build: GoBinary) -> Path:
    """The cached binary, built where it is missing; raises SandboxError."""
    flags = _flags(build)

    def make(folder: Path) -> None:
        with step(f"building {build.module} (some {build.minutes} min on two free cores)"):
            _compile(build, [*flags, "-o", str(folder / build.binary), build.package])

    return _cached(build.module, key(build.folder, flags), make) / build.binary


def announce(builds: Iterable[GoBinary]) -> None:
    """Say how long it will take, where more than one of them has to be built."""
    missing = [build for build in builds if not _folder(build.module, key(build.folder, _flags(build))).exists()]
    if len(missing) > 1:
        names, minutes = ", ".join(build.module for build in missing), sum(build.minutes for build in missing)
        say(f"{len(missing)} programs have to be built, once only: {names}; about {minutes} min on 2 cores")


def files(wanted: GoFiles) -> Path:
    """The cached folder with the files of a public module; raises SandboxError."""

    def make(folder: Path) -> None:
        go = golang.toolchain()
        go.run(["mod", "download", wanted.source], wanted.folder)
        source = Path(go.run(["list", "-m", "-f", "{{.Dir}}", wanted.source], wanted.folder))
        for name, path in wanted.files.items():
            _copy(source / path, folder / name)

    return _cached(f"{wanted.module}-files", key(wanted.folder, sorted(wanted.files.items())), make)


def key(folder: Path, extra: object) -> str:
    """What a build depends on: the module's files (but tests), the Go version, `extra`."""
    digest = hashlib.sha256(f"{golang.toolchain().version} {extra!r}".encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith("_test.go"):
            digest.update(f"\0{path.relative_to(folder)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _flags(build: GoBinary) -> list[str]:
    stamps = " ".join(f"-X {name}={value}" for name, value in build.stamps(build.folder).items())
    return [f"-ldflags=-s -w {stamps}".rstrip(), *([f"-tags={build.tags}"] if build.tags else [])]


def _folder(name: str, build_key: str) -> Path:
    return program_cache() / f"{name}-{build_key}"


def _cached(name: str, build_key: str, make: Callable[[Path], None]) -> Path:
    """The folder NAME-KEY of the cache. `make` fills it under another name, so that it is there whole or not at all."""
    folder = _folder(name, build_key)
    if not folder.exists():
        with _locked(name):
            if not folder.exists():
                temporary = folder.with_name(f".{folder.name}")
                # What an interrupted build left; Go's own cache goes on from there.
                shutil.rmtree(temporary, ignore_errors=True)
                temporary.mkdir()
                make(temporary)
                temporary.rename(folder)
                _forget_old(name)
    os.utime(folder)
    return folder


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    program_cache().mkdir(parents=True, exist_ok=True)
    with open(program_cache() / f".{name}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another command is building {name}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _forget_old(name: str) -> None:
    for folder in program_cache().glob(f"{name}-*"):
        if time.time() - folder.stat().st_mtime > _FORGET_AFTER:
            shutil.rmtree(folder, ignore_errors=True)


def _compile(build: GoBinary, arguments: list[str]) -> None:
    go = golang.toolchain().ready()
    lines: list[str] = []
    # -v names each package as it is compiled: the sign of life that Go itself does not give.
    with subprocess.Popen(
        [go, "build", "-v", *arguments],
        cwd=build.folder,
        env=golang.environment(),
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr
        reported = time.monotonic()
        for line in process.stderr:
            lines.append(line.rstrip())
            if time.monotonic() - reported > _REPORT_EVERY:
                reported = time.monotonic()
                say(f"{build.module}: {len(lines)} packages compiled")
    if process.returncode != 0:
        raise SandboxError(
            f"{build.module} could not be built in {build.folder} (exit code {process.returncode}):\n"
            + "\n".join(lines[-_ERROR_LINES:])
        )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    for path in [target, *target.rglob("*")]:  # Go's module cache is read-only
        path.chmod(0o755 if path.is_dir() else 0o644)
