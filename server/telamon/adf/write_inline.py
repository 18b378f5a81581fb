"""Writes inline content: text with its marks, and the nodes that stand in a line of text."""

import re
from collections.abc import Iterator

from . import syntax
from .attributes import write_attributes
from .escaping import escape, escape_line_start, is_plain, protect_edges
from .forms import Forms
from .marking import SPANS, Piece, nested, spelled
from .model import TEXT_MARKS
from .nodes import Node, attributes, kind, marks
from .spacing import spaces_outside
from .validity import well_formed
from .write_atoms import atom, code_span, image, link_end, opaque_inline

_BARE_TEXT = {"type", "text"}
LABELLED = SPANS | {"link"}
"""The marks whose text stands between brackets."""
_AFTER_ADDRESS = re.compile(r"[?!.,:;'\"]{0,6}(?:[\s<]|$)")


def write_inline(nodes: list[Node], parent: str, forms: Forms, *, block: bool = True) -> list[str]:
    """The lines that this inline content makes.

    Args:
        nodes: The children of a paragraph or the like, canonical.
        parent: The type of the node which they are children of.
        forms: The choices of this conversion.
        block: Whether the lines may begin a block and be several: in a heading or a table cell
            they may not, and line breaks are written as `<br>`.
    """
    if len(nodes) == 1 and nodes[0].keys() == _BARE_TEXT and well_formed(nodes[0], parent):
        line = protect_edges(escape(nodes[0]["text"]))
        return [escape_line_start(line, definition="]:" in line) if block else line]
    nodes = spaces_outside(nodes) if forms.short else nodes
    alone = _is_alone(nodes)
    pieces = nested([_run(node, parent, forms, alone=alone) for node in nodes])
    _make_addresses(pieces)
    _escape_pieces(pieces)
    lines = [(protect_edges(line), plain) for line, plain in _lines(pieces, block=block)]
    if not block:
        return [line for line, _ in lines]
    definition = any("]:" in line for line, _ in lines)
    return [
        escape_line_start(line, definition=definition) if plain else line for line, plain in lines
    ]


def _lines(pieces: list[Piece], *, block: bool) -> Iterator[tuple[str, bool]]:
    """The lines, and of each whether it begins with plain text."""
    texts = [piece.text for piece in pieces]
    line: list[str] = []
    plain = True
    for at, piece in enumerate(pieces):
        if piece.kind == "break":
            if block and at + 1 < len(pieces) and pieces[at + 1].kind != "break":
                yield "".join(line) + "\\", plain
                line = []
                plain = True
                continue
            texts[at] = "<br>"
        elif piece.kind == "open" and not piece.text:
            texts[at], texts[piece.peer] = spelled(piece.mark, pieces, at)
        if texts[at]:
            plain = plain and (bool(line) or piece.kind == "text")
            line.append(texts[at])
    yield "".join(line), plain


def _is_alone(nodes: list[Node]) -> bool:
    """Whether pictures would be all there is to see in the line."""
    return all(
        kind(node) in ("mediaInline", "hardBreak")
        or (kind(node) == "text" and not str(node.get("text")).strip())
        for node in nodes
    )


def _run(node: Node, parent: str, forms: Forms, *, alone: bool) -> tuple[Piece, list[Node]]:
    """The piece for a node, and the marks that go around it."""
    if not well_formed(node, parent):
        return Piece("raw", opaque_inline(node, forms)), []
    node_type = kind(node)
    if node_type == "text":
        carried: list[Node] = node.get("marks", [])
        found = [mark for mark in carried if mark["type"] in TEXT_MARKS]
        if len(found) < len(carried):
            return Piece("raw", code_span(node["text"])), found
        return Piece("text", node["text"]), found
    if node_type == "hardBreak":
        shown = write_attributes(forms.shown(node, "text"))
        return (Piece("raw", "<br>" + shown) if shown else Piece("break")), []
    if node_type in ("media", "mediaInline"):
        stored = attributes(node).get("type") != "external"
        link = [mark for mark in marks(node) if stored and kind(mark) == "link"]
        flagged = alone and node_type == "mediaInline"
        return Piece("raw", image(node, forms, flagged=flagged)), link
    return Piece("raw", atom(node, forms) or opaque_inline(node, forms)), []


