"""White space at the edge of marked text: the short form has it outside of the marks.

`**Name:** value` reads better than what a bold space needs, and nobody sees the difference.
"""

from .canonical import joined
from .nodes import Node, kind, marks

_LOOSE = frozenset({"strong", "em", "strike"})
"""The marks whose delimiters may not stand beside white space on the inside."""


def spaces_outside(nodes: list[Node]) -> list[Node]:
    """The inline nodes with spaces moved out of bold, emphasised and struck text."""
    if not any("marks" in node and _has_edge(node) for node in nodes):
        return nodes
    begun = _trimmed(nodes, at_the_end=False)
    ended = _trimmed(begun[::-1], at_the_end=True)
    return joined(ended[::-1])


def _has_edge(node: Node) -> bool:
    text = node.get("text")
    return isinstance(text, str) and (text[:1] == " " or text[-1:] == " ")


def _trimmed(nodes: list[Node], *, at_the_end: bool) -> list[Node]:
    """Take the spaces out of the marks that begin at them, or end, where `nodes` are reversed."""
    made: list[Node] = []
    inside: set[str] = set()
    for node in nodes:
        text = node.get("text")
        if kind(node) != "text" or not isinstance(text, str):
            inside = set()
            made.append(node)
            continue
        carried = {kind(mark) for mark in marks(node)} & _LOOSE
        outside = carried - inside
        rest = text.rstrip(" ") if at_the_end else text.lstrip(" ")
        if not outside or len(rest) == len(text):
            inside = carried
            made.append(node)
            continue
        made.append(_without(node | {"text": " " * (len(text) - len(rest))}, outside))
        if rest:
            made.append(node | {"text": rest})
        inside = carried if rest else carried & inside
    return made


def _without(node: Node, names: set[str]) -> Node:
    kept = [mark for mark in marks(node) if kind(mark) not in names]
    bare = {key: value for key, value in node.items() if key != "marks"}
    return bare | {"marks": kept} if kept else bare
