"""Confluence's browser addresses and ARIs: which content one of them names. Nothing is opened."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

from telamon.plugin import Ari, InvalidArgument, Site

CONTENT_KINDS = ("page", "blogpost")

_ID = re.compile(r"[0-9]{1,19}")
_IN_PATH = re.compile(
    r"/wiki/spaces/[^/]+/(?:pages|blog(?:/[0-9]{4}/[0-9]{2}/[0-9]{2})?)/(?:edit-v2/)?([0-9]{1,19})(?:/.*)?"
)
_FOLDER = re.compile(r"/wiki/spaces/[^/]+/folder/([0-9]{1,19})(?:/.*)?")
_TINY = re.compile(r"/wiki/x/([A-Za-z0-9_-]{1,16})/?")
_VIEW = re.compile(r"/wiki/pages/[a-z-]+\.action")


def content_id(reference: str, site: Site) -> str:
    """Return the content id of *reference*, an id or an address on *site*.

    Raises:
        InvalidArgument: It is neither, or the address is another site's.
    """
    if _ID.fullmatch(reference):
        return reference
    parts = urlsplit(reference)
    if parts.netloc and parts.netloc.casefold() != urlsplit(site.url).netloc.casefold():
        raise InvalidArgument(
            f"{parts.netloc} is not the site of this connection ({site.url}); "
            "pass an address on that site, or a page id."
        )
    if folder := _FOLDER.fullmatch(parts.path):
        return folder[1]
    found = in_address(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    if found is None:
        raise InvalidArgument(
            "This address names no page, blog post or folder; pass the page id, an address like "
            f"{site.url}/wiki/spaces/KEY/pages/123/Title, or a short link {site.url}/wiki/x/…"
        )
    return found


def in_address(address: str) -> str | None:
    """Return the content id in the path and query of a browser address, or ``None``."""
    path, _, query = address.partition("?")
    if found := _IN_PATH.fullmatch(path):
        return found[1]
    if found := _TINY.fullmatch(path):
        return tiny_id(found[1])
    if _VIEW.fullmatch(path):
        ids = parse_qs(query).get("pageId", [])
        return ids[0] if len(ids) == 1 and _ID.fullmatch(ids[0]) else None
    return None


def tiny_id(code: str) -> str | None:
    """Decode a short link: Base64 of the id's little-endian bytes, zeros at the end left out.

    Its alphabet ends with ``_`` for ``+`` and ``-`` for ``/``.
    """
    padded = code + "A" * (-len(code) % 4)
    value = int.from_bytes(base64.b64decode(padded, altchars=b"_-"), "little")
    return str(value) if 0 < value < 10**19 else None


def claims(item: Ari | str) -> bool:
    """Tell whether an ARI or an address is a page or blog post of Confluence."""
    if isinstance(item, Ari):
        return (
            item.product == "confluence"
            and item.kind in CONTENT_KINDS
            and _ID.fullmatch(item.id) is not None
        )
    return in_address(item) is not None


def ari(site: Site, kind: str, number: str) -> str:
    """Return the Atlassian resource identifier of one thing in Confluence on *site*."""
    return f"ari:cloud:confluence:{site.cloud_id}:{kind}/{number}"


def web_link(site: Site, webui: object) -> str | None:
    """Return the browser address for a ``_links.webui`` path; a foreign one is dropped."""
    if not isinstance(webui, str) or not webui.startswith("/") or webui.startswith("//"):
        return None
    return f"{site.url}/wiki{webui}"


def space_key(webui: object) -> str | None:
    """Return the space key that a browser path below ``/wiki`` begins with."""
    found = re.match(r"/(?:spaces|display)/([^/?]+)", webui) if isinstance(webui, str) else None
    return found[1] if found else None
