"""Fill a REST operation's path template safely: one argument is one path segment, always."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from telamon.plugin.errors import InvalidArgument

HOLE = re.compile(r"\{([^{}]+)\}")
DOTS = frozenset({"", ".", ".."})


def fill(template: str, segments: Mapping[str, str | int]) -> str:
    """Return *template* with each ``{name}`` filled from *segments*, percent-encoded.

    A dash in the template's name (``{comment-id}``) is an underscore in *segments*.

    Raises:
        InvalidArgument: A segment is empty, ``.`` or ``..``, or holds a NUL or another control
            character: percent-encoding would not make those safe behind every proxy.
        KeyError: The template names a segment that is not given; TypeError: one too many is.
    """
    names = [name.replace("-", "_") for name in HOLE.findall(template)]
    if spare := set(segments) - set(names):
        raise TypeError(f"{template} has no place for {', '.join(sorted(spare))}")
    return HOLE.sub(lambda hole: _segment(hole[1], segments[hole[1].replace("-", "_")]), template)


def _segment(name: str, value: str | int) -> str:
    text = str(value)
    if text in DOTS or any(ord(character) < 0x20 or character == "\x7f" for character in text):
        raise InvalidArgument(f"{name} cannot be {text!r}.")
    return quote(text, safe="", errors="replace")
