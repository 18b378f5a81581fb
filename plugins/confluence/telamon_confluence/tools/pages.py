"""Tools that read pages and the trees they stand in."""

from typing import Annotated, Literal

from pydantic import Field

from telamon.plugin import InvalidArgument, Json, NotFound, QueryValue, tool
from telamon_confluence import bodies, parts, scopes, shapes, versions
from telamon_confluence.answers import results
from telamon_confluence.arguments import (
    BodyFormat,
    ContentStatus,
    Cursor,
    Limit,
    Occurrence,
    PageRef,
    SpaceRef,
    Title,
)
from telamon_confluence.client import Confluence, Kind

PageSort = Literal[
    "id",
    "-id",
    "created-date",
    "-created-date",
    "modified-date",
    "-modified-date",
    "title",
    "-title",
]


@tool(
    scopes.READ_PAGES,
    scopes.READ_USERS,
    access="read",
    group="content",
    title="Read a Confluence page",
)
async def get_confluence_page(
    confluence: Confluence,
    *,
    page_id: PageRef,
    content_format: BodyFormat | None = None,
    section: str | None = None,
    occurrence: Occurrence | None = None,
    start: Annotated[int, Field(ge=0)] = 0,
    version: Annotated[int, Field(ge=1)] | None = None,
) -> shapes.Shape:
    """Read a page or blog post by its id or address: title, space, who changed it, labels, body.

    Read it before you change it, and edit the Markdown you got: what you leave as it is stays.
    section names a heading to read below it only. A long body comes in parts: start = nextStart.
    """
    return await page_shape(
        confluence,
        confluence.number(page_id),
        content_format,
        version=version,
        section=section,
        occurrence=occurrence,
        start=start,
    )


async def page_shape(
    confluence: Confluence,
    number: str,
    content_format: BodyFormat | None = None,
    *,
    version: int | None = None,
    section: str | None = None,
    occurrence: int | None = None,
    start: int = 0,
) -> shapes.Shape:
    """Read a page or blog post, as much of it as one answer shows, and who wrote it."""
    if section is not None and content_format == "storage":
        raise InvalidArgument("Sections are read as markdown or adf; leave out one of the two.")
    kind, content = await _content(confluence, number, content_format, version)
    names = await confluence.names(shapes.people(content))
    body = await parts.shown(
        content, content_format, section=section, occurrence=occurrence, start=start
    )
    return {
        **shapes.content_head(confluence, kind, content, names),
        "labels": shapes.labels(content),
        **body,
    }


async def _content(
    confluence: Confluence,
    number: str,
    body_format: BodyFormat | None,
    version: int | None,
) -> tuple[Kind, Json]:
    query: dict[str, QueryValue] = {
        "body-format": bodies.requested(body_format),
        "include-labels": True,
        "version": version,
    }
    try:
        return await confluence.content(number, query)
    except NotFound as error:
        if version is not None and (gone := await versions.missing(confluence, number, [version])):
            raise gone from error
        raise


@tool(
    scopes.READ_PAGES,
    scopes.READ_SPACES,
    access="read",
    group="content",
    title="List the pages of a Confluence space",
)
async def get_pages_in_confluence_space(
    confluence: Confluence,
    *,
    space_id: SpaceRef,
    limit: Limit = 25,
    cursor: Cursor | None = None,
    status: ContentStatus | None = None,
    title: Title | None = None,
    sort: PageSort | None = None,
    depth: Literal["all", "root"] | None = None,
    subtype: Literal["live", "page"] | None = None,
) -> shapes.Shape:
    """List a space's pages without their bodies; title matches exactly.

    To find pages by words, use searchConfluenceUsingCql.
    """
    if subtype and depth == "root":
        raise InvalidArgument(
            "Confluence cannot list by subtype at the root only; leave out depth or subtype."
        )
    query = {
        "limit": limit,
        "cursor": cursor,
        "status": [status] if status else None,
        "title": title,
        "sort": sort,
    }
    number = await confluence.space(space_id)
    if subtype:
        answer = await confluence.api.get(
            "/wiki/api/v2/pages", {**query, "space-id": [number], "subtype": subtype}
        )
    else:
        answer = await confluence.api.get(
            "/wiki/api/v2/spaces/{id}/pages", {**query, "depth": depth}, id=number
        )
    rows = [shapes.content_row(confluence, item) for item in results(answer)]
    return shapes.page_of("pages", rows, answer, spaceId=number)


@tool(scopes.READ_TREE, access="read", group="content", title="List what is below a page")
async def get_confluence_page_descendants(
    confluence: Confluence,
    *,
    page_id: PageRef,
    limit: Limit = 25,
    depth: Annotated[int, Field(ge=1, le=10)] | None = None,
    cursor: Cursor | None = None,
) -> shapes.Shape:
    """List the pages, folders and other content below a page, two levels deep unless told."""
    number = confluence.number(page_id)
    try:
        answer = await confluence.api.get(
            "/wiki/api/v2/pages/{id}/descendants",
            {"limit": limit, "depth": depth, "cursor": cursor},
            id=number,
        )
    except NotFound as error:
        raise NotFound(
            f"There is no page {number}, or this user may not see it. "
            "Blog posts have nothing below them."
        ) from error
    rows: list[shapes.Shape] = [
        {
            name: item.get(name)
            for name in ("id", "type", "title", "status", "parentId", "depth", "childPosition")
        }
        for item in results(answer)
    ]
    return shapes.page_of("descendants", rows, answer)
