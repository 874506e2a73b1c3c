# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""One exception that carries every problem of an input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """Where an input is wrong (``models[2].versions[0].base_path``) and what would be right."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message

    def under(self, parent: str) -> Problem:
        """The same problem, seen from the value that holds it."""
        joint = "" if not parent or not self.path or self.path.startswith("[") else "."
        return Problem(f"{parent}{joint}{self.path}", self.message)


class SpecError(ValueError):
    """All problems of one input, in the order of the input."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def wrong(message: str, path: str = "") -> SpecError:
    """The error of a single value; whoever holds the value adds its path."""
    return SpecError(Problem(path, message))


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint such as ``did you mean traffic?``, or what there is."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(str(word), names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names) or 'none'}"


class Collector:
    """Runs checks one after the other and keeps their problems for one error at the end."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def run(self, path: str, check: Callable[[], T]) -> T | None:
        """The value of ``check()``, or None where it found problems."""
        try:
            return check()
        except SpecError as error:
            self.problems.extend(problem.under(path) for problem in error.problems)
            return None

    def finish(self) -> None:
        """Raise SpecError where anything was wrong."""
        if self.problems:
            raise SpecError(*self.problems)
