"""Tools that read what happened to a page: its versions and its views."""

import asyncio
import json
from typing import Annotated

from pydantic import Field

from telamon.plugin import InvalidArgument, Json, NotFound, TooLarge, tool
from telamon_confluence import bodies, conflicts, scopes, shapes, versions
from telamon_confluence.answers import part, results
from telamon_confluence.arguments import BodyFormat, Cursor, Day, Limit, PageRef
from telamon_confluence.client import Confluence

_MOST_LINES = 1000
_REST = "Read the rest with getConfluencePage, its version and a section of it."

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
    content_format: BodyFormat | None = None,
) -> shapes.Shape:
    """Show what changed between two versions of a page, as a unified diff of its Markdown, say."""
    if from_version == to_version:
        raise InvalidArgument("fromVersion and toVersion are the same; pass two versions.")
    number = confluence.number(page_id)
    wanted = (from_version, to_version)
    form = bodies.requested(content_format)
    try:
        (_, older), (_, newer) = await asyncio.gather(
            *(
                confluence.content(number, {"body-format": form, "version": version})
                for version in wanted
            )
        )
    except NotFound as error:
        if gone := await versions.missing(confluence, number, wanted):
            raise gone from error
        raise
    made = [part(older, "version"), part(newer, "version")]
    names = await confluence.names(each.get("authorId") for each in made)
    size = bodies.size(older) + bodies.size(newer)
    lines = await bodies.aside(size, _diff, older, newer, content_format, wanted)
    more = len(lines) - _MOST_LINES
    return {
        "id": number,
        "from": {"title": older.get("title"), **shapes.version(made[0], names)},
        "to": {"title": newer.get("title"), **shapes.version(made[1], names)},
        "diff": "\n".join(lines[:_MOST_LINES]),
        "linesLeftOut": more if more > 0 else None,
        "note": _REST if more > 0 else None,
    }


def _diff(
    older: Json, newer: Json, body_format: BodyFormat | None, wanted: tuple[int, int]
) -> list[str]:
    texts = [bodies.shown(each, body_format) for each in (older, newer)]
    lines = [
        (text if isinstance(text, str) else json.dumps(text, indent=1, ensure_ascii=False))
        for text in texts
    ]
    names = (f"version {wanted[0]}", f"version {wanted[1]}")
    found = conflicts.diff_lines(lines[0].splitlines(), lines[1].splitlines(), names)
    if found is None:
        raise TooLarge(
            "The two versions differ in too much to compare them; read both with getConfluencePage "
            "and version, section by section."
        )
    return found


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
