"""Doubles of TensorFlow Serving as processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from double import Double

from sandbox import builds, programs
from sandbox.catalog import BUILDS


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
