"""The attribute list `{key=value flag}`: how attributes and block marks stand in the Markdown."""

import json
import re
from collections.abc import Mapping
from typing import Any

from .nodes import Node, as_list, attributes, kind
from .values import MARKS, NODES

FLAGS = frozenset(
    ["block", "caption", "card", "embed", "group", "image", "inline", "li", "td", "th"]
)
"""The words that may stand alone in a list; each chooses a form, none is an attribute."""
_MARK_KEYS: dict[str, dict[str, str]] = {
    "alignment": {"align": "align"},
    "indentation": {"level": "indent"},
    "fontSize": {"fontSize": "font"},
    "breakout": {"mode": "breakout", "width": "breakoutWidth"},
    "fragment": {"localId": "fragment", "name": "fragmentName"},
    "dataConsumer": {"sources": "sources"},
    "border": {"size": "borderSize", "color": "border"},
    "link": {
        "href": "href",
        "title": "linkTitle",
        "id": "linkId",
        "collection": "linkCollection",
        "occurrenceKey": "linkOccurrenceKey",
    },
    "textColor": {"color": "color"},
    "backgroundColor": {"color": "bg"},
    "annotation": {"id": "comment"},
}
_KEYS = (
    {name for shapes in NODES.values() for shape in shapes for name in shape.checks}
    | {key for keys in _MARK_KEYS.values() for key in keys.values()}
    | FLAGS
)
_BARE = re.compile(r"[A-Za-z0-9_.:/#%+@-]{1,512}")
_JSON_WORD = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?|true|false|null")
_KEY = re.compile(r"[A-Za-z]{1,24}")
_ODD = re.compile(
    "[\\x00-\\x20|\\x7f-\\xa0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f\\u3000\\ufeff]"
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ACTIVE = re.compile(r"[\[<`]")
_FIRST_LOOK = 512
_LONGEST_WORD = 16
"""How far before the end of a part an error may lie that a longer part would not have."""
_DECODER = json.JSONDecoder()


def compact_json(value: Any) -> str:
    """JSON on one line, without spaces, that no Markdown rule can take apart."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _ODD.sub(lambda found: found[0] if found[0] == " " else f"\\u{ord(found[0]):04x}", text)


def inert_json(value: Any) -> str:
    """Compact JSON for a line of text: its strings hold nothing that Markdown makes a picture of.

    Renderers that do not know this dialect see text here, in which a bracket, a tag or a backtick
    would count.
    """
    return _STRING.sub(_without_active, compact_json(value))


def _without_active(found: re.Match[str]) -> str:
    return _ACTIVE.sub(lambda char: f"\\u{ord(char[0]):04x}", found[0])


def write_attributes(items: Mapping[str, Any]) -> str:
    """The list for these items, flags given as True; an empty string for none."""
    if not items:
        return ""
    return "{" + " ".join(_item(key, value) for key, value in items.items()) + "}"


def _item(key: str, value: Any) -> str:
    if key in FLAGS:
        return key
    if isinstance(value, str) and _BARE.fullmatch(value) and not _JSON_WORD.fullmatch(value):
        return f"{key}={value}"
    return f"{key}={inert_json(value)}"


def read_attributes(text: str, start: int) -> tuple[dict[str, Any], int] | None:
    """Read the list that begins at `start`.

    Returns:
        The items and the position after the closing brace, or None if there is no list here.
    """
    if not text.startswith("{", start):
        return None
    items: dict[str, Any] = {}
    position = start + 1
    while True:
        word = _KEY.match(text, position)
        if word is None or word[0] not in _KEYS:
            return None
        position = word.end()
        if text.startswith("=", position):
            read = _value(text, position + 1)
            if read is None:
                return None
            items[word[0]], position = read
        elif word[0] in FLAGS:
            items[word[0]] = True
        else:
            return None
        if text.startswith("}", position):
            return items, position + 1
        if not text.startswith(" ", position):
            return None
        position += 1


def _value(text: str, start: int) -> tuple[Any, int] | None:
    if text[start : start + 1] in ('"', "[", "{"):
        return read_json(text, start)
    word = _BARE.match(text, start)
    if word is None:
        return None
    if _JSON_WORD.fullmatch(word[0]):
        return json.loads(word[0]), word.end()
    return word[0], word.end()


def read_json(text: str, start: int) -> tuple[Any, int] | None:
    """The JSON string, list or object that begins at `start` and the position after it, or None.

    It is looked for in a part of the text that grows as long as it could be cut off there: an
    error counts the lines before it, and so many errors in one long text would take long.
    """
    size = _FIRST_LOOK
    while True:
        part = text[start : start + size]
        try:
            value, end = _DECODER.raw_decode(part)
        except json.JSONDecodeError as error:
            is_cut = error.msg.startswith("Unterminated") or error.pos > size - _LONGEST_WORD
            if not is_cut or start + size >= len(text):
                return None
            size *= 4
        except RecursionError:  # deeper than any document may be
            return None
        else:
            return value, start + end


def mark_items(found: list[Node]) -> dict[str, Any]:
    """Marks as items of an attribute list. Several inline comments become a list of their ids."""
    items: dict[str, Any] = {}
    for mark in found:
        for name, key in _MARK_KEYS[kind(mark)].items():
            if name in attributes(mark):
                value = attributes(mark)[name]
                if key == "comment" and key in items:
                    value = [*(as_list(items[key]) or [items[key]]), value]
                items[key] = value
    return items


def item_marks(items: Mapping[str, Any]) -> list[Node]:
    """The marks which these items stand for; whatever does not make a known mark is passed over."""
    found: list[Node] = []
    for name, keys in _MARK_KEYS.items():
        attrs = {attr: items[key] for attr, key in keys.items() if key in items}
        if not attrs:
            continue
        if name == "border":
            attrs.setdefault("size", 1)
        if name == "annotation":
            ids = as_list(attrs["id"]) or [attrs["id"]]
            found += [
                {"type": name, "attrs": {"id": one, "annotationType": "inlineComment"}}
                for one in ids
            ]
        else:
            found.append({"type": name, "attrs": attrs})
    return [mark for mark in found if _is_complete(mark)]


def _is_complete(mark: Node) -> bool:
    attrs = attributes(mark)
    shape = MARKS[kind(mark)]
    return attrs.keys() >= shape.required and len(shape.kept(attrs)) == len(
        attrs.keys() & shape.checks.keys()
    )
