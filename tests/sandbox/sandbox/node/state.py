"""What is known of a container, as its status will tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum


class Kind(Enum):
    """How a container is started and whether its end is awaited."""

    INIT = "init"
    SIDECAR = "sidecar"
    MAIN = "main"


@dataclass(frozen=True)
class Waiting:
    """Not running, with the reason in the API's words (ContainerCreating, CrashLoopBackOff, ...)."""

    reason: str
    message: str = ""


@dataclass(frozen=True)
class Running:
    """Running since a moment."""

    since: datetime


@dataclass(frozen=True)
class Terminated:
    """`reason` is Completed, Error or OOMKilled, StartError, ContainerStatusUnknown."""

    code: int
    reason: str
    started: datetime
    finished: datetime
    signal: int = 0
    message: str = ""
    container_id: str = ""


Phase = Waiting | Running | Terminated


@dataclass
class ContainerState:
    """Changed by the container's own worker only."""

    name: str
    kind: Kind
    image: str
    phase: Phase = field(default_factory=lambda: Waiting("ContainerCreating"))
    last: Terminated | None = None
    restarts: int = 0
    started: bool = False
    ready: bool = False
    container_id: str = ""
    image_id: str = ""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(timezone.utc)


def timestamp(moment: datetime) -> str:
    """The API's form, whole seconds: 2026-01-02T03:04:05Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
