"""What the short form leaves out because the schema does not know it.

Atlassian's editors keep notes of their own in attributes (`__confluenceMetadata` of a link, `null`
for what was never set), and each year brings new ones. A reader wants the text all the same.
"""

from operator import is_
from typing import Any

from .canonical import joined
from .model import MACROS
from .nodes import Node, as_list, attributes, content, kind, marks
from .values import MARKS, NODES, attributes_fit, known_mark, mark_is_known, selected


class Legible(dict[str, Any]):
    """A node without what the schema does not know, and the node it was made from."""

    __slots__ = ("whole",)

    def __init__(self, node: Node, whole: Node) -> None:
        super().__init__(node)
        self.whole = whole


def whole(node: Node) -> Node:
    """The node as it was before `legible` left something out."""
    return node.whole if isinstance(node, Legible) else node


def legible(node: Node) -> Node:
    """The canonical node without unknown attributes, all the way down; itself if it has none."""
    known = known_part(node)
    before = content(node)
    if len(before) != len(as_list(node.get("content")) or before):
        return node
    after = [legible(child) for child in before]
    if len(joined(after)) < len(after):  # two links that differ in nothing else stay apart
        after = [
            old if kind(old) == "text" else new for old, new in zip(before, after, strict=True)
        ]
    if known is node and all(map(is_, before, after)):
        return node
    return Legible(known | {"content": after} if before else known, node)


def known_part(node: Node) -> Node:
    """The node itself with such attributes and marks only as the schema has, its children aside.

    It is left as it is where that would not make it a known node. Macros hide nothing, and what
    marks text in a way that the schema does not have is no text for this version.
    """
    node_type = kind(node)
    if node_type not in NODES or node_type in MACROS:
        return node
    made = node
    if not attributes_fit(node_type, attributes(node)):
        known = selected(node_type, attributes(node))
        if known is None:
            return node
        made = _with(node, "attrs", known)
    if not all(map(mark_is_known, marks(node))):
        found = [known_mark(mark) for mark in marks(node) if kind(mark) in MARKS]
        kept = [mark for mark in found if mark_is_known(mark)]
        if node_type == "text" and len(kept) < len(marks(node)):
            return node
        made = _with(made, "marks", kept)
    return made


def _with(node: Node, part: str, value: Any) -> Node:
    """The node with another part; without it, if nothing is left of it."""
    rest = {key: each for key, each in node.items() if key != part}
    return rest | {part: value} if value else rest
