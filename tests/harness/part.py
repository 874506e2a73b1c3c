"""A part of the tests: runs its steps, keeps their logs, and leaves JUnit XML behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import junit
from .paths import JUNIT, LOGS, PYTHON, ROOT, environment

LONGEST = 45 * 60  # seconds after which a step hangs, and is ended
GRACE = 60  # seconds that a step and what it started have to end by themselves when they are told to: pytest's fixtures end sandboxes
LAST_LINES = 60  # of a failed step's output that go into its result


class Part:
    """One part, such as ``lint`` or ``mesh``: its steps run one after the other, unless ``steps`` has some side by side, and all of them run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = JUNIT / name
        self.logs = LOGS / name
        for folder in (self.folder, self.logs):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.cases: list[junit.Case] = []
        self._running: set[subprocess.Popen[bytes]] = set()

    def step(
        self, name: str, command: Sequence[str | Path], *, cwd: Path = ROOT, env: dict[str, str] | None = None
    ) -> bool:
        """Run a command as one case, which passes if it exits with 0. Return whether it did."""
        code, log, seconds = self._run(name, command, cwd, env)
        self._add(_case(name, code, log, seconds))
        return code == 0

    def steps(self, commands: Mapping[str, Sequence[str | Path]], *, env: dict[str, str], at_once: int = 2) -> None:
        """Run commands ``at_once`` at a time, each as one case, and print what each says: whole, in order."""
        with ThreadPoolExecutor(at_once) as pool:
            runs = {name: pool.submit(self._run, name, words, ROOT, env, False) for name, words in commands.items()}
            try:
                for name, run in runs.items():
                    code, log, seconds = run.result()
                    print(f"--- {self.name}: {name}\n{log.read_text(errors='replace')}", flush=True)
                    self._add(_case(name, code, log, seconds))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in list(self._running):
                    _end(process)
                raise

    def prepare(self, name: str, command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> bool:
        """Run a command that the part rests on, which counts only if it fails. Return whether it did not."""
        code, log, seconds = self._run(name, command, ROOT, env)
        if code != 0:
            self._add(_failure(name, code, log, seconds))
        return code == 0

    def counted(
        self,
        name: str,
        command: Sequence[str | Path],
        reports: Path,
        *,
        cwd: Path = ROOT,
        env: dict[str, str] | None = None,
    ) -> None:
        """Run a command that writes JUnit XML into the folder ``reports``, and count the cases in it instead of the command."""
        before = set(reports.glob("*.xml"))
        code, log, seconds = self._run(name, command, cwd, env)
        new = sorted(set(reports.glob("*.xml")) - before)
        outcomes = [case.outcome for path in new for case in junit.read(path)]
        if reports != self.folder:
            for path in new:
                shutil.copyfile(path, self.folder / path.name)
        if not outcomes or (code != 0 and "failed" not in outcomes):
            self._add(_failure(name, code, log, seconds))

    def pytest(
        self, *arguments: str | Path, prefix: Sequence[str | Path] = (), env: dict[str, str] | None = None
    ) -> None:
        """Run pytest and count its tests; ``prefix`` is put before the command, to run it in the sandbox for one."""
        command = [
            *prefix,
            PYTHON,
            "-m",
            "pytest",
            "-p",
            "harness.ending",
            f"--junitxml={self.folder / 'pytest.xml'}",
            *arguments,
        ]
        self.counted("pytest", command, self.folder, env=env)

    def record(self, name: str, problems: Sequence[str]) -> None:
        """Record a check made in Python: it fails if there are problems."""
        for problem in problems:
            print(f"{name}: {problem}")
        self._add(junit.Case(name, "failed" if problems else "passed", "\n".join(problems)))

    def skip(self, name: str, reason: str) -> None:
        """Record that something could not be run here, and why; with STRICT set that is a failure."""
        said = f"not run: {reason}"
        print(f"{name} {said}")
        self._add(junit.Case(name, "failed", said) if os.environ.get("STRICT") else junit.Case(name, "skipped", reason))

    @property
    def failed(self) -> bool:
        """Whether any case failed so far."""
        return any(case.outcome == "failed" for case in junit.read(self.folder))

    def _add(self, case: junit.Case) -> None:
        self.cases.append(case)
        junit.write(self.folder / "steps.xml", self.name, self.cases)

    def _run(
        self, name: str, command: Sequence[str | Path], cwd: Path, env: dict[str, str] | None, shown: bool = True
    ) -> tuple[int, Path, float]:
        log = self.logs / f"{name.replace('/', '-').replace(' ', '-')}.log"
        if shown:
            print(f"--- {self.name}: {name}", flush=True)
        started = time.monotonic()
        with log.open("wb", buffering=0) as out:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=env or environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
            assert process.stdout is not None
            limit = threading.Timer(LONGEST, _end, [process])
            limit.start()
            try:
                for line in process.stdout:
                    out.write(line)
                    if shown:
                        sys.stdout.buffer.write(line)
                        sys.stdout.buffer.flush()
            except BaseException:  # a wish to end reaches this process only
                _end(process)
                raise
            finally:
                limit.cancel()
                self._running.discard(process)
        return process.wait(), log, time.monotonic() - started


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a step with all that it started, by force what does not end within GRACE."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            process.poll()
            os.killpg(process.pid, 0)  # raises when none of them is left
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)


def _case(name: str, code: int, log: Path, seconds: float) -> junit.Case:
    """Return the case of a command that passes if it exits with 0."""
    return junit.Case(name, "passed", seconds=seconds) if code == 0 else _failure(name, code, log, seconds)


def _failure(name: str, code: int, log: Path, seconds: float) -> junit.Case:
    """Return the case of a command that failed, or whose own report says nothing of what it did."""
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
    said = f"ended with exit code {code}; see {os.path.relpath(log, ROOT)}"
    return junit.Case(name, "failed", f"{tail}\n{said}", seconds)
