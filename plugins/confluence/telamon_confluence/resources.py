"""Confluence pages and attached files as MCP resources."""

import re
from collections.abc import Mapping

from telamon.plugin import Complete, Embedded, InvalidArgument, resource
from telamon_confluence import bodies, files, scopes
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
async def page(confluence: Confluence, *, id: str) -> str:  # noqa: A002 - the hole in the address
    """A page or blog post as Markdown under its title; the title may follow the id."""
    named = _NAMED.fullmatch(id)
    if named is None:
        raise InvalidArgument("A page's address ends with its id, which is a number.")
    _, content = await confluence.content(named[1], {"body-format": bodies.ADF})
    return f"# {content['title']}\n\n{bodies.read(content)}"


@resource(
    "confluence://{site}/attachment/{id}",
    scopes.READ_ATTACHMENTS,
    scopes.DOWNLOAD_ATTACHMENTS,
    title="File attached to a Confluence page",
    media_type=None,
    complete=_NOTHING_TO_COMPLETE,
)
async def attachment(confluence: Confluence, *, id: str) -> Embedded:  # noqa: A002 - as above
    """A file attached to a page or blog post."""
    if _ATTACHMENT.fullmatch(id) is None:
        raise InvalidArgument("An attachment's address ends with its id, such as att123.")
    file, item = await attached(confluence, id)
    return files.embedded(file, media_type(item), attachment_uri(confluence, item))
