"""Brackets: links, pictures, mentions, cards and spans, found in one pass over the text.

CommonMark's own way is a stack of open brackets; that keeps the time linear for any input, where
looking for the end of each label anew would not.
"""

import re
from dataclasses import dataclass
from typing import Any

from markdown_it.common.utils import isStrSpace, normalizeReference
from markdown_it.helpers import parseLinkDestination, parseLinkTitle
from markdown_it.rules_inline import StateInline

from .attributes import read_attributes
from .syntax import link_is_safe

_SPAN_KEYS = frozenset({"bg", "color", "comment"})
_TABLE = "adf.brackets"
_MARK = re.compile(r"[\[\]\\`<:]")
"""What counts for brackets: themselves, and what may hide them."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracketed form: its kind by the character before the bracket (`!`, `@`, or none)."""

    prefix: str
    end_of_label: int
    end: int
    href: str | None
    title: str
    items: dict[str, Any]

    @property
    def links(self) -> bool:
        """Whether its label is the text of a link: pictures and cards are none."""
        return not self.prefix and self.href is not None and "image" not in self.items


def brackets(state: StateInline, silent: bool) -> bool:
    """Read the form that begins here, if the table of this text has one."""
    start = state.pos
    char = state.src[start]
    if char != "[" and state.src[start + 1 : start + 2] != "[":
        return False
    found = _table(state).get(start)
    if found is None or found.end > state.posMax:
        return False
    if not silent:
        _push(state, start, found)
    state.pos = found.end
    return True


def _push(state: StateInline, start: int, found: Bracket) -> None:
    label = start + 1 + len(found.prefix)
    if found.prefix or "image" in found.items or (found.links and label == found.end_of_label):
        names = {"!": "adf_image", "@": "adf_mention", "": "adf_card"}
        prefix = found.prefix or ("!" if "image" in found.items else "")
        token = state.push(names[prefix], "", 0)
        token.content = state.src[label : found.end_of_label]
        token.meta = {"href": found.href, "title": found.title, "items": found.items}
        return
    name = "span" if found.href is None else "link"
    token = state.push(f"{name}_open", "a", 1)
    token.attrs = {} if found.href is None else {"href": found.href}
    token.meta = {"title": found.title, "items": found.items}
    end = state.posMax
    state.pos, state.posMax = label, found.end_of_label
    state.linkLevel += name == "link"
    state.md.inline.tokenize(state)
    state.linkLevel -= name == "link"
    state.posMax = end
    state.push(f"{name}_close", "a", -1)


def _table(state: StateInline) -> dict[int, Bracket]:
    """The bracketed forms of this text by where they begin."""
    known = state.env.get(_TABLE)
    if known is None or known[0] != state.src:
        known = (state.src, _scan(state))
        state.env[_TABLE] = known
    return known[1]


def _scan(state: StateInline) -> dict[int, Bracket]:
    table: dict[int, Bracket] = {}
    opened: list[int] = []
    links_from = 0
    source, limit = state.src, len(state.src)
    position, end = state.pos, state.posMax
    at = 0
    state.posMax = limit
    while mark := _MARK.search(source, at):
        at, char = mark.start(), mark[0]
        if char == "[":
            opened.append(at)
            at += 1
        elif char == "]":
            if not opened:
                at += 1
                continue
            bracket = opened.pop()
            prefix = source[bracket - 1] if bracket and source[bracket - 1] in "!@" else ""
            if prefix and _escaped(source, bracket - 1):
                prefix = ""
            found = _form(state, prefix, bracket, at)
            if found is None or (found.links and bracket < links_from):
                at += 1
                continue
            if found.links:
                # A link holds no link: whatever opened before this one is none.
                links_from = bracket
            table[bracket - len(prefix)] = found
            at = found.end
        else:
            state.pos = at
            state.md.inline.skipToken(state)
            at = state.pos
    state.pos, state.posMax = position, end
    return table


def _escaped(source: str, at: int) -> bool:
    slashes = at
    while slashes and source[slashes - 1] == "\\":
        slashes -= 1
    return (at - slashes) % 2 == 1


def _form(state: StateInline, prefix: str, start: int, stop: int) -> Bracket | None:
    """What the label from `start` to `stop` is part of."""
    source = state.src
    inline = _inline_link(source, stop + 1)
    if inline is not None:
        href, title, end = inline
    elif prefix != "@" and (defined := _defined(state, start, stop)):
        href, title, end = defined
    else:
        read = read_attributes(source, stop + 1) if stop > start + 1 else None
        if read is None or prefix or not read[0].keys() <= _SPAN_KEYS:
            return None
        return Bracket("", stop, read[1], None, "", read[0])
    if not link_is_safe(href) or (prefix == "@" and not href.startswith("accountid:")):
        return None
    items, end = read_attributes(source, end) or ({}, end)
    return Bracket(prefix, stop, end, href, title, items)


def _inline_link(source: str, at: int) -> tuple[str, str, int] | None:
    """`(address "title")`: the address, the title and the position after it."""
    if not source.startswith("(", at):
        return None
    limit = len(source)
    at = _skip_space(source, at + 1)
    href = title = ""
    address = parseLinkDestination(source, at, limit)
    if address.ok:
        href = address.str
        at = address.pos
        spaced = _skip_space(source, at)
        found = parseLinkTitle(source, spaced, limit) if spaced > at else None
        if found and found.ok:
            title, spaced = found.str, found.pos
        at = _skip_space(source, spaced)
    if not source.startswith(")", at):
        return None
    return href, title, at + 1


def _skip_space(source: str, at: int) -> int:
    while at < len(source) and (isStrSpace(source[at]) or source[at] == "\n"):
        at += 1
    return at


def _defined(state: StateInline, start: int, stop: int) -> tuple[str, str, int] | None:
    """`[label][name]`, `[name][]` or `[name]`, where the text defines that name."""
    definitions = state.env.get("references")
    if not definitions:
        return None
    source = state.src
    name, end = source[start + 1 : stop], stop + 1
    if source.startswith("[", end):
        close = source.find("]", end, end + 1000)
        if close > end + 1:
            name = source[end + 1 : close]
        end = close + 1 if close > 0 else end
    if len(name) > 999:
        return None
    found = definitions.get(normalizeReference(name))
    return (found["href"], found["title"], end) if found else None
