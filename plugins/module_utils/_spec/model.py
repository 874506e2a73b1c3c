# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""A model: its versions, the rule that shares its traffic, and where it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from . import names, record
from .check import DNS_LABEL, SERVICE_NAME, Check, list_of, one_of, seconds, text, truth, whole
from .errors import Collector
from .record import keys, mapping, unknown, values
from .rule import RULE, Rule
from .version import Version, read_version
from .workload import Workload

LATER = ("auth", "quota", "routes", "mirror", "request_log")
"""Keys that have their place in the design and no code yet."""

ELSEWHERE = {
    "manage": "is an option of rollouts: tfserving.istio.rollout with manage: weights moves the weights of a VirtualService that somebody else owns. "
    "The routes of a model that is declared here are the collection's own; leave it out",
}
"""Keys that have their place, and it is not here."""

NAMESPACE = "kubeflow"

NO_GATEWAY = "mesh"
"""Istio's own word for the sidecars: a model with this gateway is reached from inside the mesh only."""

MODEL_NAME = text(r"[A-Za-z0-9][-._A-Za-z0-9]*", "a name that TensorFlow Serving takes for a model", longest=128)
GATEWAY = text(
    r"(([a-z0-9]([-a-z0-9]*[a-z0-9])?)/)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?", "a gateway as NAME or NAMESPACE/NAME"
)
HOST = text(
    r"\*|(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", "'*' or a host name in lower case"
)
PATH = text(r"/[-._~!$&'()+,;=@%/A-Za-z0-9]*[-._~A-Za-z0-9]", "an absolute path without a slash at its end")


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model as the user wants it. ``traffic`` is None where the live rule is to stay."""

    name: str = record.key(SERVICE_NAME)
    namespace: str = record.key(DNS_LABEL, NAMESPACE)
    model_name: str = record.key(MODEL_NAME, None)
    versions: tuple[Version, ...] = record.key(Check("list", lambda value: value, elements="dict", record=Version), ())
    traffic: Rule | None = record.key(RULE, None)
    hosts: tuple[str, ...] = record.key(list_of(HOST, at_least=1), ("*",))
    gateway: str = record.key(GATEWAY, "kubeflow/kubeflow-gateway")
    path: str = record.key(PATH, None)
    ambassador: bool = record.key(truth(), False)
    service_type: str = record.key(one_of("ClusterIP", "NodePort", "LoadBalancer"), "ClusterIP")
    timeout: float | None = record.key(seconds(0.001), None)
    retries: int = record.key(whole(0, 10), 2)

    @property
    def key(self) -> str:
        """How messages and results name the model."""
        return f"{self.namespace}/{self.name}"

    @property
    def gateway_ref(self) -> str:
        """The gateway with its namespace, or empty where the model is reached from inside the mesh only."""
        if self.gateway == NO_GATEWAY:
            return ""
        return self.gateway if "/" in self.gateway else f"{self.namespace}/{self.gateway}"

    def version(self, name: str) -> Version:
        return next(version for version in self.versions if version.name == name)


@cache
def options() -> Mapping[str, Any]:
    """Every key of a model, the defaults for its versions included."""
    return {**keys(Workload), **keys(Model)}


def read_model(value: Any) -> Model:
    """A model from its mapping. Raises SpecError with every problem of it."""
    given = mapping(value, f"its keys: {', '.join(keys(Model))}")
    problems = Collector()
    unknown({name: entry for name, entry in given.items() if name not in (*LATER, *ELSEWHERE)}, options(), problems)
    for name in LATER:
        if given.get(name) is not None:
            problems.add(name, "is not available in this release of the collection; leave it out")
    for name, where in ELSEWHERE.items():
        if given.get(name) is not None:
            problems.add(name, where)
    result = values(Model, given, problems)
    defaults = _defaults(given, problems)
    if isinstance(given.get("versions"), (list, tuple)):
        told = {name for name in keys(Workload) if given.get(name) is not None and name not in defaults}
        result["versions"] = _versions(given["versions"], defaults, told, problems)
    elif given.get("versions") is not None:
        problems.add("versions", "is not a list")
    if not problems.problems:
        result.setdefault("versions", ())
        result.setdefault("model_name", result["name"])
        result.setdefault("path", f"/istio/tfserving/models/{result['name']}")
        _names_fit(result, problems)
        _pins(result["versions"], problems)
    problems.finish()
    return Model(**result)


def _defaults(given: Any, problems: Collector) -> dict[str, Any]:
    """The keys that the model gives as defaults of its versions; one that is wrong is reported here, once."""
    defaults = {}
    for name, field in keys(Workload).items():
        if given.get(name) is None:
            continue
        before = len(problems.problems)
        problems.run(name, partial(field.metadata["check"], given[name]))
        if len(problems.problems) == before:
            defaults[name] = given[name]
    return defaults


def _versions(given: Any, defaults: dict[str, Any], wrong: set[str], problems: Collector) -> tuple[Version, ...]:
    versions: list[Version] = []
    for index, value in enumerate(given):
        version = problems.run(f"versions[{index}]", partial(read_version, value, defaults, wrong))
        if version and version.name in [other.name for other in versions]:
            problems.add(f"versions[{index}].name", f"{version.name} is the name of an earlier version too")
        elif version:
            versions.append(version)
    return tuple(versions)


def _names_fit(result: dict[str, Any], problems: Collector) -> None:
    """Names of Services and label values end at 63 characters."""
    for index, version in enumerate(result["versions"]):
        name = names.version(result["name"], version.name)
        if len(name) > 63:
            problems.add(
                f"versions[{index}].name", f"{name} has {len(name)} characters; model and version together may have 62"
            )


def _pins(versions: tuple[Version, ...], problems: Collector) -> None:
    """Versions on one base path serve the same newest integer unless each says which one."""
    for index, version in enumerate(versions):
        others = [
            other
            for other in versions
            if other is not version and other.base_path.rstrip("/") == version.base_path.rstrip("/")
        ]
        if others and version.model_version is None:
            problems.add(
                f"versions[{index}].model_version",
                f"is required: {', '.join(o.name for o in others)} has the same base path, and "
                "TensorFlow Serving loads the newest integer under it into both",
            )


def unpinned(model: Model) -> list[str]:
    """Warnings about versions that follow whatever is newest under their base path."""
    return [
        f"{model.key} version {version.name}: without model_version, TensorFlow Serving loads whatever integer is newest under "
        f"{version.base_path}, past any rule or rollout; pin it"
        for version in model.versions
        if version.model_version is None
    ]
