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
_BY_NAME = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "txt": "text/plain",
    "log": "text/plain",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "md": "text/markdown",
    "json": "application/json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "gz": "application/gzip",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
"""Types that no browser runs anything of; HTML, SVG, scripts and programs are not among them."""

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


def upload_type(name: str, said: str | None) -> str:
    """Return the media type to give a file of this *name*: what its ending means.

    Where that means nothing, what was *said* counts if no browser would run it; else it is octets.
    """
    known = _BY_NAME.get(name.rpartition(".")[2].lower())
    if known is None and said in _BY_NAME.values():
        return str(said)
    return known or _OCTETS


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
