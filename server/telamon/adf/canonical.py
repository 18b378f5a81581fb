"""The canonical form of a document: the one among equal documents which a round trip gives back.

Adjacent text with the same marks is one node, marks have a fixed order, and what says nothing
(an empty list of marks, an attribute with its default value) is left out.
"""

import math
from collections.abc import Callable, Mapping
from operator import is_
from typing import Any, cast

from .nodes import Node, as_list, as_node, attributes, content, kind, marks
from .validity import FOREIGN, check_bounds, is_clean
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
    """The text with a replacement character for each that Atlassian could not keep."""
    if is_clean(text):
        return text
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return FOREIGN.sub("\ufffd", paired)


def canonical(document: Mapping[str, Any]) -> Node:
    """The canonical form of a document or node, as a copy that shares nothing with it.

    Raises:
        TooDeep: The document is nested too deeply.
        TooLarge: The document is too large.
    """
    return cast(Node, copied(normal(document)))


def normal(document: Mapping[str, Any]) -> Node:
    """The canonical form, to be read only: it shares with the document what is canonical already.

    Raises:
        TooDeep: The document is nested too deeply.
        TooLarge: The document is too large.
    """
    if check_bounds(document):
        return _node(cast(Node, document))
    return _node(cast(Node, _cleaned(document)))


def copied(value: Any) -> Any:
    """A copy of a JSON value, all the way down."""
    if isinstance(value, dict):
        found = cast(Node, value)
        return {key: copied(item) for key, item in found.items()}
    listed = as_list(value)
    return value if listed is None else [copied(item) for item in listed]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(str(value))
    if isinstance(value, Mapping):
        found = cast(Mapping[str, Any], value)
        return {clean(str(key)): _cleaned(item) for key, item in found.items()}
    listed = as_list(value)
    if listed is not None:
        return [_cleaned(item) for item in listed]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _node(node: Node) -> Node:
    """The node itself where it is canonical already, else a changed copy of it."""
    made = node
    for key, normalised in _PARTS:
        if key not in node:
            continue
        part = normalised(node)
        if part is node[key]:
            continue
        if made is node:
            made = dict(node)
        if part is None:
            del made[key]
        else:
            made[key] = part
    return made


def _attributes(node: Node) -> Any:
    """The attributes without those that have their default value; None if nothing is left."""
    attrs = as_node(node["attrs"])
    if attrs is None:
        return node["attrs"]
    node_type = kind(node)
    defaults = _DEFAULTS.get(node_type)
    if defaults and any(name in attrs and attrs[name] == defaults[name] for name in defaults):
        attrs = {
            name: value
            for name, value in attrs.items()
            if name not in defaults or value != defaults[name]
        }
    return attrs if attrs or node_type in _ATTRS_REQUIRED else None


def _marks(node: Node) -> Any:
    """The marks in order, one of each kind: an editor cannot hold two, inline comments apart."""
    found = marks(node)
    if not found:
        return None if node["marks"] == [] else node["marks"]
    if len(found) == 1 == len(node["marks"]) and found[0].get("attrs") != {}:
        return node["marks"]
    kept: dict[tuple[str, str], Node] = {}
    for mark in map(_without_empty, found):
        apart = _spelled(attributes(mark)) if kind(mark) == "annotation" else ""
        kept.setdefault((kind(mark), apart), mark)
    ranked = sorted(
        kept.items(), key=lambda item: (MARK_ORDER.get(item[0][0], len(MARK_ORDER)), item[0])
    )
    return _unless_same(node["marks"], [mark for _, mark in ranked])


def _without_empty(mark: Node) -> Node:
    if mark.get("attrs") == {} and kind(mark) in MARKS:
        return {key: value for key, value in mark.items() if key != "attrs"}
    return mark


def _spelled(attrs: Node) -> str:
    return str(sorted(attrs.items())) if attrs else ""


def _content(node: Node) -> Any:
    """The children in canonical form; None if there are none."""
    children = content(node)
    if as_list(node["content"]) is None or len(children) != len(node["content"]):
        return node["content"]
    node_type = kind(node)
    made = joined([_node(child) for child in children])
    if node_type == "codeBlock":
        made = [_with_plain_line_ends(child) for child in made]
    if not made and node_type not in _CONTENT_REQUIRED:
        return None
    return _unless_same(node["content"], made)


def _unless_same(before: list[Node], after: list[Node]) -> list[Node]:
    """The list there was, if the new one holds the very same nodes."""
    return before if len(before) == len(after) and all(map(is_, before, after)) else after


def _with_plain_line_ends(node: Node) -> Node:
    text = node.get("text")
    if not isinstance(text, str) or "\r" not in text:
        return node
    return node | {"text": text.replace("\r\n", "\n").replace("\r", "\n")}


def joined(children: list[Node]) -> list[Node]:
    """The nodes with adjacent text of the same marks merged, and without empty text."""
    if len(children) == 1 and children[0].get("text") != "":
        return children
    if all(child.get("type") != "text" for child in children):
        return children
    merged: list[Node] = []
    last: Node | None = None
    texts: list[str] = []
    for child in children:
        text = child.get("text")
        if child.get("type") != "text" or not isinstance(text, str):
            _finish(merged, texts)
            last = None
            merged.append(child)
        elif last is not None and _are_alike(last, child):
            texts.append(text)
        elif text:
            _finish(merged, texts)
            last = child
            texts = [text]
            merged.append(child)
    _finish(merged, texts)
    return merged


def _finish(merged: list[Node], texts: list[str]) -> None:
    """Let the last node have all these texts."""
    if len(texts) > 1:
        merged[-1] = merged[-1] | {"text": "".join(texts)}
    texts.clear()


def _are_alike(one: Node, other: Node) -> bool:
    """Whether two text nodes differ in nothing but their text."""
    return one.get("marks") == other.get("marks") and _apart(one) == _apart(other)


def _apart(node: Node) -> Node:
    return {key: value for key, value in node.items() if key != "text"}


_PARTS: tuple[tuple[str, Callable[[Node], Any]], ...] = (
    ("marks", _marks),
    ("attrs", _attributes),
    ("content", _content),
)
"""What of a node has a canonical form: each function gives the part as it is, changed, or None."""
