"""A load of every kind of request at once: POST, GET and gRPC, each over connections that are kept and over new ones."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import Any

from mesh.load import Answer, Grpc, Load, Rest, predict, split_problems
from mesh.load.target import Target

from .models import NUMBERS, PREDICTIONS

MODEL_HEADER = "x-tfserving-model"
RATE = 20.0
"""Requests a second of each kind."""


def targets(address: str, model: dict[str, Any], host: str | None = None) -> dict[str, Target]:
    """Every way to ask a model at ``address`` (HOST:PORT), by TensorFlow Serving's own paths."""
    name = model.get("model_name", model["name"])
    url, headers = f"http://{address}/v1/models/{name}", {"Host": host} if host else {}
    return {
        "POST": Rest(f"{url}:predict", predict(1.0), headers),
        "GET": Rest(url, None, headers),
        "gRPC": Grpc(address, name, metadata={MODEL_HEADER: name}, authority=host),
    }


class Traffic:
    """Loads that run together for the length of a ``with`` block."""

    def __init__(self, targets: dict[str, Target], rate: float = RATE) -> None:
        self.loads = {kind: Load(target, rate, versions=PREDICTIONS) for kind, target in targets.items()}

    def __enter__(self) -> Traffic:
        for load in self.loads.values():
            load.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for load in self.loads.values():
            load.stop()
        for load in self.loads.values():
            load.__exit__(kind, error, trace)

    def gather(self, count: int, timeout: float = 60) -> None:
        """Let the loads run until each kind has ``count`` more answers; fails after ``timeout`` seconds."""
        wanted = {kind: len(load.answers) + count for kind, load in self.loads.items()}
        until = time.monotonic() + timeout
        while any(len(self.loads[kind].answers) < number for kind, number in wanted.items()):
            assert time.monotonic() < until, f"fewer than {count} answers of each kind in {timeout:g} s: {self}"
            time.sleep(0.05)

    def answers(self, kind: str, since: float = 0.0, until: float = float("inf")) -> list[Answer]:
        """Answers of one kind to requests sent between two values of time.monotonic(), with versions by their names."""
        load = self.loads[kind]
        return load.since(since - load.started, until - load.started)

    def counts(self, kind: str, since: float = 0.0, until: float = float("inf")) -> Counter[str]:
        """Count the good answers of one kind by version."""
        found = (answer.version or "" for answer in self.answers(kind, since, until) if answer.ok)
        return Counter(NUMBERS.get(version, version) for version in found)

    def versions(self, since: float = 0.0, until: float = float("inf")) -> set[str]:
        """Every version that answered a request of any kind sent between two values of time.monotonic()."""
        return {version for kind in self.loads for version in self.counts(kind, since, until)}

    def assert_flawless(self, since: float = 0.0) -> None:
        """Each kind was asked, and every one of its requests was answered well."""
        for kind in self.loads:
            answers = self.answers(kind, since)
            failures = [answer for answer in answers if not answer.ok]
            shown = "\n".join(f"  {kind} {answer}" for answer in failures[:20])
            assert answers, f"nothing was asked by {kind}"
            assert not failures, f"{len(failures)} of {len(answers)} requests by {kind} failed:\n{shown}"

    def assert_split(self, rule: dict[str, float], since: float = 0.0) -> None:
        """Each kind of request is shared by ``rule`` (percents), but for a chance of one in a million."""
        for kind in self.loads:
            problems = split_problems(self.counts(kind, since), rule)
            assert not problems, f"{kind}: {problems}"

    def __str__(self) -> str:
        return ", ".join(
            f"{kind} {dict(self.counts(kind))}, {len(load.failures)} failed" for kind, load in self.loads.items()
        )
