"""How a document is written: the choices of one conversion, and the opaque forms they lead to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .attributes import compact_json
from .legible import whole
from .nodes import Node, as_list, as_node, attributes, content, kind

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
_MAIN_PARAMETERS = ("jqlQuery", "jql", "cql", "query", "url", "")
HIDDEN_MARKS = frozenset({"fragment", "dataConsumer", "breakout"})


def hidden_attributes(node_type: str) -> frozenset[str]:
    """The attributes of this node that only the complete form shows."""
    return _HIDDEN.get(node_type, HIDDEN)


def shown_attributes(node: Mapping[str, Any]) -> Node:
    """The attributes that the short form shows; a status without a style does not say so."""
    hidden = hidden_attributes(kind(node))
    return {
        name: value
        for name, value in attributes(node).items()
        if name not in hidden and not (value == "" and name == "style" and kind(node) == "status")
    }


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
        if not node.get("attrs"):
            return {}
        attrs = shown_attributes(node) if self.short else attributes(node)
        return {name: value for name, value in attrs.items() if name not in plain}

    def shown_marks(self, found: list[Node]) -> list[Node]:
        """The marks that need an attribute list."""
        if not self.short:
            return found
        return [mark for mark in found if kind(mark) not in HIDDEN_MARKS]

    def refer(self, node: Node) -> str:
        """Take note of a node that is written as a reference, and name it."""
        found = whole(node)
        name = reference(found)
        self.references[name] = found
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
    """A few words that tell a reader what an opaque node is; of a macro, what it is about."""
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
    said = _shortened(" ".join(words))
    about = _shortened(_main_parameter(attrs))
    return f"{said} {about}" if about and about not in said else said


def _shortened(text: str) -> str:
    return " ".join(text.split())[:80].rstrip()


def _main_parameter(attrs: Node) -> str:
    """What a macro was told to show: Confluence keeps parameters under `macroParams`."""
    parameters = as_node(attrs.get("parameters")) or {}
    parameters = as_node(parameters.get("macroParams")) or parameters
    for name in _MAIN_PARAMETERS:
        value = parameters.get(name)
        value = (as_node(value) or {"value": value}).get("value")
        if isinstance(value, str) and value:
            return value
    return ""


def _text(node: Mapping[str, Any]) -> str:
    parts: list[str] = []
    waiting: list[Mapping[str, Any]] = [node]
    while waiting and sum(map(len, parts)) < 80:
        found = waiting.pop()
        if isinstance(found.get("text"), str):
            parts.append(found["text"])
        waiting.extend(reversed(content(found)))
    return " ".join(parts)
