"""Tools that search."""

from typing import Annotated

from pydantic import Field

from telamon.plugin import tool
from telamon_confluence import answers, found, scopes, shapes
from telamon_confluence.arguments import Cursor
from telamon_confluence.client import Confluence


@tool(scopes.SEARCH, access="read", group="search", title="Search Confluence with CQL")
async def search_confluence_using_cql(
    confluence: Confluence,
    *,
    cql: Annotated[str, Field(min_length=1, max_length=4000)],
    cqlcontext: str | None = None,
    cursor: Cursor | None = None,
    expand: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,]+$")] | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 25,
    prev: bool | None = None,
    next_: bool | None = None,
) -> shapes.Shape:
    """Find pages, blog posts, comments, attachments and spaces with a CQL query.

    For example: type = page and space = DEMO and title ~ "plan" order by lastmodified desc.
    New pages may take a moment to be found.
    """
    answer = await confluence.api.get(
        "/wiki/rest/api/search",
        {
            "cql": cql,
            "cqlcontext": cqlcontext,
            "cursor": cursor,
            "expand": expand,
            "limit": limit,
            "excerpt": found.EXCERPT,
            "prev": prev,
            "next": next_,
        },
    )
    results = [
        found.result(confluence, item, expanded=expand is not None)
        for item in answers.results(answer)
    ]
    return shapes.page_of("results", results, answer, totalSize=answer.get("totalSize"))
