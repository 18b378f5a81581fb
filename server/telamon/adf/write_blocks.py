"""Writes block nodes: each becomes some lines, and its parent sets them apart and indents them."""

import re
from collections.abc import Iterator
from typing import Any

from .attributes import compact_json, inert_json, mark_items, write_attributes
from .escaping import escape
from .forms import Forms, hint
from .nodes import Node, attributes, content, kind, marks
from .validity import MAX_LEVEL, arranged, well_formed
from .write_atoms import destination, summary
from .write_inline import write_inline
from .write_tables import write_table

ALERTS = {
    "info": "NOTE",
    "tip": "TIP",
    "note": "IMPORTANT",
    "warning": "WARNING",
    "error": "CAUTION",
    "success": "SUCCESS",
    "custom": "CUSTOM",
}
"""The alert that stands for each panel type."""
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#._/-]{0,40}")
_OUTERMOST_LIST = 2
_HTML_LINES = ("<p></p>", "<br>")
"""What begins a block of HTML elsewhere, in which nothing is escaped, up to the next empty line."""
_LISTS = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})


def write_blocks(nodes: list[Node], parent: str, forms: Forms) -> list[str]:
    """The lines for the children of a node, one empty line between any two of them."""
    lines: list[str] = []
    for block in write_each(nodes, parent, forms):
        if lines:
            lines.append("")
        lines += block
    return lines


def write_each(nodes: list[Node], parent: str, forms: Forms) -> Iterator[list[str]]:
    """The lines for each of these blocks, which follow one another."""
    before = ""
    second = False
    for node in nodes:
        second = _same_marker(before, kind(node)) and not second
        before = kind(node)
        yield write_block(node, parent, forms, second=second)


def _same_marker(before: str, after: str) -> bool:
    """Whether two adjacent lists would be one in Markdown, if both had the usual marker."""
    return {before, after} <= _LISTS and (before == "orderedList") == (after == "orderedList")


def write_block(  # noqa: C901, PLR0911, PLR0912 - one case for each type of node
    node: Node, parent: str, forms: Forms, *, second: bool = False
) -> list[str]:
    """The lines for one block; `second` asks for the other list marker."""
    children = content(node)
    if forms.level > MAX_LEVEL - 4:
        return opaque_block(node, forms)
    sound = arranged(kind(node), children, "content" in node) or (
        forms.short and kind(node) == "layoutSection" and children
    )
    if not well_formed(node, parent) or not sound:
        return opaque_block(node, forms)
    match kind(node):
        case "paragraph":
            return _with_attributes(
                node, forms, write_inline(children, "paragraph", forms) if children else ["<p></p>"]
            )
        case "heading":
            return _heading(node, forms)
        case "codeBlock":
            return _code_block(node, forms)
        case "rule":
            return _with_attributes(node, forms, ["---"])
        case "blockquote":
            return _with_attributes(
                node, forms, _quoted(write_blocks(children, "blockquote", forms.deeper(1)))
            )
        case "panel":
            return _panel(node, forms)
        case "expand" | "nestedExpand":
            return _expand(node, forms)
        case "bulletList" | "orderedList" | "taskList" | "decisionList":
            return _list(node, forms, second=second) or opaque_block(node, forms)
        case "table":
            return write_table(node, forms, write_blocks) or opaque_block(node, forms)
        case "mediaSingle" | "mediaGroup":
            return _media(node, forms) if _all_sound(node) else opaque_block(node, forms)
        case "blockCard" | "embedCard":
            return _card(node, forms)
        case "layoutSection":
            return _layout(node, forms)
        case "bodiedExtension" | "bodiedSyncBlock":
            return _bodied(node, forms)
        case _:
            return opaque_block(node, forms)


def opaque_block(node: Node, forms: Forms) -> list[str]:
    """A fence that holds the node's JSON, or refers to it and says what it is."""
    if not forms.short:
        return ["```adf", compact_json(node).replace("`", "\\u0060"), "```"]
    return [f"```adf ref={forms.refer(node)}", hint(node).replace("`", "'"), "```"]


