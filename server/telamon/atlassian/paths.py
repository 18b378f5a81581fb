"""Build request addresses so that no argument can ever leave the product's own REST API.

The address is the fixed base, then the template's literal text, then percent-encoded segments. An
argument decides the content of one segment and nothing else.
"""

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote

from yarl import URL

from telamon.plugin import AnyProduct, InvalidArgument, Query, QueryValue

_HOLE = re.compile(r"\{(\w+)\}")
_LITERAL = re.compile(r"(?:/[A-Za-z0-9_~:-][A-Za-z0-9_.~:-]*|/(?=\{)|/\{\w+\})+")
_SEGMENT_BYTES = 2048


def check_template(product: AnyProduct, template: str) -> None:
    """Refuse a template that is not one of *product*'s; the fault is the plugin's, not a user's.

    Raises:
        ValueError: It is outside ``api_roots``, or something was pasted into it.
    """
    if not _LITERAL.fullmatch(template):
        raise ValueError(f"{template!r} is no path template; hand values over as segments")
    if not any(
        template == root or template.startswith(f"{root.rstrip('/')}/")
        for root in product.api_roots
    ):
        raise ValueError(f"{template!r} is outside the API roots of {product.name}")


def fill(template: str, segments: Mapping[str, str | int]) -> str:
    """Return *template* with every ``{name}`` replaced by its percent-encoded segment.

    Raises:
        InvalidArgument: A segment cannot be one.
        ValueError: A name in the template has no segment, or the other way round.
    """
    names = _HOLE.findall(template)
    if set(names) != set(segments):
        raise ValueError(f"{template!r} does not take the segments {sorted(segments)}")
    return _HOLE.sub(lambda hole: _segment(hole[1], segments[hole[1]]), template)


def _segment(name: str, value: str | int) -> str:
    text = str(value)
    # A separator would be encoded, but a server behind the gateway may decode before it routes.
    if text in ("", ".", "..") or any(c in "/\\" or unicodedata.category(c) == "Cc" for c in text):
        raise InvalidArgument(
            f"{name} is not usable: it must be one plain id or key, without slashes or control "
            "characters."
        )
    try:
        encoded = quote(text, safe="")
    except UnicodeEncodeError:
        raise InvalidArgument(f"{name} is not usable: it is not valid Unicode text.") from None
    if len(encoded) > _SEGMENT_BYTES:
        raise InvalidArgument(f"{name} is too long to be an id or key.")
    return encoded


def encode_query(query: Query | None) -> str:
    """Return *query* as a query string: ``None`` left out, sequences as repeated names.

    Raises:
        InvalidArgument: A value is not valid Unicode text.
    """
    pairs = [
        (name, _text(value)) for name, values in (query or {}).items() for value in _values(values)
    ]
    try:
        return "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in pairs)
    except UnicodeEncodeError:
        raise InvalidArgument("An argument is not valid Unicode text.") from None


def _values(value: QueryValue) -> list[str | int | float | bool]:
    if value is None:
        return []
    if isinstance(value, (str, int, float)):
        return [value]
    return list(value)


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def address(base: str, path: str, query: str) -> URL:
    """Join what is encoded already; nothing is decoded, normalised or quoted again."""
    return URL(f"{base}{path}?{query}" if query else f"{base}{path}", encoded=True)
