"""The canonical form of a document: the one among equal documents which a round trip gives back.

Adjacent text with the same marks is one node, marks have a fixed order, and what says nothing
(an empty list of marks, an attribute with its default value) is left out.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

from .nodes import Node, as_list, as_node, content, kind, marks
from .validity import check_bounds
from .values import MARKS

MARK_ORDER = {
    name: rank
    for rank, name in enumerate(
        [
            "fragment",
            "link",
            "em",
            "strong",
            "textColor",
            "backgroundColor",
            "strike",
            "subsup",
            "underline",
            "code",
            "annotation",
            "alignment",
            "indentation",
            "fontSize",
            "breakout",
            "border",
            "dataConsumer",
        ]
    )
}
"""The rank of each mark; unknown ones come last."""

_DEFAULTS: dict[str, dict[str, Any]] = {
    "orderedList": {"order": 1},
    "tableCell": {"colspan": 1, "rowspan": 1},
    "tableHeader": {"colspan": 1, "rowspan": 1},
    "table": {"isNumberColumnEnabled": False, "layout": "default"},
    "codeBlock": {"wrap": False, "hideLineNumbers": False},
    "hardBreak": {"text": "\n"},
    "mention": {"accessLevel": ""},
}
_ATTRS_REQUIRED = frozenset({"nestedExpand"})
_CONTENT_REQUIRED = frozenset({"doc", "tableRow"})


def clean(text: str) -> str:
    """The text without what no JSON string in UTF-8 can carry: lone surrogates and NUL."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return (
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    )


def canonical(document: Mapping[str, Any]) -> Node:
    """The canonical form of a document or node, as a copy that shares nothing with it.

    Raises:
        TooDeep: The document is nested too deeply.
        TooLarge: The document is too large.
    """
    check_bounds(document)
    return _node(cast(Node, _copy(document)))


def _copy(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        found = cast(Mapping[str, Any], value)
        return {clean(str(key)): _copy(item) for key, item in found.items()}
    listed = as_list(value)
    if listed is not None:
        return [_copy(item) for item in listed]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _node(node: Node) -> Node:
    node_type = kind(node)
    _normalise_marks(node)
    _drop_defaults(node, node_type)
    children = as_list(node.get("content"))
    if children is not None:
        whole = content(node)
        if len(whole) == len(children):
            node["content"] = _joined([_node(child) for child in whole], node_type)
        if not node["content"] and node_type not in _CONTENT_REQUIRED:
            del node["content"]
    return node


def _drop_defaults(node: Node, node_type: str) -> None:
    attrs = as_node(node.get("attrs"))
    if attrs is None:
        return
    for name, default in _DEFAULTS.get(node_type, {}).items():
        if name in attrs and attrs[name] == default:
            del attrs[name]
    if not attrs and node_type not in _ATTRS_REQUIRED:
        del node["attrs"]


def _normalise_marks(node: Node) -> None:
    """Sort, and keep one of each kind: an editor cannot hold two, inline comments apart."""
    found = marks(node)
    if not found:
        if node.get("marks") == []:
            del node["marks"]
        return
    kept: dict[tuple[str, str], Node] = {}
    for mark in found:
        attrs = as_node(mark.get("attrs"))
        if attrs == {} and kind(mark) in MARKS:
            del mark["attrs"]
        apart = _spelled(attrs) if kind(mark) == "annotation" else ""
        kept.setdefault((kind(mark), apart), mark)
    ranked = sorted(
        kept.items(), key=lambda item: (MARK_ORDER.get(item[0][0], len(MARK_ORDER)), item[0])
    )
    node["marks"] = [mark for _, mark in ranked]


def _spelled(attrs: Node | None) -> str:
    return str(sorted(attrs.items())) if attrs else ""


def _joined(children: list[Node], parent: str) -> list[Node]:
    """Merge adjacent text with the same marks; text in code has one kind of line end."""
    joined: list[Node] = []
    for child in children:
        text = child.get("text")
        if kind(child) != "text" or not isinstance(text, str):
            joined.append(child)
            continue
        last = joined[-1] if joined else None
        if last is not None and kind(last) == "text" and _apart(last) == _apart(child):
            last["text"] += text
        elif text:
            joined.append(child)
    if parent == "codeBlock":
        for child in joined:
            if isinstance(child.get("text"), str):
                child["text"] = child["text"].replace("\r\n", "\n").replace("\r", "\n")
    return joined


def _apart(node: Node) -> Node:
    return {key: value for key, value in node.items() if key != "text"}
