# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Steps of a plan, and the order that loses no request."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from .._render.meta import Object
from .._spec.rule import Rule
from .owned import Change


class Stage(IntEnum):
    """Steps of one stage may be carried out at the same time; a stage begins when the one before it has ended."""

    PIN = 1  # the live route, before anything new exists
    CREATE = 2  # workloads and their Services
    READY = 3  # TensorFlow Serving serves, endpoints are ready
    PREVIEW = 4  # a hidden route to what has no share yet
    ANSWER = 5  # the preview answers through every gateway
    SHIFT = 6  # the weights
    SELECT = 7  # the Service MODEL, for callers without a sidecar
    PROVE = 8  # every gateway has the weights
    UNROUTE = 9  # routes of what is going away
    QUIET = 10  # nobody asks it any more
    REMOVE = 11  # its objects


@dataclass(frozen=True)
class Step:
    """One thing to do. ``object`` is what is applied or deleted, ``changes`` its exact patch, ``version`` whom a wait is for.
    ``force`` takes fields from another manager."""

    stage: Stage
    action: str  # apply, delete, wait, prove, preview, quiet
    model: str  # NAMESPACE/NAME
    reason: str
    object: Object | None = None
    changes: tuple[Change, ...] = ()
    resource_version: str | None = None
    version: str | None = None
    force: bool = False

    @property
    def target_object(self) -> Object:
        """The object of a step that writes. Raises ValueError for one that does not."""
        if self.object is None:
            raise ValueError(f"{self.action} has no object")
        return self.object

    @property
    def target(self) -> str:
        if self.object is not None:
            return f"{self.object['kind']} {self.object['metadata']['namespace']}/{self.object['metadata']['name']}"
        return f"{self.model} {self.version}" if self.version else self.model


@dataclass(frozen=True)
class Plan:
    """The steps of one model, in order, and what they are for."""

    namespace: str
    name: str
    before: Rule | None
    after: Rule | None
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def changed(self) -> bool:
        return any(step.action in ("apply", "delete") for step in self.steps)
