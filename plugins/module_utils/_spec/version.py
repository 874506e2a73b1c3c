# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A version: a named Deployment of a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .check import DNS_LABEL, whole
from .errors import Collector, SpecError
from .names import MANAGED_BY
from .record import MISSING, key, keys, mapping, unknown, values
from .workload import IMAGE, Workload

OWN_VOLUMES, OWN_MOUNTS = ("tfserving-config", "gcp-credentials"), ("/etc/tfserving", "/secret/gcp-credentials")
RESERVED_LABELS = ("app", "version", MANAGED_BY, "sidecar.istio.io/inject")


@dataclass(frozen=True, kw_only=True)
class Version(Workload):
    """One version as the user wants it; ``model_version`` is TensorFlow Serving's own integer."""

    name: str = key(DNS_LABEL)
    model_version: int | None = key(whole(0), None)

    @property
    def server_image(self) -> str:
        return self.image or (f"{IMAGE}-gpu" if self.gpus else IMAGE)


def read_version(value: Any, defaults: Mapping[str, Any], wrong_defaults: Collection[str] = ()) -> Version:
    """A version from its mapping and the model's defaults. Raises SpecError with every problem of it.

    ``wrong_defaults``: keys that the model gives wrongly, which is told there.
    """
    given = mapping(value, f"its keys: {', '.join(keys(Version))}")
    problems = Collector()
    unknown(given, keys(Version), problems)
    own = {name: entry for name, entry in given.items() if entry is not None}
    if (
        "autoscale" in own or "replicas" in own
    ):  # the two exclude each other: one given here takes the place of the model's other
        defaults = {name: entry for name, entry in defaults.items() if name not in ("autoscale", "replicas")}
    wanted = {**defaults, **own}
    result = values(Version, wanted, problems)
    _together(wanted, result, problems)
    told = [entry for entry in problems.problems if entry.path not in wrong_defaults or entry.message != MISSING]
    if problems.problems:
        raise SpecError(*told)
    return Version(**result)


def _together(given: Mapping[str, Any], result: Mapping[str, Any], problems: Collector) -> None:
    """What single fields cannot show."""
    scale, budget = result.get("autoscale"), result.get("pod_disruption_budget")
    if scale and scale.min > scale.max:
        problems.add("autoscale", f"min {scale.min} is more than max {scale.max}")
    if scale and given.get("replicas") is not None:
        problems.add("replicas", "cannot be given together with autoscale, which decides the number")
    if budget and (budget.min_available is None) == (budget.max_unavailable is None):
        problems.add("pod_disruption_budget", "give either min_available or max_unavailable")
    for label in result.get("pod_labels") or ():
        if label in RESERVED_LABELS:
            problems.add(f"pod_labels.{label}", "is set by the collection")
    volumes = result.get("volumes") or ()
    for values_ in (
        [*OWN_VOLUMES, *(volume.name for volume in volumes)],
        [*OWN_MOUNTS, *(volume.mount_path for volume in volumes)],
    ):
        for value in sorted({value for value in values_ if values_.count(value) > 1}):
            problems.add("volumes", f"{value} is taken twice, or by the collection itself")
