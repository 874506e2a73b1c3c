# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the EndpointSlices of a model tell: which versions there are, which are ready, and which one the Service MODEL selects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._cluster.readiness import is_serving
from .._spec import names

SERVICE = "kubernetes.io/service-name"


class Endpoints:
    """One LIST in place of one of Deployments, one of Services and one of Pods."""

    def __init__(self, model: str, slices: Iterable[Mapping[str, Any]]) -> None:
        self.versions: dict[str, set[str]] = {}
        """Ready Pods by version, of every version that has a Service."""
        self._selected: set[str] = set()
        for entry in slices:
            labels = entry["metadata"].get("labels") or {}
            ready = {
                point["targetRef"]["name"]
                for point in entry.get("endpoints") or ()
                if is_serving(point) and "targetRef" in point
            }
            version = labels.get("version")
            if labels.get(SERVICE) == model:
                self._selected |= ready
            elif version and labels.get(SERVICE) == names.version(model, version):
                self.versions.setdefault(version, set()).update(ready)

    @property
    def selected(self) -> str | None:
        """The version whose Pods are those of the Service MODEL, or None where it has none."""
        return next((version for version, pods in self.versions.items() if pods and pods == self._selected), None)

    def unready(self, versions: Iterable[str]) -> list[str]:
        return [version for version in versions if not self.versions.get(version)]
