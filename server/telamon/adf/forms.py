"""How a document is written: the choices of one conversion, and the opaque forms they lead to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .attributes import compact_json
from .nodes import Node, as_list, attributes, content, kind

HIDDEN = frozenset({"localId", "uniqueId", "occurrenceKey", "collection", "accessLevel"})
"""Attributes that a short form leaves out: an edit takes them from the original again."""
_HIDDEN = {
    name: HIDDEN | geometry
    for name, geometry in {
        "table": frozenset({"layout", "width", "displayMode"}),
        "tableCell": frozenset({"colwidth"}),
        "tableHeader": frozenset({"colwidth"}),
        "media": frozenset({"width", "height"}),
        "mediaInline": frozenset({"width", "height"}),
        "mediaSingle": frozenset({"width", "widthType", "layout"}),
        "emoji": frozenset({"id", "text"}),
        "codeBlock": frozenset({"wrap", "hideLineNumbers"}),
    }.items()
}
HIDDEN_MARKS = frozenset({"fragment", "dataConsumer", "breakout"})


def hidden_attributes(node_type: str) -> frozenset[str]:
    """The attributes of this node that only the complete form shows."""
    return _HIDDEN.get(node_type, HIDDEN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Forms:
    """The choices of one conversion to Markdown.

    Attributes:
        short: Whether hidden attributes are left out and opaque nodes become references.
        references: Collects the nodes that were written as references.
        level: How many quotes and lists are around, lists counted twice.
    """

    short: bool = False
    references: dict[str, Node] = field(default_factory=dict[str, Node])
    level: int = 0

    def deeper(self, levels: int) -> "Forms":
        """The same choices, inside one more quote or list."""
        return replace(self, level=self.level + levels)

    def shown(self, node: Mapping[str, Any], *plain: str) -> dict[str, Any]:
        """The attributes that need an attribute list: not those with a plain form."""
        attrs = attributes(node)
        if not attrs:
            return {}
        hidden = hidden_attributes(kind(node)) if self.short else frozenset[str]()
        return {
            name: value for name, value in attrs.items() if name not in plain and name not in hidden
        }

    def shown_marks(self, found: list[Node]) -> list[Node]:
        """The marks that need an attribute list."""
        if not self.short:
            return found
        return [mark for mark in found if kind(mark) not in HIDDEN_MARKS]

    def refer(self, node: Node) -> str:
        """Take note of a node that is written as a reference, and name it."""
        name = reference(node)
        self.references[name] = node
        return name


def reference(node: Mapping[str, Any]) -> str:
    """The short name of an opaque node: the beginning of a hash of its content."""
    return hashlib.sha256(compact_json(ordered(node)).encode()).hexdigest()[:10]


def ordered(value: Any) -> Any:
    """The value with the keys of all objects in alphabetical order."""
    if isinstance(value, Mapping):
        found = cast(Mapping[str, Any], value)
        return {key: ordered(found[key]) for key in sorted(found)}
    listed = as_list(value)
    return value if listed is None else [ordered(item) for item in listed]


def hint(node: Mapping[str, Any]) -> str:
    """A few words that tell a reader what an opaque node is."""
    attrs = attributes(node)
    name = attrs.get("extensionKey")
    title = attrs.get("text")
    words = [kind(node) or "unknown"]
    if isinstance(name, str):
        words.append(name)
    elif isinstance(attrs.get("url"), str):
        words.append(attrs["url"])
    if isinstance(title, str) and title:
        words.append(title)
    if not isinstance(name, str):
        words.append(_text(node))
    return " ".join(" ".join(words).split())[:80].rstrip()


def _text(node: Mapping[str, Any]) -> str:
    parts: list[str] = []
    waiting: list[Mapping[str, Any]] = [node]
    while waiting and sum(map(len, parts)) < 80:
        found = waiting.pop()
        if isinstance(found.get("text"), str):
            parts.append(found["text"])
        waiting.extend(reversed(content(found)))
    return " ".join(parts)
