"""Whether a node is valid ADF by the tables of `model` and `values`, and the bounds on its size."""

from collections.abc import Mapping
from typing import Any, cast

from . import model, values
from .errors import TooDeep, TooLarge
from .nodes import Node, attributes, content, kind, listed, marks

MAX_DEPTH = 100
"""How many nodes may lie inside one another; editors make fewer than twenty."""
MAX_LEVEL = 64
"""How many quotes and lists (two levels each) may nest in Markdown; what is deeper is opaque."""
MAX_NODES = 500_000
"""How many JSON values a document may have."""
MAX_CHARACTERS = 4_000_000
"""How many characters of text are converted in one piece, in either direction."""

_EXCLUSIVE = frozenset({"alignment", "indentation"})
_NO_CONTENT = model.LEAVES - {"text"}
_NO_ATTRS = frozenset({"doc", "mediaGroup", "text"})


def check_bounds(document: Any) -> None:
    """Walk the whole value without recursion.

    Raises:
        TooDeep: More than `MAX_DEPTH` nodes inside one another (two JSON levels each).
        TooLarge: More than `MAX_NODES` values or `MAX_CHARACTERS` characters.
    """
    level = [document]
    nodes = characters = depth = 0
    while level:
        depth += 1
        if depth > 2 * MAX_DEPTH + 20:
            raise TooDeep(f"The document is nested more than {MAX_DEPTH} nodes deep.")
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                characters += len(value)
            elif isinstance(value, Mapping):
                below.extend(cast(Mapping[str, Any], value).values())
            elif isinstance(value, list | tuple):
                below.extend(cast(list[Any], value))
        nodes += len(level)
        if nodes > MAX_NODES or characters > MAX_CHARACTERS:
            raise TooLarge(
                f"The document has more than {MAX_NODES} parts or {MAX_CHARACTERS} characters."
            )
        level = below


def marks_fit(found: list[Node], allowed: frozenset[str]) -> bool:
    """Whether all marks are well formed and may stand here together."""
    kinds = {kind(mark) for mark in found}
    return kinds <= allowed and not kinds >= _EXCLUSIVE and all(map(values.mark_is_known, found))


def well_formed(  # noqa: PLR0911 - one answer for each thing that can be wrong
    node: Mapping[str, Any], parent: str
) -> bool:
    """Whether the node itself, its children apart, is valid inside a parent of this type."""
    node_type = kind(node)
    if node_type not in model.CONTENT.get(parent, ()):
        return False
    for key, whole in (("content", list), ("marks", list), ("attrs", dict)):
        if key in node and not isinstance(node[key], whole):
            return False
    if any(len(listed(node, key)) != len(node.get(key, ())) for key in ("content", "marks")):
        return False
    if node_type == "text":
        return set(node) <= {"type", "text", "marks"} and _text_fits(node, parent)
    if not set(node) <= {"type", "attrs", "content", "marks"}:
        return False
    if ("content" in node and node_type in _NO_CONTENT) or (
        "attrs" in node and node_type in _NO_ATTRS
    ):
        return False
    found = attributes(node)
    return any(values.fits(found, shape) for shape in values.NODES[node_type]) and marks_fit(
        marks(node), model.marks_allowed(parent, node_type)
    )


def _text_fits(node: Mapping[str, Any], parent: str) -> bool:
    text = node.get("text")
    if not isinstance(text, str) or not text:
        return False
    found = marks(node)
    if parent == "codeBlock":
        return not found
    return marks_fit(found, model.TEXT_MARKS) or marks_fit(found, model.CODE_MARKS)


def valid(node: Mapping[str, Any], parent: str) -> bool:
    """Whether the node and all below it are valid inside a parent of this type."""
    children = content(node)
    node_type = kind(node)
    return (
        well_formed(node, parent)
        and arranged(node_type, children, "content" in node)
        and all(valid(child, node_type) for child in children)
    )


def arranged(node_type: str, children: list[Node], present: bool = True) -> bool:
    """Whether the number and order of the children is right for a node of this type."""
    if node_type in _NO_CONTENT or node_type in model.CONTENT_OPTIONAL or node_type == "text":
        return True
    kinds = [kind(child) for child in children]
    match node_type:
        case "mediaSingle":
            return kinds in (["media"], ["media", "caption"])
        case "layoutSection":
            return 2 <= len(kinds) <= 3
        case "doc" | "tableRow":
            return present
        case _:
            return bool(kinds)
