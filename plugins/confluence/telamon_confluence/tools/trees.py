"""Tools that read what is above a page, and folders."""

import asyncio

from telamon.plugin import tool
from telamon_confluence import scopes, shapes
from telamon_confluence.answers import results
from telamon_confluence.arguments import ContentId, Cursor, Limit
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_METADATA,
    scopes.READ_PAGES,
    access="read",
    group="content",
    title="List what is above a Confluence page",
    listed=False,
)
async def get_confluence_page_ancestors(
    confluence: Confluence, *, page_id: ContentId, limit: Limit = 25
) -> shapes.Shape:
    """List the pages and folders above a page, the topmost first."""
    answer = await confluence.api.get(
        "/wiki/api/v2/pages/{id}/ancestors", {"limit": limit}, id=page_id
    )
    above = results(answer)
    pages = [item["id"] for item in above if item.get("type") == "page"]
    titles: dict[str, str] = {}
    if pages:
        named = await confluence.api.get("/wiki/api/v2/pages", {"id": pages, "limit": 250})
        titles = {page["id"]: page["title"] for page in results(named)}
    return {
        "ancestors": [
            {"id": item["id"], "type": item.get("type"), "title": titles.get(item["id"])}
            for item in above
        ]
    }


@tool(
    scopes.READ_FOLDERS,
    scopes.READ_TREE,
    access="read",
    group="content",
    title="Read a Confluence folder",
    listed=False,
)
async def get_confluence_folder(
    confluence: Confluence, *, folder_id: ContentId, limit: Limit = 25, cursor: Cursor | None = None
) -> shapes.Shape:
    """Read a folder and list what is directly in it."""
    folder, answer = await asyncio.gather(
        confluence.api.get("/wiki/api/v2/folders/{id}", id=folder_id),
        confluence.api.get(
            "/wiki/api/v2/folders/{id}/direct-children",
            {"limit": limit, "cursor": cursor},
            id=folder_id,
        ),
    )
    children = [
        {name: item.get(name) for name in ("id", "type", "title", "status")}
        for item in results(answer)
    ]
    return shapes.page_of("children", children, answer, **shapes.folder(confluence, folder))
