"""Escaping: a backslash or an entity for text that could be read as Markdown, and for no other."""

import re

from .attributes import read_attributes
from .syntax import DIRECTIVE, EMAIL, EMOJI_LIKE, ENTITY, OPAQUE, SCHEME, WWW, emoji_may_begin

_ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SUSPECT = re.compile(r"[\\`*_~\[\]<&:{\n\r!@]")
_SUSPECT_OR_WWW = re.compile(r"[\\`*_~\[\]<&:{\n\r!@]|(?<=[wW]{3})\.")
_RUN = {"*": re.compile(r"\*+"), "_": re.compile("_+"), "~": re.compile("~+")}
_EDGE = re.compile("[\\t\\x0b\\x0c \\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]")
_LINE_START = re.compile(r"(?:#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|:::|(?:```|~~~)|[-=|:*_ +]+$|<>)")
_HTML = re.compile(r"<[A-Za-z/!?]")
"""How HTML begins; a renderer may show any, so that none may come from text."""
_UNFINISHED = re.compile(r":[a-z0-9_+-]{1,64}:?$")
"""What the next piece could make an emoji or a directive."""
_ORDERED = re.compile(r"([0-9]{1,9})[.)](?=\s|$)")
_TASK = re.compile(r"\[[ xX]?\](?=\s|$)|\[!")
_DEFINITION = re.compile(r"\[[^\]]*\]?")


def is_plain(text: str) -> bool:
    """Whether nothing in the text could need escaping, wherever in a line it stands."""
    return _SUSPECT.search(text) is None and "www." not in text.lower()


def escape(text: str, *, in_label: bool = False, before: str = "", after: str = "") -> str:
    """Escape what could be read as an inline form.

    Args:
        text: The text of one node.
        in_label: Whether the text stands between the brackets of a link or span.
        before: The character before it; empty at the beginning of a line.
        after: The character after it; empty at the end of a line.
    """
    suspect = _SUSPECT_OR_WWW if "www." in text.lower() else _SUSPECT
    if suspect.search(text) is None:
        return text
    parts: list[str] = []
    position = 0
    for found in suspect.finditer(text):
        start = found.start()
        if start < position:
            continue
        parts.append(text[position:start])
        char = text[start]
        position = start + 1
        if char in _RUN:
            run = _RUN[char].match(text, start)
            position = run.end() if run else position
            literal = _run_is_literal(text, start, position, before, after)
            parts.append(text[start:position] if literal else f"\\{char}" * (position - start))
        elif char in "\n\r":
            parts.append(f"&#{ord(char)};")
        elif char == ".":
            special = WWW.match(text, start - 3) is not None
            parts.append("\\." if special else char)
        else:
            special = _is_special(text, start, in_label=in_label, before=before, after=after)
            parts.append(f"\\{char}" if special else char)
    parts.append(text[position:])
    return "".join(parts)


def _run_is_literal(text: str, start: int, stop: int, before: str, after: str) -> bool:
    """Whether a run of `*`, `_` or `~` can neither open nor close anything where it stands."""
    if (start == 0 and before) or (stop == len(text) and after):
        return False
    if text[start] == "~":
        return stop - start == 1
    left = text[start - 1] if start else ""
    right = text[stop] if stop < len(text) else ""
    if left in (" ", "\t") and right in (" ", "\t"):
        return True
    return text[start] == "_" and left.isalnum() and right.isalnum()


def _is_special(  # noqa: PLR0911 - one answer for each character
    text: str, at: int, *, in_label: bool, before: str, after: str
) -> bool:
    following = text[at + 1 : at + 2]
    match text[at]:
        case "`":
            return True
        case "\\":
            return following in _ASCII_PUNCTUATION or following in ("", "\n", "\r")
        case "[":
            return in_label
        case "]":
            return in_label or following in ("(", "{")
        case "<":
            return any(form.match(text, at) for form in (_HTML, EMAIL))
        case "&":
            return ENTITY.match(text, at) is not None
        case "{":
            return at == 0 and before in (")", "]", ":")
        case "!" | "@":
            return not following and after == "["
        case _:
            return _colon_is_special(text, at, after)


def _colon_is_special(text: str, at: int, after: str) -> bool:
    if text.startswith("://", at) and SCHEME.search(text, max(0, at - 8), at):
        return True
    if DIRECTIVE.match(text, at) or OPAQUE.match(text, at):
        return True
    if emoji := EMOJI_LIKE.match(text, at):
        return emoji_may_begin(text[at - 1 : at]) or text.startswith("{", emoji.end())
    return bool(after) and _UNFINISHED.match(text, at) is not None


def protect_edges(line: str) -> str:
    """Write the white space at the ends of a line as entities, for Markdown strips it."""
    if not (line[:1].isspace() or line[-1:].isspace()):
        return line
    start, stop = 0, len(line)
    while start < stop and _EDGE.match(line[start]):
        start += 1
    while stop > start and _EDGE.match(line[stop - 1]):
        stop -= 1
    if start == 0 and stop == len(line):
        return line
    inner, after = line[start:stop], _entities(line[stop:])
    if after and (len(inner) - len(inner.rstrip("\\"))) % 2:
        inner += "\\"  # a backslash escapes no space, but it would escape the entity
    return _entities(line[:start]) + inner + after


def _entities(text: str) -> str:
    return "".join("&nbsp;" if char == "\xa0" else f"&#{ord(char)};" for char in text)


def escape_line_start(line: str, *, definition: bool = False) -> str:
    """Escape what could be read as the beginning of a block.

    Args:
        line: A line of a paragraph, its inline forms already escaped.
        definition: Whether the paragraph could be a link reference definition.
    """
    if line[:1].isalpha():
        return line
    ordered = _ORDERED.match(line)
    if ordered:
        return f"{ordered[1]}\\{line[ordered.end(1) :]}"
    if (
        _LINE_START.match(line)
        or _TASK.match(line)
        or (definition and line.startswith("["))
        or read_attributes(line, 0)
    ):
        return "\\" + line
    return line
