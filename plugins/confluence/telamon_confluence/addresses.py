"""Confluence's browser addresses and ARIs: which content one of them names. Nothing is opened."""

import base64
import re
from urllib.parse import parse_qs, unquote, urlsplit

from telamon.plugin import Ari, InvalidArgument, Site

CONTENT_KINDS = ("page", "blogpost")

_ID = re.compile(r"[0-9]{1,19}")
_IN_PATH = re.compile(
    r"/wiki/spaces/[^/]+/"
    r"(?:pages|blog(?:/[0-9]{4}/[0-9]{2}/[0-9]{2})?(?!/[0-9]{4}(?:/[0-9]{2}){0,2}/?$))/"
    r"(?:edit-v2/)?([0-9]{1,19})(?:/.*)?"
)
_FOLDER = re.compile(r"/wiki/spaces/[^/]+/folder/([0-9]{1,19})(?:/.*)?")
_SPACE_OF = r"/wiki/(?:spaces|display)/(?![a-z]+\.action)([^/]+)"
_ELSEWHERE = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (_FOLDER.pattern, "a folder: getConfluenceFolder reads {0}."),
        (
            r"/wiki/spaces/[^/]+/(whiteboard|database|embed)/.*",
            "a {0}, which can be opened in a browser only.",
        ),
        (
            r"/wiki/download/(?:attachments|thumbnails)/([0-9]{1,19})/.*",
            (
                "an attached file: listConfluenceAttachments of page {0} gives its id, "
                "downloadConfluenceAttachment reads it."
            ),
        ),
        (
            r"/wiki/display/([^/]+)/([^/]+)/?",
            (
                "a page with its title: getPagesInConfluenceSpace with spaceId {0} and title {1} "
                "gives its id."
            ),
        ),
        (
            rf"{_SPACE_OF}/blog(?:/.*)?",
            "a space's blog: listConfluenceBlogPosts with spaceId {0} lists its posts.",
        ),
        (
            rf"{_SPACE_OF}(?:/(?:overview|pages|settings)?(?:/.*)?)?",
            (
                "the space {0}: getConfluenceSpace reads it, getPagesInConfluenceSpace lists its "
                "pages."
            ),
        ),
    )
)
"""What else an address may name, and which tool reads that."""
_TINY = re.compile(r"/wiki/x/([A-Za-z0-9_-]{1,16})/?")
_VIEW = re.compile(r"/wiki/pages/[a-z-]+\.action")


def content_id(reference: str, site: Site, *, folder: bool = False) -> str:
    """Return the content id of *reference*, an id or an address on *site*.

    Raises:
        InvalidArgument: It is neither, or the address is another site's, or a folder's where no
            *folder* will do.
    """
    if _ID.fullmatch(reference):
        return reference
    parts = urlsplit(reference)
    if parts.netloc and parts.netloc.casefold() != urlsplit(site.url).netloc.casefold():
        raise InvalidArgument(
            f"{parts.netloc} is not the site of this connection ({site.url}); "
            "pass an address on that site, or a page id."
        )
    address = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if folder and (found := _FOLDER.fullmatch(parts.path)):
        return found[1]
    number = in_address(address)
    if number is None:
        raise InvalidArgument(
            what_else(address)
            or "This address names no page, blog post or folder; pass the page id, an address "
            f"like {site.url}/wiki/spaces/KEY/pages/123/Title, or a short link {site.url}/wiki/x/…"
        )
    return number


def what_else(address: str) -> str | None:
    """Return what an address names that is neither page nor blog post, and which tool reads it."""
    path, _, query = address.partition("?")
    key = parse_qs(query).get("key")
    plain = unquote(f"/wiki/spaces/{key[0]}" if key else path)
    for pattern, said in _ELSEWHERE:
        if found := pattern.fullmatch(plain):
            named = (name.replace("+", " ") for name in found.groups())
            return f"This is the address of {said.format(*named)}"
    return None


def in_address(address: str) -> str | None:
    """Return the content id in the path and query of a browser address, or ``None``."""
    path, _, query = address.partition("?")
    if found := _IN_PATH.fullmatch(path):
        return found[1]
    if found := _TINY.fullmatch(path):
        return tiny_id(found[1])
    if _VIEW.fullmatch(path):
        named = parse_qs(query)
        ids = named.get("pageId") or named.get("draftId") or []
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
    """Tell whether an ARI or an address is of Confluence, be it one that can be read or not."""
    if isinstance(item, Ari):
        return item.product == "confluence"
    return item.startswith("/wiki/") or item.partition("?")[0] == "/wiki"


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
