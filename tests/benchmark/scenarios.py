"""What is measured, and what it may cost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .fleet import kubectl, models, new_namespace, write_variables
from .measure import in_turn, median, peak_megabytes, playbook, seconds


@dataclass(frozen=True)
class Row:
    """One line of the table. ``missed`` says that a bound was not met."""

    what: str
    values: str
    bound: str
    missed: bool


class Run:
    """One run of the benchmark; namespaces start with ``prefix``."""

    def __init__(self, folder: Path, count: int, runs: int, prefix: str) -> None:
        self.folder, self.count, self.runs, self.prefix = folder, count, runs, prefix
        self.namespaces: list[str] = []

    def first(self) -> list[Row]:
        """Into an empty namespace."""
        times = in_turn(
            self.runs,
            {who: partial(self._prepare_and_apply, who) for who in ("ours", "k8s", "kubectl")},
        )
        return [self._against("first apply", times, {"k8s": 2.5, "kubectl": 5.0})]

    def again(self) -> list[Row]:
        """What is there already."""
        ready = {who: self._prepared(who, 0) for who in ("ours", "k8s", "kubectl")}
        contestants: dict[str, Callable[[int], float]] = {
            who: partial(self._apply_again, who, ready[who]) for who in ready
        }
        contestants["nothing"] = lambda _: self._nothing(self.count)
        times = in_turn(self.runs, contestants)
        extra = median(times["ours"]) - median(times["nothing"])
        compared = self._against("no change", times, {"k8s": 5.0, "kubectl": 9.0})
        return [compared, Row("no change, above a module that does nothing", f"{extra:+.2f} s", "0.7 s", extra > 0.7)]

    def one(self) -> list[Row]:
        """One model, without change."""
        namespace = self._namespace("one")
        self._ours(namespace, 1)
        times = in_turn(self.runs, {"ours": lambda _: self._ours(namespace, 1), "nothing": lambda _: self._nothing(1)})
        extra = median(times["ours"]) - median(times["nothing"])
        return [Row("one model, no change, above a module that does nothing", f"{extra:+.2f} s", "0.3 s", extra > 0.3)]

    def role(self) -> list[Row]:
        """The role in place of the module."""
        namespace = self._prepared("ours", 0)
        variables = write_variables(self.folder, self.count, namespace)
        command = playbook("role", f"@{variables}")
        times = in_turn(
            self.runs, {"ours": lambda _: self._ours(namespace, self.count), "role": lambda _: seconds(command)}
        )
        extra = median(times["role"]) - median(times["ours"])
        return [Row("the role serving, above the module", f"{extra:+.2f} s", "0.4 s", extra > 0.4)]

    def memory(self) -> list[Row]:
        """Of the module's process."""
        variables = write_variables(self.folder, self.count, self._prepared("ours", 0))
        peak = peak_megabytes(playbook("model", f"@{variables}"), self.folder)
        return [Row(f"memory of the module, {self.count} models", f"{peak:.0f} MB", "120 MB", peak >= 120)]

    def rendering(self) -> list[Row]:
        """Objects a second, in one process."""
        script = (
            "import sys, time, json; from ansible_collections.tfserving.istio.plugins.module_utils._spec.fleet import read_models\n"
            "from ansible_collections.tfserving.istio.plugins.module_utils._render.model import render\n"
            "models = read_models(json.load(sys.stdin)); start = time.perf_counter()\n"
            "count = sum(len(render(model, model.traffic)) for model in models); print(count / (time.perf_counter() - start))"
        )
        rates = [float(self._python(script, models(1000, "any"))) for _ in range(self.runs)]
        return [Row("rendering", f"{median(rates):,.0f} objects/s", "10,000/s", median(rates) < 10_000)]

    def large(self, count: int) -> list[Row]:
        """Many more models, without change."""
        if not count:
            return []
        namespace, small = self._namespace("large"), self._prepared("ours", 0)
        self._ours(namespace, count)
        times = in_turn(
            min(3, self.runs),
            {"large": lambda _: self._ours(namespace, count), "small": lambda _: self._ours(small, self.count)},
        )
        ratio, bound = median(times["large"]) / median(times["small"]), 11 * count / (10 * self.count)
        return [
            Row(
                f"{count} models, no change, against {self.count}",
                f"{median(times['large']):.2f} s, {ratio:.1f} x",
                f"{bound:g} x",
                ratio > bound,
            )
        ]

    def clean(self) -> None:
        """Leave nothing behind."""
        if self.namespaces:
            kubectl("delete", "namespace", "--wait=false", *self.namespaces)

    def _against(self, what: str, times: dict[str, list[float]], bounds: dict[str, float]) -> Row:
        ours = median(times["ours"])
        factors = {who: median(times[who]) / ours for who in bounds}
        values = [
            f"{ours:.2f} s",
            *(f"{who} {median(times[who]):.2f} s ({factor:.1f} x)" for who, factor in factors.items()),
        ]
        missed = any(factors[who] < bound for who, bound in bounds.items())
        return Row(
            f"{what}, {self.count} models",
            ", ".join(values),
            ", ".join(f"{who} {bound:g} x" for who, bound in bounds.items()),
            missed,
        )

    def _namespace(self, name: str) -> str:
        full = f"{self.prefix}-{name}"
        if full not in self.namespaces:
            new_namespace(full)
            self.namespaces.append(full)
        return full

    def _prepared(self, who: str, round_: int) -> str:
        """A namespace of the contestant's own, with its manifests rendered; applied to nothing yet, or by the first scenario."""
        namespace = self._namespace(f"{who}-{round_}")
        target = self.folder / f"{namespace}.yaml"
        if who != "ours" and not target.exists():
            dest = self.folder / namespace
            seconds(playbook("manifests", f"@{write_variables(self.folder, self.count, namespace)}", f"dest={dest}"))
            target.write_text("".join(path.read_text() for path in sorted(dest.iterdir())))
        return namespace

    def _prepare_and_apply(self, who: str, number: int) -> float:
        return self._apply(who, self._prepared(who, number))

    def _apply_again(self, who: str, namespace: str, _number: int) -> float:
        return self._apply(who, namespace)

    def _apply(self, who: str, namespace: str) -> float:
        target = self.folder / f"{namespace}.yaml"
        if who == "ours":
            return self._ours(namespace, self.count)
        if who == "k8s":
            return seconds(playbook("k8s", f"manifests={target}"))
        return seconds(["kubectl", "apply", "--server-side", "--field-manager=benchmark", "-f", str(target)])

    def _ours(self, namespace: str, count: int) -> float:
        return seconds(playbook("model", f"@{write_variables(self.folder, count, namespace)}"))

    def _nothing(self, count: int) -> float:
        return seconds(playbook("nothing", f"@{write_variables(self.folder, count, 'any')}"))

    def _python(self, script: str, given: Any) -> str:
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", script], input=json.dumps(given), capture_output=True, text=True, check=True
        )
        print(f"  rendered in {time.monotonic() - start:.2f} s", file=sys.stderr)
        return done.stdout


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | measured (median) | bound |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.values} | {row.bound}{' **missed**' if row.missed else ''} |" for row in rows]
    return "\n".join(lines)
