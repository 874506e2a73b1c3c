"""The documentation of ``models`` names what the dataclasses read, key by key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import yaml

from ansible_collections.tfserving.istio.plugins.doc_fragments.models import ModuleDocFragment
from ansible_collections.tfserving.istio.plugins.module_utils._spec.model import Model
from ansible_collections.tfserving.istio.plugins.module_utils._spec.record import REQUIRED, keys

DOCUMENTED = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["models"]["suboptions"]


def described(cls: type) -> dict[str, dict[str, Any]]:
    """A dataclass as Ansible documents options."""
    return {name: described_field(field) for name, field in keys(cls).items()}


def described_field(field: dataclasses.Field[Any]) -> dict[str, Any]:
    check, default = field.metadata["check"], field.metadata["default"]
    result: dict[str, Any] = {"type": check.type}
    if check.elements:
        result["elements"] = check.elements
    if check.choices:
        result["choices"] = list(check.choices)
    if default is REQUIRED:
        result["required"] = True
    elif default is not None and not dataclasses.is_dataclass(default):
        result["default"] = list(default) if isinstance(default, tuple) else default
    if check.record:
        result["suboptions"] = described(check.record)
    return result


def written(options: dict[str, Any]) -> dict[str, Any]:
    """The documented options without their descriptions."""
    return {
        name: {
            key: written(entry) if key == "suboptions" else entry
            for key, entry in option.items()
            if key != "description"
        }
        for name, option in options.items()
    }


def flat(options: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield f"{path}{name}", {key: entry for key, entry in option.items() if key != "suboptions"}
        yield from flat(option.get("suboptions", {}), f"{path}{name}.")


def test_the_documentation_and_the_dataclasses_have_the_same_keys_types_defaults_and_choices():
    assert dict(flat(written(DOCUMENTED))) == dict(flat(described(Model)))


def test_every_key_is_described():
    def missing(options: dict[str, Any]) -> Iterator[str]:
        for name, option in options.items():
            if not option.get("description"):
                yield name
            yield from missing(option.get("suboptions", {}))

    assert list(missing(DOCUMENTED)) == []
