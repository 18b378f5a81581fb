"""Confluence's part of the server's own search and fetch."""

from collections.abc import Sequence

from telamon.plugin import Ari, Fetch, Hit, InvalidArgument, NotFound, Search
from telamon_confluence import cql, found, scopes, shapes
from telamon_confluence.addresses import CONTENT_KINDS, claims
from telamon_confluence.answers import results
from telamon_confluence.client import Confluence
from telamon_confluence.tools.pages import page_shape


async def search(confluence: Confluence, words: str, limit: int) -> Sequence[Hit]:
    """Find pages and blog posts by words, the best first."""
    return await hits(confluence, f"siteSearch ~ {cql.words(words)}", limit)


async def hits(confluence: Confluence, condition: str, limit: int) -> list[Hit]:
    """Run one CQL *condition* over pages and blog posts."""
    answer = await confluence.api.get(
        "/wiki/rest/api/search",
        {
            "cql": f"{condition} and type in (page, blogpost)",
            "limit": max(1, min(limit, 100)),
            "excerpt": found.EXCERPT,
        },
    )
    shown = (found.hit(confluence, item) for item in results(answer))
    return [hit for hit in shown if hit is not None]


_READ_BY = {
    "space": "getConfluenceSpace",
    "folder": "getConfluenceFolder",
    "attachment": "downloadConfluenceAttachment",
    "template": "getConfluenceTemplate",
}
"""The tools that read what is neither page nor blog post, by its kind in an ARI."""


async def fetch(confluence: Confluence, item: Ari | str) -> shapes.Shape:
    """Read the page or blog post that an ARI or an address names.

    Raises:
        NotFound: The ARI is another site's, or there is no such page.
        InvalidArgument: It names something else; the sentence says which tool reads that.
    """
    if isinstance(item, str):
        return await page_shape(confluence, confluence.number(item))
    if item.cloud_id != confluence.api.site.cloud_id:
        raise NotFound(f"This ARI is not of {confluence.api.site.name}.")
    if item.kind not in CONTENT_KINDS:
        by = _READ_BY.get(item.kind)
        raise InvalidArgument(
            f"This is the ARI of a {item.kind}, not of a page or blog post"
            + (f": {by} reads it." if by else "; open it in a browser.")
        )
    return await page_shape(confluence, confluence.number(item.id))


SEARCH = Search(scopes=frozenset({scopes.SEARCH}), run=search)

FETCH = Fetch(scopes=frozenset({scopes.READ_PAGES, scopes.READ_USERS}), claims=claims, run=fetch)
