"""Writes inline content: text with its marks, and the nodes that stand in a line of text."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from . import syntax
from .attributes import compact_json, mark_items, write_attributes
from .escaping import escape, escape_line_start, protect_edges
from .forms import Forms, hint
from .marking import Piece, nested, spelled
from .model import TEXT_MARKS
from .nodes import Node, attributes, kind, marks
from .validity import well_formed

_BACKTICKS = re.compile("`+")
_DAY = 86_400_000
_LABEL_LIMIT = 900
_AFTER_ADDRESS = re.compile(r"[?!.,:;'\"]{0,6}(?:[\s<]|$)")
_DESTINATION_PLAIN = re.compile(r"[^\s<>()\[\]\\&\x00-\x20\x7f`*_~|]+")


def write_inline(nodes: list[Node], parent: str, forms: Forms, *, block: bool = True) -> list[str]:
    """The lines that this inline content makes.

    Args:
        nodes: The children of a paragraph or the like, canonical.
        parent: The type of the node which they are children of.
        forms: The choices of this conversion.
        block: Whether the lines may begin a block and be several: in a heading or a table cell
            they may not, and line breaks are written as `<br>`.
    """
    runs = [_run(node, parent, forms, alone=_is_alone(nodes)) for node in nodes]
    pieces = nested(runs)
    _make_addresses(pieces)
    _escape_pieces(pieces)
    lines = [""]
    starts_with_text = [True]
    closings: dict[int, str] = {}
    for at, piece in enumerate(pieces):
        if piece.kind == "break" and block and any(p.kind != "break" for p in pieces[at + 1 :][:1]):
            lines[-1] += "\\"
            lines.append("")
            starts_with_text.append(True)
            continue
        text = piece.text
        if piece.kind == "break":
            text = "<br>"
        elif piece.kind == "open" and not text:
            text, closings[piece.peer] = spelled(piece.mark, pieces, at)
        elif piece.kind == "close" and not text:
            text = closings.get(at, "")
        if not lines[-1]:
            starts_with_text[-1] = piece.kind == "text"
        lines[-1] += text
    lines = [protect_edges(line) for line in lines]
    if not block:
        return lines
    definition = any("]:" in line for line in lines)
    return [
        escape_line_start(line, definition=definition) if plain else line
        for line, plain in zip(lines, starts_with_text, strict=True)
    ]


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
    if kind(node) == "text":
        found = [mark for mark in marks(node) if kind(mark) in TEXT_MARKS]
        if len(found) < len(marks(node)):
            return Piece("raw", _code(str(node["text"]))), found
        return Piece("text", str(node["text"])), found
    if kind(node) == "hardBreak":
        shown = write_attributes(forms.shown(node, "text"))
        return (Piece("raw", "<br>" + shown) if shown else Piece("break")), []
    if kind(node) in ("media", "mediaInline"):
        link = [mark for mark in marks(node) if kind(mark) == "link"]
        flagged = alone and kind(node) == "mediaInline"
        return Piece("raw", image(node, forms, flagged=flagged)), link
    return Piece("raw", _atom(node, forms) or opaque_inline(node, forms)), []


def _escape_pieces(pieces: list[Piece]) -> None:
    """Escape all text, now that it is known what stands beside it."""
    labels = 0
    for at, piece in enumerate(pieces):
        if piece.kind in ("open", "close") and kind(piece.mark) in (
            "link", "annotation", "textColor", "backgroundColor",
        ):  # fmt: skip
            labels += 1 if piece.kind == "open" else -1
        elif piece.kind == "text":
            piece.text = escape(
                piece.text,
                in_label=labels > 0,
                before=_beside(pieces, at - 1, -1),
                after=_beside(pieces, at + 1, 0),
            )
    for at, piece in enumerate(pieces):
        if piece.kind == "open" and kind(piece.mark) == "link" and not piece.text:
            piece.text = "["
            pieces[piece.peer].text = "]" + _link_end(piece.mark)
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
    opens_label = pieces[at].kind == "open" and kind(pieces[at].mark) in (
        "link", "annotation", "textColor", "backgroundColor",
    )  # fmt: skip
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


def _code(text: str) -> str:
    """A code span; text that a span would change goes between tags."""
    if "\n" in text or "\r" in text:
        return f"<code>{escape(text, in_label=True, before='*', after='*')}</code>"
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1 if longest else 1)
    blank = not text.strip(" ")
    pad = not blank and (text[0] == "`" or text[-1] == "`" or (text[0] == " " and text[-1] == " "))
    return f"{fence} {text} {fence}" if pad else f"{fence}{text}{fence}"


def destination(href: str) -> str:
    """A link destination; white space and brackets make the form in angle brackets."""
    if _DESTINATION_PLAIN.fullmatch(href):
        return href
    if href == "":
        return ""
    escaped = re.sub(r"[\\<>\[\]]", r"\\\g<0>", href)
    escaped = re.sub(r"&(?=[#A-Za-z])", r"\\&", escaped)
    plain = re.fullmatch(r"[^\s()<>\x00-\x20\x7f]+", escaped.replace("\\<", "").replace("\\>", ""))
    if plain:
        return escaped
    return "<" + re.sub(r"[\n\r]", lambda found: f"&#{ord(found[0])};", escaped) + ">"


def _link_end(mark: Node) -> str:
    attrs = dict(attributes(mark))
    written = destination(attrs.pop("href"))
    title = attrs.get("title")
    if title and "\n" not in title and "\r" not in title:
        del attrs["title"]
        safe = re.sub(r'[\\"\[\]]', r"\\\g<0>", title)
        written += ' "' + re.sub(r"&(?=[#A-Za-z])", r"\\&", safe) + '"'
        written = written if not written.startswith(" ") else "<>" + written
    return f"({written})" + write_attributes(attrs)


def label(text: str) -> str | None:
    """Text between brackets, or None where it is too long or broken for that."""
    if len(text) > _LABEL_LIMIT or "\n" in text or "\r" in text or text != text.strip():
        return None
    return escape(text, in_label=True, before="*", after="*")


def image(node: Node, forms: Forms, *, flagged: bool = False) -> str:
    """A picture or file: `![alt](address)`, or `![alt](media:id)` for what Atlassian stores."""
    attrs = forms.shown(node, "type", "id", "url", "alt")
    found = attributes(node)
    media_type = found.get("type", "none")
    address = destination(found["url"] if media_type == "external" else f"media:{found['id']}")
    alt = label(found.get("alt", ""))
    if alt is None or found.get("alt") == "":
        attrs = {"alt": found["alt"]} | attrs
    if attrs.get("collection") == "":
        del attrs["collection"]
    if media_type not in ("external", "file"):
        attrs = {"type": media_type} | attrs
    if media_type == "external" and str(found["url"]).startswith("media:"):
        attrs = {"type": media_type} | attrs
    if flagged:
        attrs = {"inline": True} | attrs
    attrs |= mark_items(forms.shown_marks([mark for mark in marks(node) if kind(mark) != "link"]))
    return f"![{alt or ''}]({address})" + write_attributes(attrs)


def opaque_inline(node: Node, forms: Forms) -> str:
    """A node without a plain form: its JSON, or a reference to it."""
    if not forms.short:
        return f":adf{compact_json(node)}"
    return f":adf{json.dumps([forms.refer(node), hint(node)], ensure_ascii=False)}"


def _atom(node: Node, forms: Forms) -> str | None:
    attrs = attributes(node)
    match kind(node):
        case "mention":
            return _mention(node, attrs, forms)
        case "emoji":
            return _emoji(node, attrs, forms)
        case "status":
            shown = forms.shown(node, "text")
            if shown.get("color") == "neutral":
                del shown["color"]
            return _directive("status", attrs["text"], shown)
        case "date":
            shown = forms.shown(node, "timestamp")
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", attrs["timestamp"]):
                shown = {"timestamp": attrs["timestamp"]} | shown
            return _directive("date", _date(attrs["timestamp"]), shown)
        case "placeholder":
            return _directive("placeholder", attrs["text"], forms.shown(node, "text"))
        case "inlineCard" if "url" in attrs:
            shown = write_attributes(forms.shown(node, "url"))
            return f"[]({destination(attrs['url'])}){shown}"
        case _:
            return None


def _directive(name: str, text: str, shown: dict[str, Any]) -> str | None:
    written = label(text)
    return None if written is None else f":{name}[{written}]{write_attributes(shown)}"


def _date(timestamp: str) -> str:
    """The day, where the timestamp is midnight UTC in milliseconds, else the timestamp itself."""
    if re.fullmatch(r"-?[1-9][0-9]{0,13}|0", timestamp) and int(timestamp) % _DAY == 0:
        day = datetime.fromtimestamp(0, UTC).toordinal() + int(timestamp) // _DAY
        if 366 <= day <= 3_652_059:
            return datetime.fromordinal(day).date().isoformat()
    return timestamp


def _mention(node: Node, attrs: Node, forms: Forms) -> str | None:
    shown = forms.shown(node, "id", "text")
    text = attrs.get("text")
    name = label(text[1:]) if isinstance(text, str) and text[:1] == "@" and len(text) > 1 else ""
    if isinstance(text, str) and not name:
        shown = {"text": text} | shown
    return f"@[{name or ''}]({destination('accountid:' + attrs['id'])}){write_attributes(shown)}"


def _emoji(node: Node, attrs: Node, forms: Forms) -> str | None:
    name = attrs["shortName"]
    if not syntax.EMOJI.fullmatch(name):
        return None
    return name + write_attributes(forms.shown(node, "shortName"))
