# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""What the module ``manifests`` does: objects as data, and as one YAML file a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ._plan.decide import decide
from ._render.meta import Object
from ._render.model import render
from ._spec.fleet import read_models
from ._spec.model import Model, unpinned

HEADER = "# Written by tfserving.istio.manifests; changes are lost when it runs again.\n"

Result = dict[str, Any]


def objects(models: Iterable[Model]) -> dict[str, list[Object]]:
    """The objects of each model by ``NAMESPACE/NAME``, as a first deployment creates them. Raises SpecError."""
    return {model.key: render(model, decide(model, None, ()).rule) for model in models}


def file_name(key: str) -> str:
    """``NAMESPACE_NAME.yaml``: neither part can hold an underscore."""
    return f"{key.replace('/', '_')}.yaml"


def write_manifests(params: Mapping[str, Any], check: bool) -> Result:
    """The module's result. Raises SpecError, and OSError where ``dest`` cannot be read or written."""
    models = read_models(params["models"])
    rendered = objects(models)
    result: Result = {
        "changed": False,
        "manifests": [entry for entries in rendered.values() for entry in entries],
        "warnings": [warning for model in models for warning in unpinned(model)],
    }
    if params["dest"] is None:
        return result
    dest = Path(params["dest"])
    wanted = {dest / file_name(key): _yaml(entries) for key, entries in rendered.items()}
    before = {path: _content(path) for path in wanted}
    gone = {path: _content(path) for path in _written(dest) if path not in wanted} if params["prune"] else {}
    changed = [path for path, text in wanted.items() if before[path] != text]
    if not check:
        for path in changed:
            _write(path, wanted[path])
        for path in gone:
            path.unlink()
    diff = [_diff(path, before[path], wanted[path]) for path in changed] + [
        _diff(path, text, None) for path, text in gone.items()
    ]
    return {
        **result,
        "changed": bool(changed or gone),
        "files": [str(path) for path in wanted],
        "removed": [str(path) for path in gone],
        "diff": diff,
    }


def _yaml(entries: Iterable[Object]) -> str:
    """Stable bytes: keys in the order in which they are rendered, nothing folded."""
    import yaml

    class Plain(yaml.SafeDumper):
        """Without anchors, which a reader would have to resolve."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return HEADER + yaml.dump_all(
        entries, Dumper=Plain, sort_keys=False, width=10_000, explicit_start=True, allow_unicode=True
    )


def _content(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _written(dest: Path) -> list[Path]:
    """Files in ``dest`` that this module wrote."""
    return (
        [path for path in sorted(dest.glob("*_*.yaml")) if path.read_text(errors="replace").startswith(HEADER)]
        if dest.is_dir()
        else []
    )


def _write(path: Path, text: str) -> None:
    """The whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    part.replace(path)


def _diff(path: Path, before: str | None, after: str | None) -> Result:
    return {"before_header": str(path), "after_header": str(path), "before": before or "", "after": after or ""}
