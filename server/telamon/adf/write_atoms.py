"""Writes what stands in a line and is not text: addresses, pictures, mentions, directives."""

import re
from typing import Any

from . import syntax
from .attributes import inert_json, mark_items, write_attributes
from .dates import day_of, timestamp_of
from .escaping import escape, protect_edges
from .forms import Forms, hint
from .nodes import Node, attributes, kind, marks

_BACKTICKS = re.compile("`+")
_LABEL_LIMIT = 900
_DESTINATION_PLAIN = re.compile(r"[^\s<>()\[\]\\&\x00-\x20\x7f`*_~|]+")


def code_span(text: str) -> str:
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
    escaped = syntax.ENTITY.sub(r"\\\g<0>", escaped)
    plain = re.fullmatch(r"[^\s()<>\x00-\x20\x7f]+", escaped.replace("\\<", "").replace("\\>", ""))
    if plain:
        return escaped
    return "<" + re.sub(r"[\n\r]", lambda found: f"&#{ord(found[0])};", escaped) + ">"


def link_end(mark: Node) -> str:
    """What follows the label of a link: the address, the title, the attributes."""
    attrs = dict(attributes(mark))
    written = destination(attrs.pop("href"))
    title = attrs.get("title")
    if title and "\n" not in title and "\r" not in title:
        del attrs["title"]
        safe = re.sub(r'[\\"\[\]]', r"\\\g<0>", title)
        written += ' "' + syntax.ENTITY.sub(r"\\\g<0>", safe) + '"'
        written = written if not written.startswith(" ") else "<>" + written
    return f"({written})" + write_attributes(attrs)


def summary(title: str) -> str:
    """A title between tags. To others the line is HTML, in which a backslash is no escape."""
    parts = (escape(part, in_label=True, before="*", after="*") for part in title.split("<"))
    return protect_edges("&lt;".join(parts))


def label(text: str) -> str | None:
    """Text between brackets, or None where it is too long or broken for that."""
    if len(text) > _LABEL_LIMIT or "\n" in text or "\r" in text or text != text.strip():
        return None
    return escape(text, in_label=True, before="*", after="*")


def image(node: Node, forms: Forms, *, flagged: bool = False) -> str:
    """A picture or file: `![alt](media:id)` for what Atlassian stores, else a link with a label.

    Whoever shows Markdown fetches the pictures in it unasked, and an address elsewhere could carry
    away what stands around it. A link is fetched by none; its own link is in its attributes.
    """
    attrs = forms.shown(node, "type", "id", "url", "alt")
    found = attributes(node)
    media_type = found.get("type", "none")
    elsewhere = media_type == "external"
    address = destination(found["url"] if elsewhere else f"media:{found['id']}")
    alt = label(found.get("alt", ""))
    if alt is None or found.get("alt") == "":
        attrs = {"alt": found["alt"]} | attrs
    if attrs.get("collection") == "":
        del attrs["collection"]
    if media_type not in ("external", "file"):
        attrs = {"type": media_type} | attrs
    if elsewhere and found["url"].startswith("media:"):
        attrs = {"type": media_type} | attrs
    if flagged:
        attrs = {"inline": True} | attrs
    carried = [mark for mark in marks(node) if elsewhere or kind(mark) != "link"]
    attrs |= mark_items(forms.shown_marks(carried))
    if elsewhere:
        return f"[{alt or ''}]({address})" + write_attributes({"image": True} | attrs)
    return f"![{alt or ''}]({address})" + write_attributes(attrs)


def opaque_inline(node: Node, forms: Forms) -> str:
    """A node without a plain form: its JSON, or a reference to it."""
    if not forms.short:
        return f":adf{inert_json(node)}"
    return f":adf{inert_json([forms.refer(node), hint(node)])}"


def atom(node: Node, forms: Forms) -> str | None:  # noqa: PLR0911 - one case for each type
    """An inline node in its plain form, or None if it has none."""
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
            timestamp = attrs["timestamp"]
            day = day_of(timestamp) or timestamp
            if timestamp_of(day) != timestamp:
                shown = {"timestamp": timestamp} | shown
            return _directive("date", day, shown)
        case "placeholder":
            return _directive("placeholder", attrs["text"], forms.shown(node, "text"))
        case "inlineCard" if "url" in attrs:
            listed = write_attributes(forms.shown(node, "url"))
            return f"[]({destination(attrs['url'])}){listed}"
        case _:
            return None


def _directive(name: str, text: str, shown: dict[str, Any]) -> str | None:
    written = label(text)
    return None if written is None else f":{name}[{written}]{write_attributes(shown)}"


def _mention(node: Node, attrs: Node, forms: Forms) -> str | None:
    shown = forms.shown(node, "id", "text")
    text = attrs.get("text")
    name = label(text[1:]) if isinstance(text, str) and text[:1] == "@" and len(text) > 1 else ""
    if isinstance(text, str) and not name:
        shown = {"text": text} | shown
    return f"@[{name or ''}]({destination('accountid:' + attrs['id'])}){write_attributes(shown)}"


def _emoji(node: Node, attrs: Node, forms: Forms) -> str | None:
    name = str(attrs["shortName"])
    if not syntax.EMOJI.fullmatch(name):
        return None
    return name + write_attributes(forms.shown(node, "shortName"))
