"""Attached files: what may be shown of one to a model, and what its name may be."""

import contextlib
import re
import unicodedata

from telamon.plugin import Blocks, Download, Embedded, Image, Text

SHOWN_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Image types that clients draw; SVG is not among them, for it can hold scripts."""

_TEXTS = frozenset(
    {
        "text/plain",
        "text/csv",
        "text/markdown",
        "text/tab-separated-values",
        "application/json",
        "application/yaml",
    }
)
_SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
_UNSAFE = re.compile(r'(?:[\\/:*?"<>|]|\.{2,})+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)

_LONGEST_NAME = 150
_OCTETS = "application/octet-stream"


def clean_name(name: str) -> str:
    """Return *name* as a plain file name: no path, control or direction characters, not too long.

    What is nothing but those becomes ``file``.
    """
    visible = "".join(
        character
        for character in unicodedata.normalize("NFC", name)
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    plain = _UNSAFE.sub("_", visible).strip(" .")
    if not plain.strip("_. "):
        return "file"
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, suffix = plain.rpartition(".")
    if len(plain) > _LONGEST_NAME and dot and len(suffix) <= 10:
        return f"{stem[: _LONGEST_NAME - len(suffix) - 1]}.{suffix}"
    return plain[:_LONGEST_NAME]


def blocks(file: Download, name: str, said: str, uri: str) -> Blocks:
    """Return *file* for a model: an image to look at, text to read, anything else as bytes."""
    shown = embedded(file, said, uri)
    head = Text(f"{name} ({shown.media_type}, {len(file.content)} bytes)")
    if shown.media_type in SHOWN_IMAGES:
        return [head, Image(file.content, shown.media_type)]
    return [head, shown]


def embedded(file: Download, said: str, uri: str) -> Embedded:
    """Return *file* as a resource.

    The type is what Confluence *said*, trusted only where the content bears it out; HTML, SVG and
    whatever else a client might run goes out as plain octets.
    """
    media_type = said.partition(";")[0].strip().lower()
    if media_type in SHOWN_IMAGES and file.content.startswith(_SIGNATURES[media_type]):
        return Embedded(uri, file.content, media_type)
    if media_type in _TEXTS:
        with contextlib.suppress(UnicodeDecodeError):
            return Embedded(uri, file.content.decode(), media_type)
    return Embedded(uri, file.content, _OCTETS)