def _items(node: Node, forms: Forms, *plain: str) -> dict[str, Any]:
    if "marks" not in node:
        return forms.shown(node, *plain)
    return forms.shown(node, *plain) | mark_items(forms.shown_marks(marks(node)))


def _with_attributes(node: Node, forms: Forms, lines: list[str], *plain: str) -> list[str]:
    items = _items(node, forms, *plain)
    return [write_attributes(items), *lines] if items else lines


def _quoted(lines: list[str]) -> list[str]:
    return [f"> {line}" if line else ">" for line in lines]


def _indented(lines: list[str], marker: str) -> list[str]:
    indent = " " * len(marker)
    rest = [indent + line if line else "" for line in lines[1:]]
    return [(marker + lines[0]).rstrip(" ") if not lines[0] else marker + lines[0], *rest]


def _heading(node: Node, forms: Forms) -> list[str]:
    text = write_inline(content(node), "heading", forms, block=False)[0]
    hashes = "#" * int(attributes(node)["level"])
    closing = re.search(r"(?:^|[ \t])(#+)$", text)
    if closing:
        text = text[: closing.start(1)] + "\\" + text[closing.start(1) :]
    return _with_attributes(node, forms, [f"{hashes} {text}".rstrip(" ")], "level")


def _code_block(node: Node, forms: Forms) -> list[str]:
    text = "".join(str(child.get("text", "")) for child in content(node))
    language = attributes(node).get("language", "")
    longest = max((len(run) for run in re.findall(r"^ *(`{3,})", text, re.MULTILINE)), default=2)
    fence = "`" * max(3, longest + 1)
    plain = bool(_LANGUAGE.fullmatch(language)) and language != "adf"
    lines = [fence + (language if plain else ""), *(text.split("\n") if text else []), fence]
    return _with_attributes(node, forms, lines, *(("language",) if plain else ()))


def _panel(node: Node, forms: Forms) -> list[str]:
    children = content(node)
    body = write_blocks(children, "panel", forms.deeper(1))
    alert = f"[!{ALERTS[attributes(node)['panelType']]}]"
    joined = kind(children[0]) == "paragraph" and not body[0].startswith(("{", "<p>"))
    lines = [alert, *([] if joined else [""]), *body]
    return _with_attributes(node, forms, _quoted(lines), "panelType")


def _expand(node: Node, forms: Forms) -> list[str]:
    title = attributes(node).get("title")
    plain = title is None or ("\n" not in title and "\r" not in title)
    lines = ["<details>"]
    if title is not None and plain:
        lines = ["<details>", f"<summary>{summary(title)}</summary>"]
    body = write_blocks(content(node), kind(node), forms)
    return _with_attributes(
        node, forms, [*lines, "", *body, "", "</details>"], *(("title",) if plain else ())
    )


def _list(node: Node, forms: Forms, *, second: bool) -> list[str] | None:
    children = content(node)
    if kind(children[0]) == "taskList" or not _all_sound(node):
        return None
    number = attributes(node).get("order", 1)
    if kind(node) == "orderedList" and (
        not isinstance(number, int) or number + len(children) > 999_999_999
    ):
        return None
    forms_below = forms.deeper(2)
    lines: list[str] = []
    nested_second = False
    for at, child in enumerate(children):
        if kind(child) == "taskList":
            nested_second = not nested_second if kind(children[at - 1]) == "taskList" else False
            nested = write_block(child, "taskList", forms_below, second=nested_second)
            lines += ["  " + line if line else "" for line in nested]
            continue
        marker = (
            f"{number + at}{')' if second else '.'} "
            if kind(node) == "orderedList"
            else "* "
            if second
            else "- "
        )
        lines += _indented(_list_item(child, forms_below), marker)
    return _with_attributes(node, forms, lines, "order")


def _all_sound(node: Node) -> bool:
    """Whether each child is well formed where it stands."""
    return all(
        well_formed(child, kind(node)) and arranged(kind(child), content(child), "content" in child)
        for child in content(node)
    )


