"""Suggestions for what somebody types into a resource's or a prompt's arguments."""

import re
from collections.abc import Mapping, Sequence

from telamon_confluence import cql
from telamon_confluence.answers import results
from telamon_confluence.client import Confluence
from telamon_confluence.finding import hits

_NO_WORD = re.compile(r"[\W_]+")


async def complete_page(
    confluence: Confluence, typed: str, others: Mapping[str, str]
) -> Sequence[str]:
    """Suggest pages as ``<id>-<title>`` for what was typed, an id or the beginning of a title."""
    del others  # the site is the connection's own
    number, _, title = typed.partition("-") if typed[:1].isdecimal() else ("", "", typed)
    if number.isdecimal() and number.isascii() and len(number) <= 19 and not title:
        found = await hits(confluence, f"id = {number}", 1)
    else:
        plain = _NO_WORD.sub(" ", title).strip()
        if not plain:
            return []
        found = await hits(confluence, f"title ~ {_starts_with(plain)}", 20)
    return [f"{hit.ari.rpartition('/')[2]}-{_slug(hit.title)}" for hit in found]


async def complete_space(
    confluence: Confluence, typed: str, others: Mapping[str, str]
) -> Sequence[str]:
    """Suggest the keys of spaces whose key or name begins with what was typed."""
    del others  # a space stands alone
    answer = await confluence.api.get("/wiki/api/v2/spaces", {"limit": 250, "status": "current"})
    begun = typed.casefold()
    return [
        str(space["key"])
        for space in results(answer)
        if str(space["key"]).casefold().startswith(begun)
        or str(space["name"]).casefold().startswith(begun)
    ][:100]


def _starts_with(plain: str) -> str:
    return cql.words(plain)[:-1] + '*"'


def _slug(title: str) -> str:
    return _NO_WORD.sub("-", title).strip("-")[:80]
