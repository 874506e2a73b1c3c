"""Doubles of TensorFlow Serving as processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from double import Double

from sandbox import builds, programs
from sandbox.catalog import BUILDS
from sandbox.models import write_model


@pytest.fixture(scope="session")
def program() -> Path:
    """Return the path of the double, built if need be."""
    build = next(build for build in BUILDS if build.module == "model_server")
    return programs.given((build.binary,)) or builds.binary(build)


@pytest.fixture
def start(program: Path, tmp_path: Path) -> Iterator[Callable[..., Double]]:
    """Start doubles with flags and environment variables; they are killed when the test ends."""
    running: list[Double] = []

    def start(*flags: str, **variables: str) -> Double:
        running.append(Double(program, tmp_path, *flags, **variables))
        return running[-1]

    yield start
    for double in running:
        double.process.kill()
        double.process.wait()


@pytest.fixture
def served(start: Callable[..., Double], tmp_path: Path) -> tuple[Double, Path]:
    """Serve half_plus_two as model mnist; return the double and the version's folder."""
    folder = write_model(tmp_path / "m", 1)
    return start("--model_name=mnist", f"--model_base_path={tmp_path}/m").wait(), folder
