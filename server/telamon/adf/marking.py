"""How marks become delimiters: which mark encloses which, and which spelling is safe where."""

from typing import Literal

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace

from .attributes import mark_items, write_attributes
from .nodes import Node, attributes, kind

_RANK = {
    name: rank
    for rank, name in enumerate(
        [
            "link",
            "annotation",
            "textColor",
            "backgroundColor",
            "underline",
            "strike",
            "strong",
            "em",
            "subsup",
        ]
    )
}
_TAG = {"strong": "strong", "em": "em", "strike": "s", "underline": "u"}
_DELIMITERS = {"strong": ("**",), "em": ("*", "_"), "strike": ("~~",)}
_RIVALS = {"**": {"strong"}, "*": {"strong", "em"}, "_": {"em"}, "~~": {"strike"}}
Kind = Literal["text", "raw", "open", "close", "break"]
_NO_MARK: Node = {}
SPANS = frozenset({"annotation", "textColor", "backgroundColor"})


class Piece:
    """A part of a line: text to be escaped, finished Markdown, or where a mark begins or ends.

    Attributes:
        peer: For `open`, the index of the `close` that belongs to it, and the other way round.
    """

    __slots__ = ("kind", "mark", "peer", "text")

    def __init__(self, kind: Kind, text: str = "", mark: Node = _NO_MARK, peer: int = -1) -> None:
        self.kind: Kind = kind
        self.text = text
        self.mark = mark
        self.peer = peer


def nested(runs: list[tuple[Piece, list[Node]]]) -> list[Piece]:
    """Put the marks around the pieces so that they nest, the longest outermost."""
    if not any(found for _, found in runs):
        return [piece for piece, _ in runs]
    keyed = [{_key(mark): mark for mark in found} for _, found in runs]
    lengths = _lengths(keyed) if any(len(found) > 1 for found in keyed) else []
    pieces: list[Piece] = []
    opened: list[tuple[str, int]] = []
    for at, found in enumerate(keyed):
        keep = 0
        while keep < len(opened) and opened[keep][0] in found:
            keep += 1
        if keep < len(opened):
            _close(pieces, opened, keep)
        for key in _outermost_first(found, lengths[at]) if len(found) > 1 else found:
            if all(key != already for already, _ in opened):
                opened.append((key, len(pieces)))
                pieces.append(Piece("open", mark=found[key]))
        pieces.append(runs[at][0])
    _close(pieces, opened, 0)
    return pieces


def _outermost_first(found: dict[str, Node], length: dict[str, int]) -> list[str]:
    return sorted(found, key=lambda key: (-length[key], _RANK[kind(found[key])], key))


def _key(mark: Node) -> str:
    attrs = attributes(mark)
    return f"{kind(mark)} {sorted(attrs.items())}" if attrs else kind(mark)


def _lengths(keyed: list[dict[str, Node]]) -> list[dict[str, int]]:
    """For each piece and mark, over how many pieces from there on the mark goes."""
    lengths: list[dict[str, int]] = []
    following: dict[str, int] = {}
    for found in reversed(keyed):
        following = {key: following.get(key, 0) + 1 for key in found}
        lengths.append(following)
    lengths.reverse()
    return lengths


def _close(pieces: list[Piece], opened: list[tuple[str, int]], keep: int) -> None:
    while len(opened) > keep:
        _, start = opened.pop()
        pieces[start].peer = len(pieces)
        pieces.append(Piece("close", mark=pieces[start].mark, peer=start))


def spelled(mark: Node, pieces: list[Piece], start: int) -> tuple[str, str]:
    """How the mark that opens at `start` is written: what stands before and after its content.

    Delimiters are taken only where CommonMark surely reads them as such, else an HTML tag.
    """
    name = kind(mark)
    attrs = attributes(mark)
    if name == "subsup":
        return f"<{attrs['type']}>", f"</{attrs['type']}>"
    if name in SPANS:
        return "[", "]" + write_attributes(mark_items([mark]))
    stop = pieces[start].peer
    around = (
        _end(pieces, start - 1),
        _start(pieces, start + 1),
        _end(pieces, stop - 1),
        _start(pieces, stop + 1),
    )
    for delimiter in _DELIMITERS.get(name, ()):
        if _collides(delimiter, pieces, start, stop):
            continue
        if _opens(delimiter[0], around[0], around[1]) and _opens(
            delimiter[0], around[3], around[2]
        ):
            return delimiter, delimiter
    return f"<{_TAG[name]}>", f"</{_TAG[name]}>"


def _collides(delimiter: str, pieces: list[Piece], start: int, stop: int) -> bool:
    """Whether a neighbour could be written with the same character, and run into this one."""
    rivals = _RIVALS[delimiter]
    for at in (start - 1, start + 1, stop - 1, stop + 1):
        beside = pieces[at] if 0 <= at < len(pieces) else None
        if beside and beside.kind in ("open", "close") and kind(beside.mark) in rivals:
            return True
    return False


def _start(pieces: list[Piece], at: int) -> str:
    """The first character of the piece; white space stands for the end of the line."""
    if at >= len(pieces) or pieces[at].kind == "break":
        return " "
    return pieces[at].text[:1] or "*"


def _end(pieces: list[Piece], at: int) -> str:
    if at < 0 or pieces[at].kind == "break":
        return " "
    return pieces[at].text[-1:] or "*"


def _opens(delimiter: str, outside: str, inside: str) -> bool:
    """Whether a delimiter run between these characters opens (or, mirrored, closes) emphasis."""
    if delimiter != "_" and inside.isalnum():
        return True
    inside_punctuation, outside_punctuation = _is_punctuation(inside), _is_punctuation(outside)
    inside_space, outside_space = isWhiteSpace(ord(inside)), isWhiteSpace(ord(outside))
    flanking = not inside_space and (not inside_punctuation or outside_space or outside_punctuation)
    if delimiter != "_" or not flanking:
        return flanking
    other_way = not outside_space and (
        not outside_punctuation or inside_space or inside_punctuation
    )
    return not other_way or outside_punctuation


def _is_punctuation(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) or isPunctChar(char)
