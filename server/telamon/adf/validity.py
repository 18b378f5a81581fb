"""Whether a node is valid ADF by the tables of `model` and `values`, and the bounds on its size."""

import math
import re
from collections.abc import Mapping
from typing import Any, cast

from . import model, values
from .errors import TooDeep, TooLarge
from .nodes import Node, attributes, content, kind

MAX_DEPTH = 100
"""How many nodes may lie inside one another; editors make fewer than twenty."""
MAX_LEVEL = 64
"""How many quotes and lists (two levels each) may nest in Markdown; what is deeper is opaque."""
MAX_NODES = 500_000
"""How many JSON values a document may have."""
MAX_CHARACTERS = 4_000_000
"""How many characters of text are converted in one piece, in either direction."""

FOREIGN = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
"""What XML has no character for: controls, lone surrogates (XML 1.0, section 2.2)."""

_EXCLUSIVE = frozenset({"alignment", "indentation"})
_NO_CONTENT = model.LEAVES - {"text"}
_NO_ATTRS = frozenset({"doc", "mediaGroup"})
_PARTS = frozenset({"type", "attrs", "content", "marks"})
_KEYS = {
    name: _PARTS
    - ({"attrs"} if name in _NO_ATTRS else set[str]())
    - ({"content"} if name in _NO_CONTENT else set[str]())
    for name in model.TYPES
} | {"text": frozenset({"type", "text", "marks"})}
"""What a node of each type may have."""
_ATOMS = frozenset({bool, int, type(None)})
_OBJECTS = {dict}


def check_bounds(document: Any) -> bool:
    """Walk the whole value without recursion.

    Returns:
        Whether all of it can be used as it is: plain JSON, and no text but what XML can carry.

    Raises:
        TooDeep: More than `MAX_DEPTH` nodes inside one another (two JSON levels each).
        TooLarge: More than `MAX_NODES` values or `MAX_CHARACTERS` characters.
    """
    level = [document]
    names: set[Any] = set()
    nodes = characters = depth = 0
    plain = True
    while level:
        depth += 1
        if depth > 2 * MAX_DEPTH + 20:
            raise TooDeep(f"The document is nested more than {MAX_DEPTH} nodes deep.")
        below: list[Any] = []
        texts: list[str] = []
        for value, found in zip(level, map(type, level), strict=True):
            if found is str:
                texts.append(value)
            elif found is dict:
                names.update(value)
                below += value.values()
            elif found is list:
                below += value
            elif found not in _ATOMS:
                plain = plain and found is float and math.isfinite(value)
                _look_into(value, texts, below)
        nodes += len(level)
        characters += sum(map(len, texts))
        if nodes > MAX_NODES or characters > MAX_CHARACTERS:
            raise TooLarge(
                f"The document has more than {MAX_NODES} parts or {MAX_CHARACTERS} characters."
            )
        plain = plain and is_clean("".join(texts))
        level = below
    return plain and all(type(name) is str for name in names) and is_clean("".join(names))


def _look_into(value: Any, texts: list[str], below: list[Any]) -> None:
    """Add what is in a value that is none of JSON's own types, but may stand for one."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, Mapping):
        below += cast(Mapping[str, Any], value).values()
    elif isinstance(value, list | tuple):
        below += cast(list[Any], value)


def is_clean(text: str) -> bool:
    """Whether XML has all these characters, for Confluence keeps pages in it."""
    return FOREIGN.search(text) is None


def marks_fit(found: list[Node], allowed: frozenset[str]) -> bool:
    """Whether all marks are well formed and may stand here together."""
    kinds = {kind(mark) for mark in found}
    return kinds <= allowed and not kinds >= _EXCLUSIVE and all(map(values.mark_is_known, found))


def well_formed(node: Mapping[str, Any], parent: str) -> bool:
    """Whether the node itself, its children apart, is valid inside a parent of this type."""
    node_type = kind(node)
    if node_type not in model.CONTENT.get(parent, ()) or not node.keys() <= _KEYS[node_type]:
        return False
    if "marks" in node and not _are_objects(node["marks"]):
        return False
    if node_type == "text":
        return _text_fits(node, parent)
    if "content" in node and not _are_objects(node["content"]):
        return False
    found = attributes(node)
    if ("attrs" in node and found is not node["attrs"]) or not values.attributes_fit(
        node_type, found
    ):
        return False
    return "marks" not in node or marks_fit(node["marks"], model.marks_allowed(parent, node_type))


def _are_objects(found: list[Any] | None) -> bool:
    if not isinstance(found, list):
        return False
    return set(map(type, found)) == _OBJECTS or all(isinstance(item, dict) for item in found)


def _text_fits(node: Mapping[str, Any], parent: str) -> bool:
    text = node.get("text")
    if not isinstance(text, str) or not text:
        return False
    found: list[Node] = node.get("marks", [])
    if not found or parent == "codeBlock":
        return not found
    is_code = any(kind(mark) == "code" for mark in found)
    return marks_fit(found, model.CODE_MARKS if is_code else model.TEXT_MARKS)


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
    match node_type:
        case "mediaSingle":
            return list(map(kind, children)) in (["media"], ["media", "caption"])
        case "layoutSection":
            return 2 <= len(children) <= 3
        case "doc" | "tableRow":
            return present
        case _:
            return bool(children)
