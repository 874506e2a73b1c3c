# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""Changes single values in the text of a YAML file and leaves every other byte as it is: comments, order, quotes, ends of lines. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import yaml

Edit = tuple[int, int, str]
"""Where the text is replaced, from and to, in characters, and by what."""


class Refused(Exception):
    """The text cannot be changed so that everything else surely stays. Says why, and where."""


class Text:
    """A YAML stream: its text and its nodes. Raises Refused where it is no YAML."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._roots = [root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if root is not None]
        except yaml.YAMLError as error:
            raise Refused(f"it is no YAML: {' '.join(str(error).split())}") from None
        self._uses = Counter(id(child) for node in self._nodes() for child in _children(node))

    def mappings(self) -> Iterator[yaml.MappingNode]:
        """Every mapping, those that stand in others too."""
        return (node for node in self._nodes() if isinstance(node, yaml.MappingNode))

    def own(self, node: yaml.Node) -> yaml.Node:
        """The node, if it stands in one place only. Raises Refused for what an alias names too: a change would be one of all those places."""
        if self._uses[id(node)] > 1 or self.text[node.start_mark.index : node.start_mark.index + 1] in ("&", "!"):
            raise Refused(f"line {node.start_mark.line + 1} has an anchor, an alias or a tag; write it there by hand")
        return node

    def replace(self, node: yaml.Node, value: str) -> Edit:
        """Put ``value`` in the place of a node, in quotes of its kind where it has some or the value needs them."""
        start, end = self.own(node).start_mark.index, _end(node)
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            raise Refused(f"line {node.start_mark.line + 1} begins a block of text; write it there by hand")
        if start == end:  # nothing stands after the colon
            return start, end, f" {_quoted(value, None)}"
        return start, end, _quoted(value, getattr(node, "style", None))

    def insert(self, mapping: yaml.MappingNode, after: str, key: str, value: str) -> Edit:
        """Write a key that the mapping does not have, after another one: on a line of its own where the others have one."""
        self.own(mapping)
        first, last = mapping.value[0][0], get(mapping, after)
        if last is None:
            raise Refused(f"line {mapping.start_mark.line + 1} has no {after}")
        end = _end(last)
        if mapping.flow_style:
            shown = f'"{key}"' if first.style == '"' else key
            return end, end, f", {shown}: {_quoted(value, None)}"
        rest, newline, _more = self.text[end:].partition("\n")
        if rest.strip() and not rest.strip().startswith("#"):
            raise Refused(f"line {last.start_mark.line + 1} goes on after {after}; write {key}: {value} there by hand")
        ending = "\r\n" if rest.endswith("\r") else "\n"
        line = f"{' ' * first.start_mark.column}{key}: {_quoted(value, None)}"
        place = end + len(rest) + len(newline)
        return (place, place, line + ending) if newline else (place, place, ending + line)

    def changed(self, edits: Iterable[Edit]) -> str:
        """The text after the edits."""
        text = self.text
        for start, end, words in sorted(edits, reverse=True):
            text = text[:start] + words + text[end:]
        return text

    def _nodes(self) -> Iterator[yaml.Node]:
        seen: set[int] = set()
        todo = list(reversed(self._roots))
        while todo:
            node = todo.pop()
            if id(node) not in seen:
                seen.add(id(node))
                yield node
                todo += reversed(list(_children(node)))


def get(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of a key, None where there is none. Raises Refused for a key that is there twice."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    found = [value for name, value in pairs if isinstance(name, yaml.ScalarNode) and name.value == key]
    if len(found) > 1:
        raise Refused(f"line {found[1].start_mark.line + 1} says {key} once more")
    return found[0] if found else None


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """The entries of a list; none of what is no list."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def word(node: yaml.Node | None, default: str = "") -> str:
    """A scalar as text."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) and node.value else default


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for entry in node.value if isinstance(node, yaml.CollectionNode) else ():
        yield from entry if isinstance(entry, tuple) else (entry,)


def _end(node: yaml.Node) -> int:
    """Where the last character of a node is; a block ends, by its mark, where the next one begins, after comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        return max(_end(child) for child in _children(node))
    return int(node.end_mark.index)


def _quoted(value: str, style: str | None) -> str:
    """A value in quotes where the place has them, or YAML would make something else of it."""
    if style in ("'", '"'):
        return f"{style}{value}{style}"
    return value if isinstance(yaml.safe_load(value), (str, int)) and ":" not in value else f'"{value}"'
