# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The write that an object needs, if any: shared by every plan."""

from __future__ import annotations

from collections.abc import Iterator

from .._render.meta import Object
from .._spec.errors import wrong
from .live import Live, is_ours, owner
from .owned import changes
from .step import Stage, Step


def apply_step(live: Live, wanted: Object, stage: Stage, reason: str = "", versioned: bool = False) -> Iterator[Step]:
    """An apply, where ``wanted`` differs from what is live. Raises SpecError where the live object is somebody else's.

    ``versioned``: the write is refused when the object has changed since it was read.
    """
    kind, name = wanted["kind"], wanted["metadata"]["name"]
    found = live.get(kind, name)
    model = f"{live.namespace}/{live.name}"
    if found is None:
        yield Step(stage, "apply", model, reason or "does not exist yet", wanted)
        return
    check_owner(live, found)
    difference = changes(found, wanted)
    if difference:
        version = found["metadata"]["resourceVersion"] if versioned else None
        yield Step(
            stage,
            "apply",
            model,
            reason or _summary(difference[0].path, len(difference)),
            wanted,
            tuple(difference),
            version,
        )


def delete_step(live: Live, entry: Object, stage: Stage, reason: str) -> Step:
    return Step(stage, "delete", f"{live.namespace}/{live.name}", reason, entry)


def check_owner(live: Live, found: Object) -> None:
    """Raise SpecError where an object of ours is wanted and another's stands."""
    kind, name = found["kind"], found["metadata"]["name"]
    if not is_ours(found):
        raise wrong(
            f"{live.namespace}/{live.name}: {kind} {name} exists and was not created by this collection; give the model another name, or "
            f"delete the {kind} if nobody needs it"
        )
    if owner(found) != live.name:
        raise wrong(
            f"{live.namespace}/{live.name}: {kind} {name} belongs to model {owner(found)}; give one of the two another name"
        )


def _summary(path: str, count: int) -> str:
    path = path or "everything"  # nothing of it was ever applied by us
    return f"{path} differs" if count == 1 else f"{path} and {count - 1} more differ"
