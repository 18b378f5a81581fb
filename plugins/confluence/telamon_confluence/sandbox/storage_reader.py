"""Reading the plain part of Confluence's storage format (XHTML) as ADF, for page templates."""

from html.parser import HTMLParser
from typing import Any

from telamon_confluence.sandbox.documents import Node, doc, text

_BLOCKS: dict[str, Node] = {
    "p": {"type": "paragraph"},
    "ul": {"type": "bulletList"},
    "ol": {"type": "orderedList", "attrs": {"order": 1}},
    "li": {"type": "listItem"},
    "blockquote": {"type": "blockquote"},
    **{f"h{level}": {"type": "heading", "attrs": {"level": level}} for level in range(1, 7)},
}
_MARKS = {"strong": "strong", "em": "em", "u": "underline", "code": "code"}
_LEAVES = {"hr": "rule", "br": "hardBreak"}


class StorageError(ValueError):
    """The text holds something that the emulator does not read."""


def from_storage(storage: str) -> Node:
    """Return *storage* as an ADF document.

    Raises:
        StorageError: It has macros, tables or anything else beyond plain text and lists.
    """
    reader = _Reader()
    reader.feed(storage)
    reader.close()
    return reader.document()


class _Reader(HTMLParser):
    """Keeps the open blocks, the innermost last, and the marks of the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, Node]] = [("", doc())]
        self._marks: list[str] = []

    def document(self) -> Node:
        if len(self._open) != 1 or self._marks:
            raise StorageError("an element is not closed")
        return self._open[0][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        del attrs  # none of these elements needs any
        if tag in _MARKS:
            self._marks.append(tag)
        elif tag in _LEAVES:
            self._add({"type": _LEAVES[tag]})
        elif tag in _BLOCKS:
            block: Node = {**_BLOCKS[tag], "content": []}
            self._add(block)
            self._open.append((tag, block))
        else:
            raise StorageError(f"<{tag}> is not read here")

    def handle_endtag(self, tag: str) -> None:
        if tag in _LEAVES:
            return
        if self._marks and self._marks[-1] == tag:
            self._marks.pop()
        elif self._open[-1][0] == tag:
            self._open.pop()
        else:
            raise StorageError(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        inner = self._open[-1][0]
        if inner in ("p", "li") or inner.startswith("h"):
            self._words(data, inner)
        elif data.strip():
            raise StorageError("there is text between blocks")

    def _words(self, data: str, inner: str) -> None:
        node = text(data, *(_MARKS[mark] for mark in self._marks))
        if inner != "li":
            self._add(node)
        elif data.strip():
            self._add({"type": "paragraph", "content": [node]})

    def _add(self, node: Node) -> None:
        self._open[-1][1]["content"].append(node)
