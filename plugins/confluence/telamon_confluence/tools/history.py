"""Tools that read what happened to a page: its versions and its views."""

import asyncio
import difflib
from typing import Annotated

from pydantic import Field

from telamon.plugin import InvalidArgument, NotFound, tool
from telamon_confluence import bodies, scopes, shapes, versions
from telamon_confluence.answers import part, results
from telamon_confluence.arguments import Cursor, Day, Limit, PageRef
from telamon_confluence.client import Confluence

VersionNumber = Annotated[int, Field(ge=1)]


@tool(
    scopes.READ_PAGES,
    scopes.READ_USERS,
    access="read",
    group="content",
    title="List the versions of a Confluence page",
    listed=False,
)
async def get_confluence_page_versions(
    confluence: Confluence, *, page_id: PageRef, limit: Limit = 25, cursor: Cursor | None = None
) -> shapes.Shape:
    """List who changed a page or blog post when, the newest version first."""
    _, answer = await confluence.under(
        "page",
        confluence.number(page_id),
        "/versions",
        {"limit": limit, "cursor": cursor, "sort": "-modified-date"},
    )
    made = results(answer)
    names = await confluence.names(each.get("authorId") for each in made)
    return shapes.page_of("versions", [shapes.version(each, names) for each in made], answer)


@tool(
    scopes.READ_PAGES,
    scopes.READ_USERS,
    access="read",
    group="content",
    title="Compare two versions of a Confluence page",
    listed=False,
)
async def compare_confluence_page_versions(
    confluence: Confluence,
    *,
    page_id: PageRef,
    from_version: VersionNumber,
    to_version: VersionNumber,
) -> shapes.Shape:
    """Show what changed between two versions of a page, as a unified diff of its Markdown."""
    if from_version == to_version:
        raise InvalidArgument("fromVersion and toVersion are the same; pass two versions.")
    number = confluence.number(page_id)
    wanted = (from_version, to_version)
    try:
        (_, older), (_, newer) = await asyncio.gather(
            *(
                confluence.content(number, {"body-format": bodies.ADF, "version": version})
                for version in wanted
            )
        )
    except NotFound as error:
        if gone := await versions.missing(confluence, number, wanted):
            raise gone from error
        raise
    made = [part(older, "version"), part(newer, "version")]
    names = await confluence.names(each.get("authorId") for each in made)
    diff = difflib.unified_diff(
        str(bodies.read(older)).splitlines(),
        str(bodies.read(newer)).splitlines(),
        f"version {from_version}",
        f"version {to_version}",
        lineterm="",
    )
    return {
        "id": number,
        "from": {"title": older.get("title"), **shapes.version(made[0], names)},
        "to": {"title": newer.get("title"), **shapes.version(made[1], names)},
        "diff": "\n".join(diff),
    }


@tool(
    scopes.READ_SUMMARIES,
    access="read",
    group="content",
    title="Count the views of a Confluence page",
    listed=False,
)
async def get_confluence_page_views(
    confluence: Confluence, *, page_id: PageRef, from_date: Day | None = None
) -> shapes.Shape:
    """Count how often a page or blog post was viewed, since a date if given."""
    number = confluence.number(page_id)
    answer = await confluence.api.get(
        "/wiki/rest/api/analytics/content/{contentId}/views",
        {"fromDate": from_date},
        contentId=number,
    )
    return {"id": number, "views": answer.get("count")}
