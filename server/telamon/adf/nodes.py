"""How a node is looked at: typed access to JSON that may have any shape."""

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

Node: TypeAlias = dict[str, Any]
"""A node or mark as JSON: `type`, and what its type has of `attrs`, `content`, `marks`, `text`."""


def as_node(value: Any) -> Node | None:
    """The value as a node, or None where it is not a JSON object."""
    return cast(Node, value) if isinstance(value, dict) else None


def as_list(value: Any) -> list[Any] | None:
    """The value as a list, or None where it is not a JSON array."""
    return _as_it_is(value) if isinstance(value, list) else None


def _as_it_is(value: Any) -> list[Any]:
    """Take the caller's word that this is a list: the two type checkers disagree on a cast."""
    found: list[Any] = value
    return found


def kind(node: Mapping[str, Any]) -> str:
    """The node's `type`, or an empty string."""
    value = node.get("type")
    return value if isinstance(value, str) else ""


def attributes(node: Mapping[str, Any]) -> Node:
    """The node's `attrs`, or an empty object."""
    value: Node | None = node.get("attrs")
    return value if isinstance(value, dict) else {}


def content(node: Mapping[str, Any]) -> list[Node]:
    """The node's children; whatever else stands among them is passed over."""
    value: list[Any] | None = node.get("content")
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def marks(node: Mapping[str, Any]) -> list[Node]:
    """The node's marks; whatever else stands among them is passed over."""
    value: list[Any] | None = node.get("marks")
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_node(text: str, text_marks: list[Node] | None = None) -> Node:
    """A text node."""
    if text_marks:
        return {"type": "text", "text": text, "marks": text_marks}
    return {"type": "text", "text": text}


def build(
    node_type: str,
    children: list[Node] | None = None,
    attrs: Mapping[str, Any] | None = None,
    node_marks: list[Node] | None = None,
) -> Node:
    """A node of this type; absent parts are left out."""
    node: Node = {"type": node_type}
    if attrs:
        node["attrs"] = dict(attrs)
    if children is not None:
        node["content"] = children
    if node_marks:
        node["marks"] = node_marks
    return node