def _escape_pieces(pieces: list[Piece]) -> None:
    """Escape all text, now that it is known what stands beside it."""
    labels = 0
    for at, piece in enumerate(pieces):
        if piece.kind != "text":
            if piece.kind in ("open", "close") and kind(piece.mark) in LABELLED:
                labels += 1 if piece.kind == "open" else -1
        elif not is_plain(piece.text):
            piece.text = escape(
                piece.text,
                in_label=labels > 0,
                before=_beside(pieces, at - 1, -1),
                after=_beside(pieces, at + 1, 0),
            )
    for at, piece in enumerate(pieces):
        if piece.kind == "open" and kind(piece.mark) == "link" and not piece.text:
            piece.text = "["
            pieces[piece.peer].text = "]" + link_end(piece.mark)
        elif piece.kind == "raw" and syntax.EMOJI.fullmatch(piece.text):
            before, after = _beside(pieces, at - 1, -1), _beside(pieces, at + 1, 0)
            if before.isalnum() or before == ":" or after.isalnum() or after in (":", "{"):
                piece.text += "{}"


def _beside(pieces: list[Piece], at: int, index: int) -> str:
    """The character beside a piece: empty at the end of a line, a guess for a delimiter."""
    if not 0 <= at < len(pieces) or pieces[at].kind == "break":
        return ""
    if pieces[at].text:
        return pieces[at].text[index]
    opens_label = pieces[at].kind == "open" and kind(pieces[at].mark) in LABELLED
    if index == 0 and opens_label:
        return "["
    if index == -1 and pieces[at].kind == "close" and kind(pieces[at].mark) == "link":
        return ")"
    return "*"


def _make_addresses(pieces: list[Piece]) -> None:
    """Write a link whose text is its own address as the bare address, or in angle brackets."""
    for at, piece in enumerate(pieces[:-2]):
        inside = pieces[at + 1]
        if piece.kind != "open" or kind(piece.mark) != "link" or piece.peer != at + 2:
            continue
        href, text = attributes(piece.mark)["href"], inside.text
        if inside.kind != "text" or set(attributes(piece.mark)) != {"href"}:
            continue
        if not syntax.link_is_safe(href):
            continue
        bare = _is_bare(text, href, _beside(pieces, at - 1, -1), _following(pieces, at + 3))
        angled = f"<{text}>"
        if bare:
            inside.text = text
        elif (href == text and syntax.AUTOLINK.fullmatch(angled)) or (
            href == f"mailto:{text}" and syntax.EMAIL.fullmatch(angled)
        ):
            inside.text = angled
        else:
            continue
        inside.kind = "raw"
        piece.kind = pieces[at + 2].kind = "raw"


def _following(pieces: list[Piece], at: int) -> str:
    """The text that follows, as far as an address could reach into it."""
    if at >= len(pieces) or pieces[at].kind == "break":
        return ""
    if pieces[at].kind == "text":
        return pieces[at].text[:8] + ("*" if at + 1 < len(pieces) else "")
    return "*"


def _is_bare(text: str, href: str, before: str, after: str) -> bool:
    """Whether the bare text is read as exactly this link, given what stands around it."""
    if (before and not before.isspace() and before != "(") or not _AFTER_ADDRESS.match(after):
        return False
    if syntax.url_extent(text) != len(text):
        return False
    if href == text and text[:8].lower().startswith(("http://", "https://")):
        return syntax.URL_REST.fullmatch(text, text.index(":")) is not None
    return (
        href == f"http://{text}"
        and syntax.WWW.match(text) is not None
        and syntax.WWW_URL.fullmatch(text) is not None
    )
