"""A document as plain text, for excerpts and titles."""

from collections.abc import Mapping
from typing import Any

from .canonical import normal
from .model import INLINE
from .nodes import Node, attributes, content, kind

_SAID_BY = ("text", "shortName", "alt", "title", "url")


def plain_text(document: Mapping[str, Any]) -> str:
    """The words of a document without any markup, one line for each block.

    Raises:
        TooDeep: The document is nested too deeply.
        TooLarge: The document is too large.
    """
    parts: list[str] = []
    _collect(normal(document), parts)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _collect(node: Node, parts: list[str]) -> None:
    if isinstance(node.get("text"), str):
        parts.append(node["text"])
        return
    attrs = attributes(node)
    said = next((attrs[name] for name in _SAID_BY if isinstance(attrs.get(name), str)), "")
    inline = kind(node) in INLINE
    parts.append(said if kind(node) != "hardBreak" else "\n")
    if said and not inline:
        parts.append("\n")
    for child in content(node):
        _collect(child, parts)
    if not inline:
        parts.append("\n")
