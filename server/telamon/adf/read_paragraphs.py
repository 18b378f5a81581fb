"""Reads paragraphs: text, and the pictures, cards and captions that are written like text."""

import re
from collections.abc import Mapping
from typing import Any

from .attributes import item_marks, read_attributes
from .nodes import Node, attributes, build, kind, marks, text_node
from .parse_inline import is_plain
from .read_inline import InlineReader

_CAPTION = re.compile(r"\n(?=\{caption[ }])")


def with_items(node: Node, items: Mapping[str, Any]) -> Node:
    """The node with the attributes and marks of an attribute list."""
    if not items:
        return node
    node = node | {"attrs": {**attributes(node), **items}}
    found = marks(node) + item_marks(items)
    return node | {"marks": found} if found else node


def read_paragraph(source: str, items: Mapping[str, Any], inline: InlineReader) -> list[Node]:
    """The blocks that this paragraph of Markdown makes: mostly one, several around pictures."""
    if is_plain(source):
        return [with_items(build("paragraph", [text_node(source)] if source else []), items)]
    parted = _CAPTION.split(source, maxsplit=1)
    if len(parted) == 2:
        captioned = _captioned(parted[0], parted[1], items, inline)
        if captioned is not None:
            return [captioned]
    nodes = inline.read(source)
    if "group" in items:
        group = [_medium(node) for node in nodes if kind(node) == "media"]
        if group and all(kind(node) == "media" or _is_blank(node) for node in nodes):
            return [with_items(build("mediaGroup", group), items)]
    if len(nodes) == 1 and kind(nodes[0]) == "inlineCard":
        flags = attributes(nodes[0]).keys() & {"card", "embed"}
        if flags:
            card = "blockCard" if "card" in flags else "embedCard"
            return [with_items(build(card, attrs=attributes(nodes[0])), items)]
    return _around_pictures(nodes, items)


def _captioned(head: str, tail: str, items: Mapping[str, Any], inline: InlineReader) -> Node | None:
    """A picture with the caption that follows it, if that is what the two parts are."""
    read = read_attributes(tail, 0)
    pictures = inline.read(head)
    if read is None or len(pictures) != 1 or kind(pictures[0]) != "media":
        return None
    caption = build("caption", inline.read(tail[read[1] :].strip(" \t\n")), read[0])
    return with_items(build("mediaSingle", [_medium(pictures[0]), caption]), items)


def _is_blank(node: Node) -> bool:
    return kind(node) == "hardBreak" or (kind(node) == "text" and not node["text"].strip())


def _medium(node: Node) -> Node:
    return {key: value for key, value in node.items() if key != "title"}


def _single(node: Node) -> Node:
    title = node.get("title")
    caption = [build("caption", [text_node(title)])] if title else []
    return build("mediaSingle", [_medium(node), *caption])


def _around_pictures(nodes: list[Node], items: Mapping[str, Any]) -> list[Node]:
    """Give pictures from elsewhere a block of their own, and stored files one if they are alone."""
    if not any(kind(node) == "media" for node in nodes):
        return [with_items(build("paragraph", nodes), items)]
    alone = all(kind(node) == "media" or _is_blank(node) for node in nodes)
    blocks: list[Node] = []
    line: list[Node] = []
    for node in nodes:
        if kind(node) != "media":
            line.append(node)
            continue
        flagged = "inline" in attributes(node)
        stored = attributes(node).get("type") != "external"
        if stored and (flagged or not alone):
            line.append(_medium(node) | {"type": "mediaInline"})
            continue
        if not alone and not all(map(_is_blank, line)):
            blocks.append(build("paragraph", line))
        line = []
        blocks.append(_single(node))
    if not blocks or not all(map(_is_blank, line)):
        blocks.append(build("paragraph", line))
    return [with_items(blocks[0], items), *blocks[1:]]
