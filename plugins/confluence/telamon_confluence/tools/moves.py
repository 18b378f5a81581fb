"""Tools that move and restore pages and create folders."""

from typing import Annotated, Literal

from pydantic import Field

from telamon.plugin import InvalidArgument, NotFound, Rejected, tool
from telamon_confluence import scopes, shapes, versions
from telamon_confluence.addresses import web_link
from telamon_confluence.arguments import PageRef, SpaceRef, Title
from telamon_confluence.client import Confluence

_PAGE = "/wiki/api/v2/pages/{id}"


@tool(
    scopes.READ_PAGES,
    scopes.CHANGE_CONTENT,
    scopes.READ_USERS,
    access="write",
    group="content",
    title="Move a Confluence page",
    idempotent=True,
    listed=False,
)
async def move_confluence_page(
    confluence: Confluence,
    *,
    page_id: PageRef,
    target_id: PageRef,
    position: Literal["append", "before", "after"] = "append",
) -> shapes.Shape:
    """Move a page with all below it: into another page or folder (append), or beside a page.

    The target may be in another space.
    """
    number, beside = confluence.number(page_id), confluence.number(target_id, folder=True)
    if number == beside:
        raise InvalidArgument("A page cannot be moved to itself; pass another targetId.")
    if position != "append":
        target = await confluence.api.get(_PAGE, id=beside)
        if not target.get("parentId"):
            raise InvalidArgument(
                f"Beside {beside}, at the top of its space, the page would be missing from the "
                "page tree; use append."
            )
    await confluence.api.put(
        "/wiki/rest/api/content/{pageId}/move/{position}/{targetId}",
        None,
        pageId=number,
        position=position,
        targetId=beside,
    )
    moved = await confluence.api.get(_PAGE, id=number)
    names = await confluence.names(shapes.people(moved))
    return shapes.content_head(confluence, "page", moved, names)


@tool(
    scopes.READ_PAGES,
    scopes.CHANGE_CONTENT,
    access="write",
    group="content",
    title="Restore a version of a Confluence page",
    listed=False,
)
async def restore_confluence_page_version(
    confluence: Confluence,
    *,
    page_id: PageRef,
    version: Annotated[int, Field(ge=1)],
    version_message: str | None = None,
    restore_title: bool = False,
) -> shapes.Shape:
    """Make an old version of a page the newest again; the versions between stay in its history."""
    number = confluence.number(page_id)
    params = {
        "versionNumber": version,
        "message": version_message or f"Restored version {version}",
        "restoreTitle": restore_title,
    }
    try:
        made = await confluence.api.post(
            "/wiki/rest/api/content/{id}/version",
            {"operationKey": "restore", "params": params},
            id=number,
        )
    except (NotFound, Rejected) as error:
        if gone := await versions.missing(confluence, number, [version]):
            raise gone from error
        raise
    return {
        "id": number,
        "version": made.get("number"),
        "message": made.get("message"),
        "url": web_link(confluence.api.site, f"/pages/viewpage.action?pageId={number}"),
    }


@tool(
    scopes.WRITE_FOLDERS,
    scopes.READ_SPACES,
    scopes.READ_USERS,
    access="write",
    group="content",
    title="Create a Confluence folder",
    listed=False,
)
async def create_confluence_folder(
    confluence: Confluence,
    *,
    space_id: SpaceRef,
    title: Title,
    parent_id: PageRef | None = None,
) -> shapes.Shape:
    """Create a folder, which holds pages and other folders."""
    parent = parent_id and confluence.number(parent_id, folder=True)
    body = {"spaceId": await confluence.space(space_id), "title": title}
    if parent is not None:
        body["parentId"] = parent
    made, names = await confluence.with_names(
        confluence.api.post("/wiki/api/v2/folders", body), [confluence.api.account_id]
    )
    return shapes.folder(confluence, made, names)
