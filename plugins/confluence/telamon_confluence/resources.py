"""Confluence pages as MCP resources."""

import re

from telamon.plugin import InvalidArgument, resource
from telamon_confluence import bodies, scopes
from telamon_confluence.client import Confluence
from telamon_confluence.completion import complete_page

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
