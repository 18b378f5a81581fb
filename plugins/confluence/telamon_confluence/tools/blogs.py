"""Tools that list blog posts."""

from typing import Literal

from telamon.plugin import tool
from telamon_confluence import scopes, shapes
from telamon_confluence.answers import results
from telamon_confluence.arguments import Cursor, Limit, SpaceRef, Title
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_PAGES,
    scopes.READ_SPACES,
    access="read",
    group="content",
    title="List Confluence blog posts",
    listed=False,
)
async def list_confluence_blog_posts(
    confluence: Confluence,
    *,
    space_id: SpaceRef | None = None,
    title: Title | None = None,
    status: Literal["current", "deleted", "trashed"] | None = None,
    sort: Literal["created-date", "-created-date", "modified-date", "-modified-date"] = (
        "-created-date"
    ),
    limit: Limit = 25,
    cursor: Cursor | None = None,
) -> shapes.Shape:
    """List blog posts of one space or of all, the newest first; getConfluencePage reads one."""
    answer = await confluence.api.get(
        "/wiki/api/v2/blogposts",
        {
            "space-id": [await confluence.space(space_id)] if space_id else None,
            "title": title,
            "status": [status] if status else None,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        },
    )
    rows = [
        {**shapes.content_row(confluence, item), "spaceId": item.get("spaceId")}
        for item in results(answer)
    ]
    return shapes.page_of("blogPosts", rows, answer)
