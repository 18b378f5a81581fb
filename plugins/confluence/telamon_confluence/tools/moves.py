"""Tools that move, copy, archive and restore pages."""

import contextlib
from typing import Annotated, Any, Literal

from pydantic import Field

from telamon.plugin import Call, InvalidArgument, Json, NotFound, Rejected, ToolError, tool
from telamon_confluence import long_work, scopes, shapes, versions
from telamon_confluence.addresses import web_link
from telamon_confluence.answers import webui
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
    number, beside = confluence.number(page_id), confluence.number(target_id)
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
    page_id: PageRef,
    parent_id: PageRef,
    title: Title | None = None,
    with_descendants: bool = False,
    title_prefix: Annotated[str, Field(min_length=1, max_length=100)] | None = None,
) -> shapes.Shape:
    """Copy a page with its files and labels below another page, or a whole tree of pages.

    Titles are unique in a space: pass title for one page, titlePrefix for a tree.
    """
    number, parent = confluence.number(page_id), confluence.number(parent_id)
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
        body: dict[str, Any] = {**copied, "copyDescendants": True, "destinationPageId": parent}
        if title_prefix:
            body["titleOptions"] = {"prefix": title_prefix}
        started = await confluence.api.post(
            "/wiki/rest/api/content/{id}/pagehierarchy/copy", body, id=number
        )
        done = await long_work.follow(confluence, call, started)
        return {**done, **await _top_of_copy(confluence, done.pop("destinationId", None), parent)}
    if title is None:
        raise InvalidArgument("A copy of one page needs a title of its own; pass title.")
    made = await confluence.api.post(
        "/wiki/rest/api/content/{id}/copy",
        {
            **copied,
            "destination": {"type": "parent_page", "value": parent},
            "pageTitle": title,
        },
        id=number,
    )
    return {
        "id": made.get("id"),
        "title": made.get("title"),
        "url": web_link(confluence.api.site, webui(made)),
    }


async def _top_of_copy(confluence: Confluence, number: str | None, parent: str) -> shapes.Shape:
    """Return the page that the long task names, if it is the top of the copied tree."""
    made: Json = {}
    if number is not None:
        with contextlib.suppress(ToolError):  # the tree is copied all the same
            made = await confluence.api.get(_PAGE, id=number)
    if made.get("parentId") != parent:
        return {"note": f"The copy is below {parent}: getConfluencePageDescendants lists it."}
    return {name: made.get(name) for name in ("id", "title")} | {"url": confluence.link(made)}


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
    page_ids: Annotated[list[PageRef], Field(min_length=1, max_length=100)],
) -> shapes.Shape:
    """Archive pages: they leave the page tree and the search, and can be brought back."""
    started = await confluence.api.post(
        "/wiki/rest/api/content/archive",
        {"pages": [{"id": int(confluence.number(page))} for page in page_ids]},
    )
    return await long_work.follow(confluence, call, started)


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
    return {"id": number, "version": made.get("number"), "message": made.get("message")}


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
    parent = parent_id and confluence.number(parent_id)
    body = {"spaceId": await confluence.space(space_id), "title": title}
    if parent is not None:
        body["parentId"] = parent
    made, names = await confluence.with_names(
        confluence.api.post("/wiki/api/v2/folders", body), [confluence.api.account_id]
    )
    return shapes.folder(confluence, made, names)
