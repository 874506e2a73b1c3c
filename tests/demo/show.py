"""What the demo prints: plans, a bar of the observed split, and the summary."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from mesh.load import Load, split_problems
from mesh.load.report import bar, live_line

PLAN = re.compile(r"^(\S+/\S+: .*->.*|\s+\d+\. \w+ .*)$")

TASK = re.compile(r"TASK \[(.*?)\] \*")


@dataclass(frozen=True)
class Stage:
    """What was observed while one rule was in force."""

    title: str
    rule: dict[str, float]
    counts: dict[str, int]
    problems: list[str]


class Show:
    """Keeps what the summary needs while it prints."""

    def __init__(self) -> None:
        self.load: Load | None = None
        self.terminal = sys.stdout.isatty()
        self.stages: list[Stage] = []
        self.times: list[tuple[str, float]] = []

    def say(self, text: str) -> None:
        """Print a line at once."""
        print(text, flush=True)

    def begin(self, title: str, command: list[str]) -> None:
        """Announce a playbook with the command that a user would write."""
        self.say(f"\n== {title}\n   $ {shlex.join(word for word in command)}")

    def working(self, line: str) -> None:
        """Show on a terminal which task a playbook is at: the first one takes a minute or more."""
        if self.terminal and (task := TASK.match(line)):
            print(f"\r\x1b[K   {task[1][:100]} ...", end="", flush=True)

    def done(self, title: str, seconds: float, output: str, quote: str) -> None:
        """Show the plan that a playbook printed, and the lines from ``quote`` on."""
        self.times.append((title, seconds))
        self._clear()
        for line in _telling(output, quote):
            self.say(f"   {line}")
        self.say(f"   done in {seconds:.1f} s")

    def stage(self, title: str, rule: dict[str, float], seconds: float) -> None:
        """Watch the load for some seconds."""
        assert self.load is not None
        begin = self.load.elapsed
        while self.load.elapsed - begin < seconds:
            time.sleep(0.2)
            if self.terminal:
                print(f"\r\x1b[K   {live_line(self.load)}", end="", flush=True)
        self._clear()
        counts = dict(self.load.counts(begin))
        stage = Stage(title, rule, counts, split_problems(counts, rule))
        self.stages.append(stage)
        self.say(f"   {title}: {_split(stage)}")

    def _clear(self) -> None:
        if self.terminal:
            print("\r\x1b[K", end="")

    def summary(self) -> int:
        """Print how it went; returns the exit code."""
        assert self.load is not None
        failures = self.load.failures
        self.say("\n== Summary")
        self.say(f"   requests sent: {self.load.sent}   failed: {len(failures)}")
        for failure in failures:
            self.say(f"     {failure}")
        self.say("   observed split:")
        for stage in self.stages:
            self.say(f"     {stage.title:32} {_split(stage)}")
            for problem in stage.problems:
                self.say(f"       {problem}")
        self.say("   times:")
        for title, seconds in self.times:
            self.say(f"     {seconds:6.1f} s  {title}")
        self.say(
            '\n   On a cluster of your own: the same playbooks, from "Use it" in README.md on;\n'
            "   or this demo, with a model of yours: make demo KUBECONFIG=FILE"
        )
        return 1 if failures or any(stage.problems for stage in self.stages) else 0


def _split(stage: Stage) -> str:
    total = sum(stage.counts.values()) or 1
    wanted = ":".join(f"{name}:{percent:g}" for name, percent in stage.rule.items())
    shares = "  ".join(
        f"{name} {100 * count / total:5.1f} % {bar(count / total, 20).rstrip()}"
        for name, count in sorted(stage.counts.items())
    )
    return f"rule {wanted}, {total} answers: {shares}"


def _telling(output: str, quote: str) -> Iterator[str]:
    """The lines of a playbook's output that say what it did."""
    for line in output.splitlines():
        if PLAN.match(line):
            yield line
        elif quote and (quote in line or (quote == "MODEL" and re.match(r'\s+"\S+/\S+ ', line))):
            yield re.sub(r'^\s*("msg": )?"|",?$', "", line)
