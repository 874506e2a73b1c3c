"""What is kept of one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a target saw of an answer, or why there was none.

    ``status`` is an HTTP status or the name of a gRPC code, None where no answer came. ``value`` is the first number of the
    prediction. ``served_by`` is a name that the answer itself gave: a header, or the integer version.
    """

    status: int | str | None
    value: float | None = None
    served_by: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One request of a load: ``at`` is when it was sent, in seconds since the load began; ``latency`` is in seconds."""

    at: float
    latency: float
    status: int | str | None
    version: str | None
    error: str | None = None
    new_connection: bool = False

    @property
    def ok(self) -> bool:
        """Whether the request was answered, well and by a version that is known."""
        return self.error is None

    def __str__(self) -> str:
        """Write it as one line for a person."""
        outcome = self.error or "ok"
        status = "no answer" if self.status is None else self.status
        return f"{self.at:9.3f} s  {status}  {self.version or '-'}  {self.latency * 1000:.1f} ms  {outcome}"


def recognise(outcome: Outcome, versions: Mapping[str, float]) -> tuple[str | None, str | None]:
    """Return the version that an outcome shows, and what is wrong with it.

    ``versions`` is the first number that each version predicts; a prediction that none of them makes is a failure. Without
    it the version is what the answer says of itself, or else its prediction.
    """
    if outcome.error is not None:
        return outcome.served_by, outcome.error
    if versions and outcome.value is not None:
        for name, value in versions.items():
            if isclose(outcome.value, value, rel_tol=1e-5, abs_tol=1e-6):
                return name, None
        return None, f"prediction {outcome.value:g} is that of no known version"
    if outcome.served_by is not None:
        return outcome.served_by, None
    if outcome.value is not None:
        return f"{outcome.value:g}", None
    return None, "the answer has no prediction"
