"""Reading Confluence's storage format (XHTML) as ADF: what the emulator writes, and no images."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.entities import html5

from telamon_confluence.sandbox.documents import Node, annotation, code, doc, expand, macro, text

_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_MARKS = {
    "strong": "strong",
    "b": "strong",
    "em": "em",
    "i": "em",
    "u": "underline",
    "code": "code",
    "del": "strike",
}
_PANELS = {
    "tip": "success",
    "info": "info",
    "note": "note",
    "success": "success",
    "warning": "warning",
    "error": "error",
}
_HOLDERS = {"ul": "bulletList", "ol": "orderedList", "tr": "tableRow"}
_FLOWS = {"li": "listItem", "blockquote": "blockquote", "td": "tableCell", "th": "tableHeader"}
_SEEN_THROUGH = frozenset({"tbody", "thead", "div", "rich-text-body"})


class StorageError(ValueError):
    """The text holds something that the emulator does not read."""


def from_storage(storage: str) -> Node:
    """Return *storage* as an ADF document.

    Raises:
        StorageError: It is not well-formed, or has images or anything else the emulator leaves out.
    """
    named = _ENTITY.sub(_plain_entity, storage)
    try:
        # Only a sandbox reads this, and a document without a DTD has no entities that expand.
        root = ET.fromstring(f'<root xmlns:ac="ac" xmlns:ri="ri">{named}</root>')  # noqa: S314
        if (root.text or "").strip() or any((child.tail or "").strip() for child in root):
            raise StorageError("there is text between blocks")
        return doc(*(block for child in root for block in _blocks(child)))
    except (ET.ParseError, RecursionError) as error:
        raise StorageError(f"it is not well-formed: {error}") from None


def _plain_entity(found: re.Match[str]) -> str:
    return found[0] if found[1] in _XML_ENTITIES else html5.get(f"{found[1]};", found[0])


def _blocks(element: ET.Element) -> Iterator[Node]:
    tag = _tag(element)
    if tag in _SEEN_THROUGH:
        yield from _flow(element)
    elif tag == "p":
        yield _holding("paragraph", _inline(element))
    elif re.fullmatch("h[1-6]", tag):
        yield {**_holding("heading", _inline(element)), "attrs": {"level": int(tag[1])}}
    elif tag in _HOLDERS:
        order = {"attrs": {"order": 1}} if tag == "ol" else {}
        yield {"type": _HOLDERS[tag], **order, "content": _children(element)}
    elif tag in _FLOWS:
        attributes: Node = {"attrs": {}} if tag in ("td", "th") else {}
        yield {"type": _FLOWS[tag], **attributes, "content": list(_flow(element))}
    elif tag == "table":
        attributes = {"isNumberColumnEnabled": False, "layout": "default"}
        yield {"type": "table", "attrs": attributes, "content": _children(element)}
    elif tag == "hr":
        yield {"type": "rule"}
    elif tag == "task-list":
        yield _task_list(element)
    elif tag == "structured-macro":
        yield _macro(element)
    else:
        raise StorageError(f"<{tag}> is not read here")


def _children(element: ET.Element) -> list[Node]:
    """Return what is below a list, a table or a row, where no text may stand."""
    if "".join([element.text or "", *(child.tail or "" for child in element)]).strip():
        raise StorageError(f"there is text directly in <{_tag(element)}>")
    found: list[Node] = []
    for child in element:
        found += _children(child) if _tag(child) in ("tbody", "thead") else _blocks(child)
    if not found:
        raise StorageError(f"<{_tag(element)}> is empty")
    return found


def _flow(element: ET.Element) -> Iterator[Node]:
    """Return the blocks in an element that may hold text as well; runs of text are paragraphs."""
    nodes: list[Node] = [text(element.text or "")] if (element.text or "").strip() else []
    for child in element:
        if _is_inline(child):
            nodes += _inline_of(child, ())
        else:
            if nodes:
                yield _holding("paragraph", nodes)
            nodes = []
            yield from _blocks(child)
        if (child.tail or "").strip():
            nodes.append(text(child.tail or ""))
    if nodes:
        yield _holding("paragraph", nodes)


def _is_inline(element: ET.Element) -> bool:
    tag = _tag(element)
    return tag in _MARKS or tag in _INLINE or _named(element) == "status"


def _inline(element: ET.Element, marks: Sequence[str | Node] = ()) -> list[Node]:
    nodes: list[Node] = []
    if element.text:
        nodes.append(text(element.text, *marks))
    for child in element:
        nodes += _inline_of(child, marks)
        if child.tail:
            nodes.append(text(child.tail, *marks))
    return nodes


def _inline_of(element: ET.Element, marks: Sequence[str | Node]) -> list[Node]:
    tag = _tag(element)
    if tag in _MARKS:
        return _inline(element, [*marks, _MARKS[tag]])
    if _named(element) == "status":
        title = _parameters(element).get("title", "")
        return [{"type": "status", "attrs": {"text": title, "color": "neutral"}}]
    if tag in _INLINE:
        return _INLINE[tag](element, marks)
    raise StorageError(f"<{tag}> is not read here within text")


def _link(element: ET.Element, marks: Sequence[str | Node]) -> list[Node]:
    href = element.get("href")
    if href is not None:
        return _inline(element, [*marks, {"type": "link", "attrs": {"href": href}}])
    person = element.find("{ri}user")
    if person is None or not person.get("{ri}account-id"):
        raise StorageError("a link names neither an address nor a person")
    return [{"type": "mention", "attrs": {"id": person.get("{ri}account-id")}}]


def _commented(element: ET.Element, marks: Sequence[str | Node]) -> list[Node]:
    return _inline(element, [*marks, annotation(element.get("{ac}ref", ""))])


_INLINE: Mapping[str, Callable[[ET.Element, Sequence[str | Node]], list[Node]]] = {
    "a": _link,
    "link": _link,
    "inline-comment-marker": _commented,
    "br": lambda _, __: [{"type": "hardBreak"}],
    "span": _inline,
}


def _task_list(element: ET.Element) -> Node:
    items: list[Node] = []
    for task in element:
        body = task.find("{ac}task-body")
        done = task.findtext("{ac}task-status") == "complete"
        attributes = {
            "localId": task.findtext("{ac}task-id") or f"task-{len(items)}",
            "state": "DONE" if done else "TODO",
        }
        content = [] if body is None else _inline(body)
        items.append({"type": "taskItem", "attrs": attributes, "content": content})
    first = items[0]["attrs"]["localId"] if items else ""
    return {"type": "taskList", "attrs": {"localId": f"list-{first}"}, "content": items}


def _macro(element: ET.Element) -> Node:
    name, given = _named(element), _parameters(element)
    rich = element.find("{ac}rich-text-body")
    content = [] if rich is None else list(_flow(rich))
    if name == "code":
        return code(given.get("language", ""), element.findtext("{ac}plain-text-body") or "")
    if name in _PANELS:
        return {"type": "panel", "attrs": {"panelType": _PANELS[name]}, "content": content}
    if name == "expand":
        return expand(given.get("title", ""), *content)
    made = macro(name, element.get("{ac}macro-id") or name, **given)
    return made if rich is None else {**made, "type": "bodiedExtension", "content": content}


def _named(element: ET.Element) -> str:
    return element.get("{ac}name", "") if _tag(element) == "structured-macro" else ""


def _parameters(element: ET.Element) -> dict[str, str]:
    return {each.get("{ac}name", ""): each.text or "" for each in element.findall("{ac}parameter")}


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _holding(kind: str, content: list[Node]) -> Node:
    return {"type": kind, "content": content}
