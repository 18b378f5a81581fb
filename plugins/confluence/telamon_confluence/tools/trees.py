"""Tools that read what is above a page, and folders."""

import asyncio
from itertools import chain

from telamon.plugin import Json, NotFound, tool
from telamon_confluence import scopes, shapes
from telamon_confluence.answers import results
from telamon_confluence.arguments import Cursor, Limit, PageRef
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_METADATA,
    scopes.READ_PAGES,
    scopes.READ_FOLDERS,
    access="read",
    group="content",
    title="List what is above a Confluence page",
    listed=False,
)
async def get_confluence_page_ancestors(
    confluence: Confluence, *, page_id: PageRef, limit: Limit = 25
) -> shapes.Shape:
    """List the pages and folders above a page, the topmost first."""
    answer = await confluence.api.get(
        "/wiki/api/v2/pages/{id}/ancestors", {"limit": limit}, id=confluence.number(page_id)
    )
    above = results(answer)
    found = await asyncio.gather(
        _pages(confluence, [item["id"] for item in above if item.get("type") == "page"]),
        *(_folders(confluence, item["id"]) for item in above if item.get("type") == "folder"),
    )
    titles = {each["id"]: each["title"] for each in chain.from_iterable(found)}
    return {
        "ancestors": [
            {"id": item["id"], "type": item.get("type"), "title": titles.get(item["id"])}
            for item in above
        ]
    }


async def _pages(confluence: Confluence, numbers: list[str]) -> list[Json]:
    if not numbers:
        return []
    return results(await confluence.api.get("/wiki/api/v2/pages", {"id": numbers, "limit": 250}))


async def _folders(confluence: Confluence, number: str) -> list[Json]:
    """Read one folder, the only way to its title; nothing where this user may not see it."""
    try:
        return [await confluence.api.get("/wiki/api/v2/folders/{id}", id=number)]
    except NotFound:
        return []


@tool(
    scopes.READ_FOLDERS,
    scopes.READ_TREE,
    scopes.READ_USERS,
    access="read",
    group="content",
    title="Read a Confluence folder",
    listed=False,
)
async def get_confluence_folder(
    confluence: Confluence, *, folder_id: PageRef, limit: Limit = 25, cursor: Cursor | None = None
) -> shapes.Shape:
    """Read a folder and list what is directly in it."""
    number = confluence.number(folder_id, folder=True)
    folder, answer = await asyncio.gather(
        confluence.api.get("/wiki/api/v2/folders/{id}", id=number),
        confluence.api.get(
            "/wiki/api/v2/folders/{id}/direct-children",
            {"limit": limit, "cursor": cursor},
            id=number,
        ),
    )
    names = await confluence.names([folder.get("authorId")])
    children = [
        {name: item.get(name) for name in ("id", "type", "title", "status")}
        for item in results(answer)
    ]
    return shapes.page_of("children", children, answer, **shapes.folder(confluence, folder, names))
