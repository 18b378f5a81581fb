"""The containers that lines open and close: `<details>`, `:::layout`, `:::table`, `:::adf`."""

from dataclasses import dataclass, field
from typing import Any

from markdown_it.token import Token

from .fit_inline import words_of
from .nodes import Node, attributes, build, kind, text_node
from .origin import Verbatim
from .read_inline import InlineReader
from .read_paragraphs import with_items

_PARTS = {
    "column": ("layoutSection", "layoutColumn"),
    "row": ("table", "tableRow"),
    "th": ("tableRow", "tableHeader"),
    "td": ("tableRow", "tableCell"),
}
"""What each parting line begins, and inside what."""
_HELD_BY = {
    "layoutColumn": "layoutSection",
    "tableRow": "table",
    "tableCell": "tableRow",
    "tableHeader": "tableRow",
}


@dataclass(slots=True)
class Frame:
    """A container that waits for the line that closes it.

    Attributes:
        of: What closes it: `details`, `:::`, or nothing of its own (a part, or the outermost).
        node: The node it will be; without a type its children stand for themselves.
    """

    of: str
    node: Node
    children: list[Node] = field(default_factory=list[Node])
    items: dict[str, Any] = field(default_factory=dict[str, Any])


def literal(token: Token) -> Node:
    """A marker line that marks nothing, as the text it is."""
    return build("paragraph", [text_node(token.meta["source"])])


def steer(  # noqa: PLR0911 - one answer for each kind of line
    token: Token, frames: list[Frame], inline: InlineReader
) -> bool:
    """Let a marker line close or part the containers; False if there is none that it fits."""
    if token.type == "adf_open":
        return False
    if token.type == "adf_summary":
        top = frames[-1]
        if top.of != "details" or top.children or "title" in attributes(top.node):
            return False
        top.node = build("expand", attrs={"title": words_of(inline.read(token.meta["title"]))})
        return True
    if token.type == "adf_close":
        for depth in range(len(frames) - 1, 0, -1):
            if frames[depth].of == token.meta["of"]:
                close_to(frames, depth - 1)
                return True
        return False
    inside, begins = _PARTS[token.meta["of"]]
    for depth in range(len(frames) - 1, 0, -1):
        if kind(frames[depth].node) == inside:
            close_to(frames, depth)
            frames.append(Frame("", build(begins), items=token.meta["items"]))
            return True
        if frames[depth].of and kind(frames[depth].node) != _HELD_BY.get(inside):
            return False
    return False


def close_to(frames: list[Frame], depth: int) -> None:
    """Close the innermost containers until only `depth` lie in the outermost."""
    while len(frames) > depth + 1:
        frame = frames.pop()
        frames[-1].children += _closed(frame)


def _closed(frame: Frame) -> list[Node]:
    node = frame.node
    if not kind(node):
        return [build("paragraph", [text_node(node["source"])]), *frame.children]
    if isinstance(node, Verbatim):
        return [Verbatim(node | {"content": frame.children})]
    if kind(node) == "layoutSection":
        _share_width(frame.children)
    return [with_items(node | {"content": frame.children}, frame.items)]


def _share_width(columns: list[Node]) -> None:
    """Columns that do not say how wide they are share the width evenly."""
    for column in columns:
        if "width" not in attributes(column):
            column["attrs"] = attributes(column) | {"width": round(100 / len(columns), 2)}
