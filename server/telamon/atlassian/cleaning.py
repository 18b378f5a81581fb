"""Make foreign text fit to be shown: error messages of Atlassian's, names of files."""

import re
import unicodedata

from telamon.plugin import InvalidArgument

_TAG = re.compile(r"<[^>]{0,1000}>")
_SPACE = re.compile(r"\s+")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_NAME_BYTES = 200


def clean(text: str, limit: int = 500) -> str:
    """Return *text* as one line of at most *limit* characters, without markup and hidden signs.

    Hidden signs are control and format characters: zero-width, bidirectional, Unicode tags.
    """
    plain = _TAG.sub(" ", text[: limit * 8])
    visible = "".join(
        character if unicodedata.category(character) not in ("Cf", "Co", "Cs") else ""
        for character in plain
        if unicodedata.category(character) != "Cc" or character.isspace()
    )
    line = _SPACE.sub(" ", visible).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def file_name(name: str) -> str:
    """Return *name* without folders, hidden signs and device names, short enough for any disk."""
    base = clean(re.split(r"[/\\]", name)[-1], limit=10_000).strip(". ")
    if _DEVICE.match(base):
        base = f"_{base}"
    stem, dot, extension = base.rpartition(".")
    if dot and stem and len(extension) <= 20:
        room = _NAME_BYTES - len(extension.encode()) - 1
        return f"{_cut(stem, room)}.{extension}"
    return _cut(base, _NAME_BYTES) or "attachment"


def outgoing_file_name(name: str) -> str:
    """Return the cleaned *name* for a multipart header.

    Raises:
        InvalidArgument: It has a line break or NUL, which no honest file name has.
    """
    if any(character in "\r\n\0" for character in name):
        raise InvalidArgument("The file name has a line break in it; give a plain name.")
    return file_name(name)


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")
