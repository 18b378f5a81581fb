"""What a CQL search gives: a result's shape, and the marks around the words that matched."""

import re
from typing import Any

from telamon.plugin import Hit, Json
from telamon_confluence import shapes
from telamon_confluence.addresses import ari, in_address, space_key, web_link
from telamon_confluence.answers import is_list, is_object, part
from telamon_confluence.client import Confluence

EXCERPT = "highlight_unescaped"
"""The ``excerpt`` form to ask for: plain text, no HTML entities."""

_MARK = re.compile(r"@@@(?:end)?hl@@@")
_CONTAINED = ("attachment", "comment")
_NOISE = frozenset({"self", "profilePicture", "iconCssClass", "macroRenderedOutput", "childTypes"})


def text(value: object) -> str | None:
    """Return a title or an excerpt without highlight marks and surplus white space."""
    return " ".join(_MARK.sub("", value).split()) or None if isinstance(value, str) else None


def result(confluence: Confluence, item: Json, *, expanded: bool = False) -> shapes.Shape:
    """Return one search result; *expanded* adds what the ``expand`` argument brought."""
    content = part(item, "content")
    place = part(item, "space")
    shape: shapes.Shape = {
        "id": content.get("id") or place.get("id"),
        "type": content.get("type") or item.get("entityType"),
        "title": text(item.get("title")),
        "space": part(item, "resultGlobalContainer").get("title"),
        "spaceKey": place.get("key")
        or space_key(item.get("url"))
        or space_key(part(item, "resultGlobalContainer").get("displayUrl")),
        "pageId": _container(item) if content.get("type") in _CONTAINED else None,
        "excerpt": text(item.get("excerpt")),
        "lastModified": item.get("lastModified"),
        "url": web_link(confluence.api.site, item.get("url")),
    }
    if expanded:
        shape["expanded"] = without_noise(content)
    return shape


def _container(item: Json) -> str | None:
    """Return the id of the page or blog post that a comment or a file is on."""
    above = part(item, "resultParentContainer").get("displayUrl")
    return in_address(f"/wiki{item.get('url')}") or in_address(f"/wiki{above}")


def hit(confluence: Confluence, item: Json) -> Hit | None:
    """Return a search result for the server's own search, or ``None`` where it has no content."""
    content = part(item, "content")
    url = web_link(confluence.api.site, item.get("url"))
    if not content.get("id") or url is None:
        return None
    kind = str(content.get("type"))
    return Hit(
        ari=ari(confluence.api.site, kind, str(content["id"])),
        url=url,
        kind=kind,
        title=text(item.get("title")) or "",
        excerpt=text(item.get("excerpt")),
        updated=item.get("lastModified"),
    )


def without_noise(node: Json) -> Any:
    """Return *node* without links, avatars and empty members."""
    if is_list(node):
        return [without_noise(item) for item in node]
    if not is_object(node):
        return node
    kept = {
        name: without_noise(value)
        for name, value in node.items()
        if not name.startswith("_") and name not in _NOISE
    }
    return {name: value for name, value in kept.items() if value not in (None, "", [], {})}
