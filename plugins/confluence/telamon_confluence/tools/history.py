"""Tools that read what happened to a page: its versions and its views."""

import asyncio
import difflib
from typing import Annotated

from pydantic import Field

from telamon.plugin import InvalidArgument, tool
from telamon_confluence import bodies, scopes, shapes
from telamon_confluence.addresses import content_id
from telamon_confluence.answers import results
from telamon_confluence.arguments import ContentId, Cursor, Limit, PageRef
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
        content_id(page_id, confluence.api.site),
        "/versions",
        {"limit": limit, "cursor": cursor, "sort": "-modified-date"},
    )
    made = results(answer)
    names = await confluence.names(each.get("authorId") for each in made)
    versions = [shapes.version({"version": each}, names) or {} for each in made]
    return shapes.page_of("versions", versions, answer)


@tool(
    scopes.READ_PAGES,
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
    number = content_id(page_id, confluence.api.site)
    (_, older), (_, newer) = await asyncio.gather(
        *(
            confluence.content(number, {"body-format": bodies.ADF, "version": version})
            for version in (from_version, to_version)
        )
    )
    diff = difflib.unified_diff(
        str(bodies.read(older)).splitlines(),
        str(bodies.read(newer)).splitlines(),
        f"version {from_version}",
        f"version {to_version}",
        lineterm="",
    )
    return {
        "id": number,
        "from": {"title": older.get("title"), **(shapes.version(older) or {})},
        "to": {"title": newer.get("title"), **(shapes.version(newer) or {})},
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
    confluence: Confluence,
    *,
    page_id: ContentId,
    from_date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None,
) -> shapes.Shape:
    """Count how often a page or blog post was viewed, since a date (YYYY-MM-DD) if given."""
    answer = await confluence.api.get(
        "/wiki/rest/api/analytics/content/{contentId}/views",
        {"fromDate": from_date},
        contentId=page_id,
    )
    return {"id": page_id, "views": answer.get("count")}