def _list_item(item: Node, forms: Forms) -> list[str]:
    children = content(item)
    if kind(item) in ("taskItem", "decisionItem"):
        state = attributes(item)["state"]
        box = {"TODO": "[ ]", "DONE": "[x]"}[state] if kind(item) == "taskItem" else "<>"
        default = ("state",) if kind(item) == "taskItem" or state == "DECIDED" else ()
        shown = write_attributes(forms.shown(item, *default))
        lines = write_inline(children, kind(item), forms)
        return [" ".join(part for part in (box, shown, lines[0]) if part), *lines[1:]]
    if kind(item) == "blockTaskItem":
        box = {"TODO": "[ ]", "DONE": "[x]"}[attributes(item)["state"]]
        flagged = write_attributes({"block": True} | forms.shown(item, "state"))
        return [f"{box} {flagged}", "", *write_blocks(children, kind(item), forms)]
    items = _items(item, forms)
    listed = [write_attributes({"li": True} | items)] if items else []
    return [*listed, *_tight(children, forms)]


def _tight(children: list[Node], forms: Forms) -> list[str]:
    """A list item's lines: a bullet list follows its paragraph without an empty line."""
    if children == [{"type": "paragraph"}] and forms.level == _OUTERMOST_LIST:
        return [""]  # further in, markers alone on a line could be read as a rule
    lines: list[str] = []
    second = False
    for at, child in enumerate(children):
        before = kind(children[at - 1]) if at else ""
        second = _same_marker(before, kind(child)) and not second
        block = write_block(child, "listItem", forms, second=second)
        follows = before == "paragraph" and lines[-1] not in _HTML_LINES
        joined = follows and re.match(r"(?:[-*]|1\.) \S", block[0])
        lines += block if joined or not lines else ["", *block]
    return lines


def _media(node: Node, forms: Forms) -> list[str]:
    if kind(node) == "mediaGroup":
        listed = write_attributes({"group": True})
        return [listed, *(_picture(child, "mediaGroup", forms) for child in content(node))]
    children = content(node)
    lines = [_picture(children[0], "mediaSingle", forms)]
    if len(children) > 1:
        listed = write_attributes({"caption": True} | forms.shown(children[1]))
        caption = write_inline(content(children[1]), "caption", forms, block=False)[0]
        lines.append(f"{listed} {caption}".rstrip(" "))
    items = _items(node, forms)
    if items.get("layout") == "center":
        del items["layout"]
    listed = write_attributes(items)
    return [listed, *lines] if listed else lines


def _picture(node: Node, parent: str, forms: Forms) -> str:
    """A medium in its link, where it has one."""
    return write_inline([node], parent, forms, block=False)[0]


def _card(node: Node, forms: Forms) -> list[str]:
    attrs = attributes(node)
    if "url" not in attrs or "datasource" in attrs:
        return opaque_block(node, forms)
    flag = "card" if kind(node) == "blockCard" else "embed"
    shown = forms.shown(node, "url")
    if shown.get("layout") == "center" and kind(node) == "embedCard":
        del shown["layout"]
    return [f"[]({destination(attrs['url'])}){write_attributes({flag: True} | shown)}"]


def _layout(node: Node, forms: Forms) -> list[str]:
    lines = [f":::layout {write_attributes(_items(node, forms))}".rstrip(" ")]
    if not _all_sound(node):
        return opaque_block(node, forms)
    for column in content(node):
        lines += [
            f":::column {write_attributes(_items(column, forms))}",
            "",
            *write_blocks(content(column), "layoutColumn", forms),
            "",
        ]
    return [*lines, ":::"]


def _bodied(node: Node, forms: Forms) -> list[str]:
    """A macro with a body: the macro is opaque, the body is Markdown."""
    frame = {key: value for key, value in node.items() if key != "content"}
    if forms.short:
        words = escape(hint(frame), in_label=True, before="*", after="*")
        named = f"ref={forms.refer(frame)} {words}"
    else:
        named = inert_json(frame)
    return [f":::adf {named}", "", *write_blocks(content(node), kind(node), forms), "", ":::"]
