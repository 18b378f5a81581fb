"""Confluence pages and attached files as MCP resources."""

import re
from collections.abc import Mapping

from telamon.plugin import Complete, Embedded, InvalidArgument, resource
from telamon_confluence import bodies, files, parts, scopes, shapes
from telamon_confluence.client import Confluence
from telamon_confluence.completion import complete_page
from telamon_confluence.tools.attachments import attached, attachment_uri, media_type

_NOTHING_TO_COMPLETE: Mapping[str, Complete[Confluence]] = {}
_ATTACHMENT = re.compile(r"(?:att)?[0-9]{1,19}")
_NAMED = re.compile(r"([0-9]{1,19})(?:-.*)?", re.DOTALL)


@resource(
    "confluence://{site}/page/{id}",
    scopes.READ_PAGES,
    scopes.SEARCH,
    title="Confluence page",
    complete={"id": complete_page},
)
async def confluence_page(confluence: Confluence, *, id: str) -> str:  # noqa: A002 - the hole in the address
    """A page or blog post as Markdown, below its title, place and version.

    The title may follow the id in the address.
    """
    named = _NAMED.fullmatch(id)
    if named is None:
        raise InvalidArgument("A page's address ends with its id, which is a number.")
    kind, content = await confluence.content(named[1], {"body-format": bodies.ADF})
    shown = await parts.shown(content, "markdown")
    head = shapes.content_head(confluence, kind, content, {})
    note = f"\n\n[{shown['note']}]" if "note" in shown else ""
    return (
        f"# {head['title']}\n\n"
        f"Space {head['spaceKey'] or head['spaceId']}, version {head['version']} "
        f"of {head['updatedAt']}, {head['url']}\n\n{shown['body']}{note}"
    )


@resource(
    "confluence://{site}/attachment/{id}",
    scopes.READ_ATTACHMENTS,
    scopes.DOWNLOAD_ATTACHMENTS,
    title="File attached to a Confluence page",
    media_type=None,
    complete=_NOTHING_TO_COMPLETE,
)
async def confluence_attachment(confluence: Confluence, *, id: str) -> Embedded:  # noqa: A002 - as above
    """A file attached to a page or blog post."""
    if _ATTACHMENT.fullmatch(id) is None:
        raise InvalidArgument("An attachment's address ends with its id, such as att123.")
    file, item = await attached(confluence, id)
    return files.embedded(file, media_type(item), attachment_uri(confluence, item))
