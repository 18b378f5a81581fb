"""Reads blocks: the parser's tokens become nodes, before it is looked at what may stand where."""

import re
from typing import Any

from markdown_it.token import Token

from .attributes import read_attributes
from .fit_inline import words_of
from .nodes import Node, build, kind, text_node
from .origin import BODIED, Origin
from .read_frames import Frame, close_to, literal, steer
from .read_inline import InlineReader
from .read_lists import read_list
from .read_paragraphs import read_paragraph, with_items
from .write_blocks import ALERTS

PANELS = {alert: panel for panel, alert in ALERTS.items()} | {
    "INFO": "info",
    "DANGER": "error",
    "ERROR": "error",
}
_ALERT = re.compile(r"\[!([A-Za-z]{1,20})\][+-]?(?:[ \t]*(?:\n|$)|[ \t]+(?=(.)))")
"""What makes a quote a panel; a title may follow it in the same line."""
MOST_FRAMES = 12
"""How many containers may lie inside one another; no valid document has more than eight."""
_MARKERS = frozenset({"adf_open", "adf_close", "adf_part", "adf_summary"})
_REFERENCE = re.compile(r"adf +ref=([0-9A-Za-z-]{1,64})(?: .*)?$")


class BlockReader:
    """Walks over the tokens of one text."""

    def __init__(self, tokens: list[Token], inline: InlineReader, origin: Origin) -> None:
        self._tokens = tokens
        self._at = 0
        self._outer = 0
        self.inline = inline
        self._origin = origin

    def read(self) -> list[Node]:
        """The nodes of the whole text."""
        return self.sequence("")[0]

    def sequence(self, until: str) -> tuple[list[Node], dict[str, Any]]:
        """The nodes up to the closing token, and the attributes meant for the list item itself."""
        if alone := self._alone(until):
            return read_paragraph(alone.content, {}, self.inline), {}
        frames = [Frame("", {})]
        pending: list[Token] = []
        own: dict[str, Any] = {}
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == until:
                break
            if token.type == "adf_attributes":
                if "li" in token.meta["items"]:
                    own |= token.meta["items"]
                else:
                    pending.append(token)
                continue
            items = _items(pending)
            if token.type == "adf_open" and self._outer + len(frames) <= MOST_FRAMES:
                frames.append(self._opened(token, items))
                pending.clear()
            elif token.type in _MARKERS:
                self._flush(pending, frames)
                if not steer(token, frames, self.inline):
                    frames[-1].children.append(literal(token))
            else:
                self._outer += len(frames) - 1
                nodes = self._block(token, items)
                self._outer -= len(frames) - 1
                if nodes:
                    pending.clear()
                frames[-1].children += nodes
        self._flush(pending, frames)
        close_to(frames, 0)
        return frames[0].children, own

    def _flush(self, pending: list[Token], frames: list[Frame]) -> None:
        """Attributes with nothing after them are text."""
        frames[-1].children += [literal(token) for token in pending]
        pending.clear()

    def _block(  # noqa: PLR0911 - one case for each type of token
        self, token: Token, items: dict[str, Any]
    ) -> list[Node]:
        match token.type:
            case "paragraph":
                return read_paragraph(token.content, items, self.inline)
            case "heading_open":
                source = self._tokens[self._at].content
                self._at += 2
                level = int(token.tag[1:])
                return [
                    with_items(build("heading", self.inline.read(source), {"level": level}), items)
                ]
            case "fence" | "code_block":
                return [self._code(token, items)]
            case "hr":
                return [with_items(build("rule"), items)]
            case "adf_empty":
                return [with_items(build("paragraph"), items)]
            case "blockquote_open":
                return [with_items(self._quote(), items)]
            case "bullet_list_open" | "ordered_list_open":
                return read_list(self, token, items)
            case "table_open":
                return [with_items(self._table(), items)]
            case _:
                return []

    def next_is(self, token_type: str) -> bool:
        """Whether the next token has this type; if so it is passed over."""
        if self._at < len(self._tokens) and self._tokens[self._at].type == token_type:
            self._at += 1
            return True
        return False

    def first_line(self) -> Token | None:
        """The token of the paragraph that comes next, if a paragraph comes next."""
        if self._at < len(self._tokens) and self._tokens[self._at].type == "paragraph":
            return self._tokens[self._at]
        return None

    def _alone(self, until: str) -> Token | None:
        """The paragraph that is all up to the closing token, if one is; both are passed over."""
        found = self.first_line() if until else None
        if found is None or self._tokens[self._at + 1].type != until:
            return None
        self._at += 2
        return found

    def _quote(self) -> Node:
        first = self.first_line()
        alert = _ALERT.match(first.content) if first else None
        panel = PANELS.get(alert[1].upper()) if alert else None
        if first and alert and panel:
            first.content = first.content[alert.end() :]
            title, *below = first.content.split("\n", 1)
            if alert[2] and "`" not in title:  # no break within code
                first.content = "<br>".join([title.rstrip(" \t\\"), *below])
            if not first.content:
                self._at += 1
        children, _ = self.sequence("blockquote_close")
        if panel:
            return build("panel", children, {"panelType": panel})
        return build("blockquote", children)

    def _code(self, token: Token, items: dict[str, Any]) -> Node:
        info = token.info.strip(" \t")
        text = token.content.removesuffix("\n")
        found: Node | None = None
        if referred := _REFERENCE.match(info):
            found = self._origin.resolve(referred[1])
        elif info == "adf":
            found = self._origin.payload(text)
        if found is not None:
            # Attributes are not for what was not written here: they could make it another macro.
            return found
        language = next(iter(info.split()), "")
        attrs = {"language": language} if language else {}
        return with_items(build("codeBlock", [text_node(text)] if text else [], attrs), items)

    def _table(self) -> Node:
        rows: list[Node] = []
        header = True
        while not self.next_is("table_close"):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == "tr_open":
                rows.append(build("tableRow", []))
                header = header and len(rows) == 1
            elif token.type in ("th_open", "td_open"):
                source = self._tokens[self._at].content
                self._at += 2
                rows[-1]["content"].append(self._cell(source, token))
        first = rows[0]["content"]
        if len(rows) > 1 and all(cell.pop("empty", False) for cell in first):
            rows.pop(0)
        for row in rows:
            for cell in row["content"]:
                cell.pop("empty", None)
        return build("table", rows)

    def _cell(self, source: str, token: Token) -> Node:
        items, start = read_attributes(source, 0) or ({}, 0)
        body = read_paragraph(source[start:].strip(" \t"), _alignment(token), self.inline)
        node_type = "tableHeader" if token.type == "th_open" else "tableCell"
        if "th" in items or "td" in items:
            node_type = "tableHeader" if "th" in items else "tableCell"
        cell = build(node_type, body or [build("paragraph")], items)
        return cell | {"empty": not source}

    def _opened(self, token: Token, items: dict[str, Any]) -> Frame:
        meta = token.meta
        items = items | meta["items"]
        match meta["of"]:
            case "details":
                title = meta["title"]
                attrs = {} if title is None else {"title": words_of(self.inline.read(title))}
                return Frame("details", build("expand", attrs=attrs), items=items)
            case "layout":
                return Frame(":::", build("layoutSection", [], items), items=items)
            case "table":
                return Frame(":::", build("table", [], items), items=items)
            case _:
                return Frame(":::", self._bodied(meta))

    def _bodied(self, meta: dict[str, Any]) -> Node:
        if "reference" in meta:
            found = self._origin.resolve(meta["reference"])
        else:
            found = self._origin.accept(meta["node"])
        if found is None or kind(found) not in BODIED:
            return {"type": "", "source": meta["source"]}
        return found


def _items(pending: list[Token]) -> dict[str, Any]:
    """The items of the attribute lists that wait for their block."""
    items: dict[str, Any] = {}
    for token in pending:
        items |= token.meta["items"]
    return items


def _alignment(token: Token) -> dict[str, Any]:
    style = token.attrs.get("style")
    align = {"text-align:center": "center", "text-align:right": "end"}.get(str(style))
    return {"align": align} if align else {}
