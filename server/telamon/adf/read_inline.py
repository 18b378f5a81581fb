"""Reads inline content: the parser's tokens for a line of text become inline nodes.

What comes out may still be more than its place allows: pictures that need a block of their own are
`media` nodes here, cards that were asked to be blocks carry a flag. `read_blocks` sees to both.
"""

from collections import Counter
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from .attributes import item_marks
from .dates import day_of, timestamp_of
from .nodes import Node, build, text_node
from .origin import Origin
from .parse_inline import is_plain
from .values import is_status_colour

_OPENING = {"em_open": "em", "strong_open": "strong", "s_open": "strike"}
_CLOSING = {"em_close": "em", "strong_close": "strong", "s_close": "strike"}


class InlineReader:
    """Reads the inline parts of one text."""

    def __init__(self, parser: MarkdownIt, env: dict[str, Any], origin: Origin) -> None:
        self._parser = parser
        self._env = env
        self._origin = origin

    def read(self, source: str) -> list[Node]:
        """The inline nodes that this Markdown makes."""
        if is_plain(source):
            return [text_node(source)] if source else []
        tokens = self._parser.inline.parse(source, self._parser, self._env, [])
        tags = _matched_tags(tokens)
        simple: Counter[str] = Counter()
        wrapping: list[list[Node]] = []
        nodes: list[Node] = []
        for at, token in enumerate(tokens):
            if token.type in _OPENING:
                simple[_OPENING[token.type]] += 1
            elif token.type in _CLOSING:
                simple[_CLOSING[token.type]] -= 1
            elif token.type in ("link_open", "span_open"):
                wrapping.append(_wrapping_marks(token))
            elif token.type in ("link_close", "span_close"):
                wrapping.pop()
            elif at in tags:
                simple[token.meta["mark"]] += -1 if token.meta["closes"] else 1
            else:
                current = [mark for found in wrapping for mark in found]
                current += [_simple_mark(name) for name, count in simple.items() if count > 0]
                nodes += self._node(token, current)
        return nodes

    def _node(  # noqa: C901, PLR0911 - one case for each type of token
        self, token: Token, current: list[Node]
    ) -> list[Node]:
        meta = token.meta
        items: dict[str, Any] = meta.get("items", {})
        match token.type:
            case "text" | "text_special" | "adf_tag":
                return [text_node(token.content, current)] if token.content else []
            case "softbreak":
                return [text_node(" ", current)]
            case "hardbreak":
                return [build("hardBreak", attrs=items)]
            case "code_inline":
                return [text_node(token.content, [*current, {"type": "code"}])]
            case "adf_image":
                return [_image(token, items, current)]
            case "adf_mention":
                return [_mention(token, items)]
            case "adf_card":
                return [build("inlineCard", attrs={"url": meta["href"]} | items)]
            case "adf_emoji":
                return [build("emoji", attrs={"shortName": token.content} | items)]
            case "adf_directive":
                return [_directive(meta["name"], unescapeAll(token.content), items)]
            case "adf_opaque":
                return [self._opaque(meta["value"]) or text_node(token.content, current)]
            case _:
                return [text_node(token.content, current)] if token.content else []

    def _opaque(self, value: Any) -> Node | None:
        if isinstance(value, list):
            return self._origin.resolve(value[0]) if value and isinstance(value[0], str) else None
        return self._origin.accept(value)


def _matched_tags(tokens: list[Token]) -> set[int]:
    """The tags that have a partner; others are text."""
    opened: dict[str, list[int]] = {}
    matched: set[int] = set()
    for at, token in enumerate(tokens):
        if token.type != "adf_tag":
            continue
        waiting = opened.setdefault(token.meta["mark"], [])
        if not token.meta["closes"]:
            waiting.append(at)
        elif waiting:
            matched |= {waiting.pop(), at}
    return matched


def _simple_mark(name: str) -> Node:
    if name in ("sub", "sup"):
        return {"type": "subsup", "attrs": {"type": name}}
    return {"type": name}


def _wrapping_marks(token: Token) -> list[Node]:
    items: dict[str, Any] = token.meta["items"]
    if token.type == "span_open":
        return item_marks(items)
    title = {"title": token.meta["title"]} if token.meta["title"] else {}
    return [{"type": "link", "attrs": {"href": token.attrs["href"]} | title | items}]


def _image(token: Token, items: dict[str, Any], current: list[Node]) -> Node:
    href = token.meta["href"]
    attrs: dict[str, Any] = {"alt": unescapeAll(token.content)} if token.content else {}
    if href.startswith("media:") and items.get("type") != "external":
        attrs |= {"type": "file", "id": href[6:], "collection": ""}
    else:
        attrs |= {"type": "external", "url": href}
    found = [mark for mark in current if mark["type"] == "link"] + item_marks(items)
    node = build("media", attrs=attrs | items, node_marks=found)
    if token.meta["title"]:
        node["title"] = token.meta["title"]
    return node


def _mention(token: Token, items: dict[str, Any]) -> Node:
    name = unescapeAll(token.content)
    text = {"text": f"@{name}"} if name else {}
    return build("mention", attrs={"id": token.meta["href"][len("accountid:") :]} | text | items)


def _directive(name: str, text: str, items: dict[str, Any]) -> Node:
    if name == "status":
        if not text:
            return text_node(":status[]")
        colour = items.get("color", "")
        fitting = [each for each in (colour, str(colour).lower()) if is_status_colour(each)]
        return build("status", attrs={"text": text} | items | {"color": [*fitting, "neutral"][0]})
    if name == "placeholder":
        return build("placeholder", attrs={"text": text} | items)
    if not text:
        return text_node(":date[]")
    exact = items.get("timestamp")
    if isinstance(exact, str) and day_of(exact) not in (None, text) and timestamp_of(text) != text:
        # Another day was written over the one that the timestamp is of.
        items = {name: value for name, value in items.items() if name != "timestamp"}
    timestamp = items.get("timestamp") or timestamp_of(text)
    return build("date", attrs=items | {"timestamp": timestamp}) if timestamp else text_node(text)
