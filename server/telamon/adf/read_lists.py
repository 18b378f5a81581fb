"""Reads lists: which items are tasks, which are decisions, and which lists they make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .attributes import read_attributes
from .nodes import Node, attributes, build, content, kind
from .origin import Verbatim
from .read_paragraphs import with_items

if TYPE_CHECKING:
    from .read_blocks import BlockReader

_TASK = re.compile(r"\[([ xX])\](?:[ \t\n]+|$)")
_DECISION = re.compile(r"<>(?:[ \t\n]+|$)")
_HOLDERS = {
    "taskItem": "taskList",
    "blockTaskItem": "taskList",
    "taskList": "taskList",
    "decisionItem": "decisionList",
}
"""The lists of items that are none of a plain list."""


def read_list(reader: BlockReader, opening: Any, items: dict[str, Any]) -> list[Node]:
    """The lists for one list of Markdown: several where the kinds of items are mixed."""
    ordered = opening.type == "ordered_list_open"
    plain = "orderedList" if ordered else "bulletList"
    number = int(opening.attrs.get("start", 1)) if ordered else 1
    closing = "ordered_list_close" if ordered else "bullet_list_close"
    lists: list[Node] = []
    while not reader.next_is(closing):
        reader.next_is("list_item_open")
        for child in _item(reader):
            node_type = kind(child)
            holder = plain if node_type == "listItem" else _HOLDERS.get(node_type)
            if not holder:
                lists.append(child)
                continue
            if not lists or kind(lists[-1]) != holder or isinstance(lists[-1], Verbatim):
                first = {"order": number} if holder == "orderedList" and number != 1 else {}
                lists.append(build(holder, [], first))
            lists[-1]["content"].append(child)
        number += 1
    return [with_items(lists[0], items), *lists[1:]] if lists else []


def _item(reader: BlockReader) -> list[Node]:
    """The nodes for one item: a task is followed by the tasks below it."""
    first = reader.first_line()
    task = _TASK.match(first.content) if first else None
    decision = _DECISION.match(first.content) if first and not task else None
    found = task or decision
    if first is None or found is None:
        children, own = reader.sequence("list_item_close")
        return [with_items(build("listItem", children), own)]
    read = read_attributes(first.content, found.end())
    items, start = read or ({}, found.end())
    first.content = first.content[start:].lstrip(" \t\n")
    children, _ = reader.sequence("list_item_close")
    if decision:
        return _simple("decisionItem", {"state": "DECIDED"} | items, children)
    state = {"state": "TODO" if task and task[1] == " " else "DONE"}
    if "block" in items:
        head = children[:1]
        if head and kind(head[0]) == "paragraph" and not content(head[0]) and not first.content:
            children = children[1:]
        below = [child for child in children if kind(child) == "taskList"]
        blocks = [child for child in children if kind(child) != "taskList"]
        return [build("blockTaskItem", blocks, state | items), *below]
    return _simple("taskItem", state | items, children)


def _simple(item: str, attrs: dict[str, Any], children: list[Node]) -> list[Node]:
    """An item of one line: its paragraphs are joined, tasks below follow, the rest comes after."""
    line: list[Node] = []
    below: list[Node] = []
    for child in children:
        if kind(child) == "paragraph" and not attributes(child) and not below:
            if line and content(child):
                line.append(build("hardBreak"))
            line += content(child)
        else:
            below.append(child)
    return [build(item, line, attrs), *below]
