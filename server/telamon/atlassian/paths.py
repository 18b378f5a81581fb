"""Build request addresses so that no argument can ever leave the product's own REST API.

The address is the fixed base, then the template with its segments filled, then the query; an
argument decides the content of one segment or of one query value and nothing else.
"""

import re
from functools import lru_cache
from urllib.parse import quote

from yarl import URL

from telamon.plugin import AnyProduct, InvalidArgument, Query, QueryValue
from telamon.plugin.paths import HOLE

_LITERAL = re.compile(r"[A-Za-z0-9_~:-][A-Za-z0-9_.~:-]*")


def check_template(product: AnyProduct, template: str) -> None:
    """Refuse a template that is not one of *product*'s; the fault is the plugin's, not a user's.

    Raises:
        ValueError: It is outside ``api_roots``, or something was pasted into it.
    """
    if not _is_template(template):
        raise ValueError(f"{template!r} is no path template; hand values over as segments")
    if not any(template == root or template.startswith(f"{root}/") for root in product.api_roots):
        raise ValueError(f"{template!r} is outside the API roots of {product.name}")


@lru_cache(maxsize=1024)
def _is_template(template: str) -> bool:
    """Judge each template once: a plugin has a handful of them, and every request names one."""
    empty, *segments = template.split("/")
    return not empty and all(_LITERAL.fullmatch(s) or HOLE.fullmatch(s) for s in segments)


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
