"""ADF documents in the emulator: building them, reading their text, marking a passage."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Node = dict[str, Any]

_DAY = 86400

NODES = frozenset(
    """
    blockCard blockTaskItem blockquote bodiedExtension bodiedSyncBlock bulletList caption
    codeBlock date decisionItem decisionList embedCard emoji expand extension hardBreak
    heading inlineCard inlineExtension layoutColumn layoutSection listItem media mediaGroup
    mediaInline mediaSingle mention nestedExpand orderedList panel paragraph placeholder
    rule status syncBlock table tableCell tableHeader tableRow taskItem taskList text
    """.split()  # noqa: SIM905 - one name a line would fill a page
)
"""Every node that a document may hold."""

BLOCKS = frozenset({"paragraph", "heading", "codeBlock", "taskItem", "decisionItem", "caption"})
"""Nodes that hold a run of text."""


def doc(*content: Node) -> Node:
    """Return a document."""
    return {"type": "doc", "version": 1, "content": list(content)}


def text(value: str, *marks: str | Node) -> Node:
    """Return a text node; a mark is its name or the whole mark."""
    node: Node = {"type": "text", "text": value}
    if marks:
        node["marks"] = [{"type": mark} if isinstance(mark, str) else mark for mark in marks]
    return node


def link(value: str, href: str) -> Node:
    """Return linked text."""
    return text(value, {"type": "link", "attrs": {"href": href}})


def inline(*parts: str | Node) -> list[Node]:
    """Return inline content from words and nodes."""
    return [text(part) if isinstance(part, str) else part for part in parts]


def para(*parts: str | Node) -> Node:
    """Return a paragraph."""
    return {"type": "paragraph", "content": inline(*parts)}


def head(level: int, *parts: str | Node) -> Node:
    """Return a heading."""
    return {"type": "heading", "attrs": {"level": level}, "content": inline(*parts)}


def bullets(*items: str) -> Node:
    """Return a bullet list."""
    return {"type": "bulletList", "content": [_item(item) for item in items]}


def numbers(*items: str) -> Node:
    """Return a numbered list."""
    return {"type": "orderedList", "attrs": {"order": 1}, "content": [_item(i) for i in items]}


def panel(kind: str, *content: Node) -> Node:
    """Return a panel: info, note, success, warning or error."""
    return {"type": "panel", "attrs": {"panelType": kind}, "content": list(content)}


def table(header: Sequence[str], *rows: Sequence[str | Node]) -> Node:
    """Return a table with a header row; a cell is words or one block."""
    cells: list[list[tuple[str, str | Node]]] = [[("tableHeader", cell) for cell in header]]
    cells += [[("tableCell", cell) for cell in row] for row in rows]
    return {
        "type": "table",
        "attrs": {"isNumberColumnEnabled": False, "layout": "default"},
        "content": [
            {
                "type": "tableRow",
                "content": [
                    {
                        "type": kind,
                        "attrs": {},
                        "content": [para(cell) if isinstance(cell, str) else cell],
                    }
                    for kind, cell in row
                ],
            }
            for row in cells
        ],
    }


def tasks(list_id: str, *items: tuple[str, str, Sequence[str | Node]]) -> Node:
    """Return a task list; an item is its local id, ``TODO`` or ``DONE``, and its content."""
    return {
        "type": "taskList",
        "attrs": {"localId": list_id},
        "content": [
            {
                "type": "taskItem",
                "attrs": {"localId": local_id, "state": state},
                "content": inline(*parts),
            }
            for local_id, state, parts in items
        ],
    }


def code(language: str, source: str) -> Node:
    """Return a code block."""
    return {"type": "codeBlock", "attrs": {"language": language}, "content": [text(source)]}


def macro(key: str, local_id: str, **parameters: str) -> Node:
    """Return a macro without a body, as the editor stores it."""
    return {
        "type": "extension",
        "attrs": {
            "layout": "default",
            "extensionType": "com.atlassian.confluence.macro.core",
            "extensionKey": key,
            "parameters": {
                "macroParams": {name: {"value": value} for name, value in parameters.items()},
                "macroMetadata": {"schemaVersion": {"value": "1"}, "title": key.title()},
            },
            "localId": local_id,
        },
    }


def bodied_macro(key: str, local_id: str, *content: Node, **parameters: str) -> Node:
    """Return a macro with a body."""
    return {**macro(key, local_id, **parameters), "type": "bodiedExtension", "content": [*content]}


def expand(title: str, *content: Node) -> Node:
    """Return a section that folds."""
    return {"type": "expand", "attrs": {"title": title}, "content": list(content)}


def columns(*halves: Sequence[Node]) -> Node:
    """Return a layout of columns of equal width."""
    width = 100 / len(halves)
    return {
        "type": "layoutSection",
        "content": [
            {"type": "layoutColumn", "attrs": {"width": width}, "content": list(half)}
            for half in halves
        ],
    }


def status(words: str, color: str, local_id: str) -> Node:
    """Return a status lozenge."""
    return {
        "type": "status",
        "attrs": {"text": words, "color": color, "localId": local_id},
    }


def mention(account_id: str, name: str) -> Node:
    """Return a mention of somebody."""
    return {"type": "mention", "attrs": {"id": account_id, "text": f"@{name}", "accessLevel": ""}}


def date(seconds: float) -> Node:
    """Return the day of a moment, at midnight UTC as the editor stores it."""
    midnight = int(seconds // _DAY * _DAY)
    return {"type": "date", "attrs": {"timestamp": str(midnight * 1000)}}


def media(file_id: str, collection: str, alt: str) -> Node:
    """Return an attached image."""
    attributes = {
        "type": "file",
        "id": file_id,
        "collection": collection,
        "alt": alt,
        "width": 64,
        "height": 64,
    }
    return {
        "type": "mediaSingle",
        "attrs": {"layout": "center"},
        "content": [{"type": "media", "attrs": attributes}],
    }


def annotation(marker: str) -> Node:
    """Return the mark of an inline comment's passage."""
    return {"type": "annotation", "attrs": {"id": marker, "annotationType": "inlineComment"}}


def copy(document: Mapping[str, Any]) -> Node:
    """Return *document* again, sharing nothing."""
    copied: Node = json.loads(json.dumps(document))
    return copied


def below(node: Mapping[str, Any]) -> list[Node]:
    """Return what is directly below *node*."""
    content: list[Node] | None = node.get("content")
    return content or []


def marks_of(node: Mapping[str, Any]) -> list[Node]:
    """Return the marks on a text node."""
    marks: list[Node] | None = node.get("marks")
    return marks or []


def attributes_of(node: Mapping[str, Any]) -> Node:
    """Return the attributes of a node or mark."""
    attributes: Node | None = node.get("attrs")
    return attributes or {}


def walk(node: Mapping[str, Any]) -> Iterator[Node]:
    """Yield every node below *node*, in reading order."""
    for child in below(node):
        yield child
        yield from walk(child)


def _item(item: str) -> Node:
    return {"type": "listItem", "content": [para(item)]}
