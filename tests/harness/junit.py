"""JUnit XML, the one form in which every part hands over its results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

# What XML 1.0 cannot hold, and terminal colours.
UNPRINTABLE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")

# What ansible-test says of a check for a kind of file that is not in the tree: that is not a test.
NOTHING_TO_TEST = "No tests applicable."


@dataclass(frozen=True)
class Case:
    """One thing that was tested.

    ``outcome`` is ``passed``, ``failed`` or ``skipped``; ``message`` says why in the last two; ``seconds`` is how long it took.
    """

    name: str
    outcome: str
    message: str = ""
    seconds: float = 0.0


def write(path: Path, suite: str, cases: Iterable[Case]) -> None:
    """Write the cases as one test suite into the file ``path``."""
    root = ET.Element("testsuite", name=suite)
    for case in cases:
        element = ET.SubElement(root, "testcase", classname=suite, name=case.name, time=f"{case.seconds:.3f}")
        if case.outcome != "passed":
            message = UNPRINTABLE.sub("", case.message)
            if case.outcome == "failed":  # a log, whose last line says what became of it
                tag, said = "failure", message.strip().rpartition("\n")[2][:200]
            else:
                tag, said = "skipped", " ".join(message.split())
            ET.SubElement(element, tag, message=said).text = message
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def read(path: Path) -> Iterator[Case]:
    """Read every case of an XML file, or of all XML files in a folder that may not be there, whichever tool wrote it."""
    for file in [path] if path.is_file() else sorted(path.glob("*.xml")):
        for element in ET.parse(file).iter("testcase"):  # noqa: S314 - written by our own tools a moment ago
            name = ".".join(filter(None, (element.get("classname"), element.get("name"))))
            outcome, message = _outcome(element)
            if message != NOTHING_TO_TEST:
                yield Case(name, outcome, message, float(element.get("time") or 0))


def _outcome(element: ET.Element) -> tuple[str, str]:
    """Return outcome and reason. A failure and an error in one case (a test and its teardown) are one failed case."""
    for tags, outcome in ((("failure", "error"), "failed"), (("skipped",), "skipped")):
        for child in element:
            if child.tag in tags:
                return outcome, _message(child)
    return "passed", ""


def _message(element: ET.Element) -> str:
    return element.get("message") or (element.text or "").strip() or "no reason given"
