"""Tools that move, copy, archive and restore pages."""

from typing import Annotated, Any, Literal

from pydantic import Field

from telamon.plugin import Call, InvalidArgument, tool
from telamon_confluence import long_work, scopes, shapes
from telamon_confluence.addresses import web_link
from telamon_confluence.answers import webui
from telamon_confluence.arguments import ContentId, SpaceRef, Title
from telamon_confluence.client import Confluence

_PAGE = "/wiki/api/v2/pages/{id}"


@tool(
    scopes.READ_PAGES,
    scopes.CHANGE_CONTENT,
    access="write",
    group="content",
    title="Move a Confluence page",
    idempotent=True,
    listed=False,
)
async def move_confluence_page(
    confluence: Confluence,
    *,
    page_id: ContentId,
    target_id: ContentId,
    position: Literal["append", "before", "after"] = "append",
) -> shapes.Shape:
    """Move a page with all below it: into another page or folder (append), or beside a page.

    The target may be in another space.
    """
    if page_id == target_id:
        raise InvalidArgument("A page cannot be moved to itself; pass another targetId.")
    if position != "append":
        target = await confluence.api.get(_PAGE, id=target_id)
        if not target.get("parentId"):
            raise InvalidArgument(
                f"Beside {target_id}, at the top of its space, the page would be missing from the "
                "page tree; use append."
            )
    await confluence.api.put(
        "/wiki/rest/api/content/{pageId}/move/{position}/{targetId}",
        None,
        pageId=page_id,
        position=position,
        targetId=target_id,
    )
    moved = await confluence.api.get(_PAGE, id=page_id)
    return shapes.content_head(confluence, "page", moved)


@tool(
    scopes.CHANGE_CONTENT,
    scopes.READ_PROGRESS,
    access="write",
    group="content",
    title="Copy a Confluence page",
    listed=False,
)
async def copy_confluence_page(
    confluence: Confluence,
    call: Call,
    *,
    page_id: ContentId,
    parent_id: ContentId,
    title: Title | None = None,
    with_descendants: bool = False,
    title_prefix: Annotated[str, Field(min_length=1, max_length=100)] | None = None,
) -> shapes.Shape:
    """Copy a page with its files and labels below another page, or a whole tree of pages.

    Titles are unique in a space: pass title for one page, titlePrefix for a tree.
    """
    copied = {
        "copyAttachments": True,
        "copyLabels": True,
        "copyProperties": True,
        "copyPermissions": False,
        "copyCustomContents": False,
    }
    if with_descendants:
        if title is not None:
            raise InvalidArgument("The pages of a tree keep their titles; pass titlePrefix.")
        body: dict[str, Any] = {**copied, "copyDescendants": True, "destinationPageId": parent_id}
        if title_prefix:
            body["titleOptions"] = {"prefix": title_prefix}
        started = await confluence.api.post(
            "/wiki/rest/api/content/{id}/pagehierarchy/copy", body, id=page_id
        )
        return await long_work.follow(confluence, call, started)
    if title is None:
        raise InvalidArgument("A copy of one page needs a title of its own; pass title.")
    made = await confluence.api.post(
        "/wiki/rest/api/content/{id}/copy",
        {
            **copied,
            "destination": {"type": "parent_page", "value": parent_id},
            "pageTitle": title,
        },
        id=page_id,
    )
    return {
        "id": made.get("id"),
        "title": made.get("title"),
        "url": web_link(confluence.api.site, webui(made)),
    }


@tool(
    scopes.CHANGE_CONTENT,
    scopes.READ_PROGRESS,
    access="write",
    group="content",
    title="Archive Confluence pages",
    idempotent=False,
    listed=False,
)
async def archive_confluence_pages(
    confluence: Confluence,
    call: Call,
    *,
    page_ids: Annotated[list[ContentId], Field(min_length=1, max_length=100)],
) -> shapes.Shape:
    """Archive pages: they leave the page tree and the search, and can be brought back."""
    started = await confluence.api.post(
        "/wiki/rest/api/content/archive",
        {"pages": [{"id": int(number)} for number in page_ids]},
    )
    return await long_work.follow(confluence, call, started)


@tool(
    scopes.CHANGE_CONTENT,
    access="write",
    group="content",
    title="Restore a version of a Confluence page",
    listed=False,
)
async def restore_confluence_page_version(
    confluence: Confluence,
    *,
    page_id: ContentId,
    version: Annotated[int, Field(ge=1)],
    version_message: str | None = None,
    restore_title: bool = False,
) -> shapes.Shape:
    """Make an old version of a page the newest again; the versions between stay in its history."""
    made = await confluence.api.post(
        "/wiki/rest/api/content/{id}/version",
        {
            "operationKey": "restore",
            "params": {
                "versionNumber": version,
                "message": version_message or f"Restored version {version}",
                "restoreTitle": restore_title,
            },
        },
        id=page_id,
    )
    return {"id": page_id, "version": made.get("number"), "message": made.get("message")}


@tool(
    scopes.WRITE_FOLDERS,
    scopes.READ_SPACES,
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
    parent_id: ContentId | None = None,
) -> shapes.Shape:
    """Create a folder, which holds pages and other folders."""
    body = {"spaceId": await confluence.space(space_id), "title": title}
    if parent_id is not None:
        body["parentId"] = parent_id
    return shapes.folder(confluence, await confluence.api.post("/wiki/api/v2/folders", body))
