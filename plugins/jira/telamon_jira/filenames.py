"""What a file may be called and sent as, whatever its sender says (SECURITY: never rendered)."""

import mimetypes
import unicodedata
from pathlib import PurePosixPath

LONGEST = 150
LONGEST_SUFFIX = 16
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
)
UNSAFE = frozenset('<>:"|?*/\\')
OPAQUE = "application/octet-stream"

PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""The image types a model can look at, with how their files begin."""

TEXTS = frozenset(
    {
        "text/plain",
        "text/csv",
        "text/markdown",
        "text/x-log",
        "application/json",
        "application/x-yaml",
        "application/yaml",
    }
)
"""Types whose content is sent as text; markup that a browser would run is not among them."""

HARMLESS = frozenset({"application/pdf", "application/zip", "application/gzip"})
"""Further types that keep their name; everything else is opaque."""


def clean_name(name: str) -> str:
    """Return *name* as one plain file name: no path, no control or direction marks, not too long.

    Names that Windows reserves get an underscore; a name of nothing becomes ``file``.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(
        character
        for character in last
        if not unicodedata.category(character).startswith("C") and character not in UNSAFE
    ).strip(". ")
    path = PurePosixPath(plain or "file")
    suffix = path.suffix if len(path.suffix) <= LONGEST_SUFFIX else ""
    stem = path.name.removesuffix(suffix)[: LONGEST - len(suffix)].rstrip(". ") or "file"
    if stem.split(".", 1)[0].casefold() in RESERVED:
        stem = f"_{stem}"
    return stem + suffix


def type_of(name: str) -> str:
    """Guess the media type from a file name."""
    return mimetypes.guess_type(name)[0] or OPAQUE


def is_picture(media_type: str, content: bytes) -> bool:
    """Say whether *content* really is a picture of that type, by how it begins."""
    begins = any(content.startswith(magic) for magic in PICTURES.get(media_type, ()))
    return begins and (media_type != "image/webp" or content[8:12] == b"WEBP")


def as_text(media_type: str, content: bytes) -> str | None:
    """Return the text of a file, or ``None`` if it is none or not of a type sent as text."""
    if media_type not in TEXTS:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def declared(media_type: str) -> str:
    """Return the type under which bytes may be handed on."""
    return media_type if media_type in HARMLESS | TEXTS | PICTURES.keys() else OPAQUE
