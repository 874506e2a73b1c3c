"""Whether `ansible-doc` has a complete answer for every plugin and role of the collection."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

from .paths import ROOT, environment

NAMESPACE = "tfserving.istio"
# Folder of plugins: the type that ansible-doc calls it by. Action plugins are documented by their module.
TYPES = {
    "modules": "module",
    "filter": "filter",
    "inventory": "inventory",
    "lookup": "lookup",
    "test": "test",
    "callback": "callback",
}


def plugins() -> Iterator[tuple[str, str]]:
    """Yield type and full name of every public plugin in the tree."""
    for folder, kind in TYPES.items():
        for path in sorted((ROOT / "plugins" / folder).glob("[!_]*.py")):
            yield kind, f"{NAMESPACE}.{path.stem}"


def roles() -> list[str]:
    """Return the names of the roles in the tree."""
    return sorted(path.name for path in (ROOT / "roles").glob("*") if path.is_dir())


def plugin_problems(kind: str, name: str) -> list[str]:
    """Return what is missing in a plugin's documentation."""
    described = _ask(kind, name)
    if isinstance(described, str):
        return [described]
    doc = described.get("doc") or {}
    problems = [f"{name} has no {part}" for part in ("short_description", "description", "author") if not doc.get(part)]
    if not (described.get("examples") or "").strip():
        problems.append(f"{name} has no EXAMPLES")
    elif kind == "module" and f"{name}:" not in described["examples"]:
        problems.append(f"{name}: no example uses its full name")
    if kind not in ("inventory", "callback"):
        if not described.get("return"):
            problems.append(f"{name} has no RETURN")
        problems += _undescribed(name, "return value", described.get("return") or {}, "contains")
    return problems + _undescribed(name, "option", doc.get("options") or {}, "suboptions")


def role_problems(name: str) -> list[str]:
    """Return what is missing in a role's documentation: entry points, descriptions, types, a README."""
    problems = [] if (ROOT / "roles" / name / "README.md").is_file() else [f"role {name} has no README.md"]
    described = _ask("role", f"{NAMESPACE}.{name}")
    if isinstance(described, str):
        return [*problems, described]
    points = described.get("entry_points") or {}
    if not points:
        problems.append(f"role {name} has no meta/argument_specs.yml")
    for point, spec in points.items():
        if not spec.get("short_description"):
            problems.append(f"role {name}: entry point {point} has no short_description")
        problems += _undescribed(f"role {name}", "option", spec.get("options") or {}, "options")
    return problems


def _undescribed(owner: str, what: str, entries: dict[str, Any], nested: str, above: str = "") -> list[str]:
    problems = []
    for name, entry in entries.items():
        path = f"{above}{name}"
        if not entry.get("description"):
            problems.append(f"{owner}: {what} {path} has no description")
        if not entry.get("type") and what != "option":
            problems.append(f"{owner}: {what} {path} has no type")
        problems += _undescribed(owner, what, entry.get(nested) or {}, nested, f"{path}.")
    return problems


def _ask(kind: str, name: str) -> dict[str, Any] | str:
    """Return ansible-doc's answer about one plugin or role, or why there is none."""
    answers, error = _answers(kind)
    return answers.get(name) or f"ansible-doc finds no {kind} {name}: {error}"


@cache
def _answers(kind: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Return ansible-doc's answers about all plugins or roles of a kind, by name, and what it complains about."""
    found = [name for other, name in plugins() if other == kind]
    names = [f"{NAMESPACE}.{role}" for role in roles()] if kind == "role" else found
    words = ["ansible-doc", "--type", kind, "--json", *names]
    answer = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    try:
        return json.loads(answer.stdout), answer.stderr.strip()
    except ValueError:
        return {}, answer.stderr.strip()
