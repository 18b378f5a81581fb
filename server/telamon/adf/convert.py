"""What stands in for a block where the block itself may not stand."""

from typing import Any

from . import model
from .fit_inline import plain
from .nodes import Node, attributes, build, content, kind, marks, text_node

_STRONG: Node = {"type": "strong"}
WRAPPED = {
    "listItem": "bulletList",
    "tableRow": "table",
    "taskItem": "taskList",
    "blockTaskItem": "taskList",
    "decisionItem": "decisionList",
    "media": "mediaSingle",
}
"""What a part needs around it to stand on its own."""


def convert(  # noqa: C901, PLR0911, PLR0912 - one case for each type of node
    node: Node, parent: str
) -> list[Node]:
    """Simpler nodes that say the same; repeated, this ends with paragraphs."""
    allowed = model.CONTENT[parent]
    match kind(node):
        case "heading":
            return [build("paragraph", [_bold(child) for child in content(node)])]
        case "expand" if "nestedExpand" in allowed:
            return [node | {"type": "nestedExpand", "attrs": attributes(node)}]
        case "nestedExpand" if "expand" in allowed:
            return [node | {"type": "expand"}]
        case "expand" | "nestedExpand":
            title = attributes(node).get("title")
            head = [build("paragraph", [text_node(title, [_STRONG])])] if title else []
            return head + content(node)
        case "table":
            return [_row_line(row) for row in content(node)]
        case "taskList" | "decisionList" if "bulletList" in allowed:
            return [build("bulletList", _boxed(node))]
        case "taskItem" | "decisionItem" if parent not in model.CONTENT:
            return [build("paragraph", content(node))]
        case "codeBlock":
            return [build("paragraph", _code_line(node))]
        case "mediaGroup" if "mediaSingle" in allowed:
            return [build("mediaSingle", [child]) for child in content(node)]
        case "mediaSingle":
            return [build("paragraph", [_linked(child) for child in content(node)])]
        case "blockCard" | "embedCard" if isinstance(attributes(node).get("url"), str):
            card = build("inlineCard", attrs={"url": attributes(node)["url"]})
            return [build("paragraph", [card])]
        case "rule":
            return []
        case "caption" | "taskItem" | "decisionItem":
            return [build("paragraph", content(node))]
        case _:
            return _unwrapped(node)


def _unwrapped(node: Node) -> list[Node]:
    """The children, or a paragraph with what the node is called."""
    if content(node):
        return content(node)
    if kind(node) in model.INLINE:
        return [build("paragraph", [node])]
    attrs = attributes(node)
    words = next((attrs[key] for key in ("alt", "text", "extensionKey") if attrs.get(key)), "")
    return [build("paragraph", [text_node(str(words))])] if words else []


def _bold(node: Node) -> Node:
    if kind(node) != "text" or _STRONG in marks(node):
        return node
    if any(kind(mark) == "code" for mark in marks(node)):
        return node
    return node | {"marks": [*marks(node), _STRONG]}


def _row_line(row: Node) -> Node:
    line: list[Node] = []
    for at, cell in enumerate(content(row)):
        if at:
            line.append(text_node(" | "))
        line.append(text_node(plain(cell)))
    return build("paragraph", line)


def _boxed(node: Node) -> list[Node]:
    """List items for tasks or decisions, their boxes as text."""
    items: list[Node] = []
    for child in content(node):
        if kind(child) == "taskList":
            nested: Any = build("bulletList", _boxed(child))
            if items:
                items[-1]["content"].append(nested)
            else:
                items.append(build("listItem", [nested]))
            continue
        if kind(child) == "decisionItem":
            box = "<> "
        else:
            box = "[x] " if attributes(child).get("state") == "DONE" else "[ ] "
        if kind(child) == "blockTaskItem":
            body = [build("paragraph", [text_node(box.strip())]), *content(child)]
        else:
            body = [build("paragraph", [text_node(box), *content(child)])]
        items.append(build("listItem", body))
    return items


def _code_line(node: Node) -> list[Node]:
    line: list[Node] = []
    for at, text in enumerate(plain(node).split("\n")):
        if at:
            line.append(build("hardBreak"))
        line.append(text_node(text, [{"type": "code"}]))
    return line


def _linked(node: Node) -> Node:
    attrs = attributes(node)
    if kind(node) == "caption":
        return text_node(" " + plain(node))
    url = attrs.get("url")
    words = attrs.get("alt") or url or attrs.get("id") or ""
    link: Node = {"type": "link", "attrs": {"href": url}}
    return text_node(str(words), [link] if isinstance(url, str) else [])
