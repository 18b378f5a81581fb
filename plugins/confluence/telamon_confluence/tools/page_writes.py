"""Tools that create and change pages."""

from typing import Annotated, Any, Literal

from pydantic import Field

from telamon.plugin import InvalidArgument, tool
from telamon_confluence import bodies, drafts, edits, scopes, shapes
from telamon_confluence.addresses import space_key
from telamon_confluence.answers import webui
from telamon_confluence.arguments import (
    Body,
    BodyFormat,
    ContentId,
    Occurrence,
    PageRef,
    SpaceRef,
    Title,
)
from telamon_confluence.client import COLLECTIONS, Confluence, Kind
from telamon_confluence.tools.templates import storage_of, template

ReadVersion = Annotated[int, Field(ge=1, description="The one you read")]


@tool(
    scopes.WRITE_PAGES,
    scopes.READ_SPACES,
    scopes.READ_SUMMARIES,
    scopes.READ_USERS,
    access="write",
    group="content",
    title="Create a Confluence page",
)
async def create_confluence_page(
    confluence: Confluence,
    *,
    space_id: SpaceRef,
    body: Body | None = None,
    content_format: BodyFormat | None = None,
    title: Title | None = None,
    parent_id: PageRef | None = None,
    is_private: bool | None = None,
    subtype: Literal["live"] | None = None,
    content_type: Kind = "page",
    status: edits.Status = "current",
    template_id: ContentId | None = None,
) -> shapes.Shape:
    """Create a page, live doc or blog post from Markdown (body) or a template, under a new title.

    It goes below the space's home page without parentId.
    """
    if title is None and status == "current":
        raise InvalidArgument("Only a draft may be without a title; pass title.")
    if content_type == "blogpost" and (parent_id or subtype):
        raise InvalidArgument("A blog post has neither a parent nor a subtype; leave them out.")
    if (body is None) == (template_id is None):
        raise InvalidArgument("Pass body, or templateId in its place.")
    parent = parent_id and confluence.number(parent_id, folder=True)
    request: dict[str, Any] = {
        "body": await _first_body(confluence, body, content_format, template_id),
        "spaceId": await confluence.space(space_id),
        "status": status,
    }
    optional = {"title": title, "parentId": parent, "subtype": subtype}
    request.update({name: value for name, value in optional.items() if value is not None})
    created, names = await confluence.with_names(
        confluence.api.post(
            f"/wiki/api/v2/{COLLECTIONS[content_type]}", request, {"private": is_private}
        ),
        [confluence.api.account_id],
    )
    return shapes.content_head(confluence, content_type, created, names)


async def _first_body(
    confluence: Confluence,
    body: str | None,
    body_format: BodyFormat | None,
    template_id: str | None,
) -> dict[str, str]:
    """Return the body to create: what was written, or a template's storage format as it is."""
    if template_id is None:
        text = body or ""
        return await bodies.aside(len(text), bodies.new, text, body_format)
    value = storage_of(await template(confluence, template_id))
    return {"representation": "storage", "value": value}


@tool(
    scopes.READ_PAGES,
    scopes.WRITE_PAGES,
    scopes.READ_USERS,
    access="write",
    group="content",
    title="Update a section of a Confluence page",
    idempotent=True,
)
async def update_confluence_page_section(
    confluence: Confluence,
    *,
    page_id: PageRef,
    heading: Annotated[str, Field(min_length=1, max_length=1000)],
    body: str,
    occurrence: Occurrence | None = None,
    version_message: str | None = None,
    version: ReadVersion | None = None,
    allow_loss: bool | None = None,
) -> shapes.Shape:
    """Replace the Markdown below one heading of a page, up to the next heading of its level.

    Everything else stays untouched. Name the heading by its words or as "## Words"; occurrence says
    which of several alike. Begin the body with a heading of that level to rename it.
    """
    number = confluence.number(page_id)
    before = await edits.original(confluence, number, version=version)
    change = edits.Change(
        draft=await drafts.section(before.content, heading, body, occurrence),
        message=version_message,
        allow_loss=bool(allow_loss),
    )
    return await edits.save(confluence, before, change)


@tool(
    scopes.READ_PAGES,
    scopes.WRITE_PAGES,
    scopes.READ_USERS,
    access="write",
    group="content",
    title="Update a Confluence page",
    idempotent=True,
)
async def update_confluence_page(
    confluence: Confluence,
    *,
    page_id: PageRef,
    body: Body,
    content_format: BodyFormat | None = None,
    title: Title | None = None,
    status: edits.Status = "current",
    space_id: SpaceRef | None = None,
    parent_id: PageRef | None = None,
    version_message: str | None = None,
    version: ReadVersion | None = None,
    allow_loss: bool | None = None,
) -> shapes.Shape:
    """Replace the body of a page or blog post, and its title or parent if given.

    Pass the whole Markdown of getConfluencePage with your changes: what you leave as it is stays,
    macros included. What would drop macros or media is refused without allowLoss, and an edit of a
    page that changed since the version given.
    """
    number = confluence.number(page_id)
    parent = parent_id and confluence.number(parent_id, folder=True)
    before = await edits.original(confluence, number, version=version, body_format=content_format)
    if space_id is not None and space_id not in (
        before.content.get("spaceId"),
        space_key(webui(before.content)),
    ):
        raise InvalidArgument(
            f"The page is in the space {before.content.get('spaceId')}, and an update cannot move "
            "it to another; leave out spaceId."
        )
    if parent_id is not None and before.kind == "blogpost":
        raise InvalidArgument("A blog post has no parent; leave out parentId.")
    return await edits.save(
        confluence,
        before,
        edits.Change(
            draft=await drafts.whole(before.content, body, content_format),
            title=title,
            status=status,
            parent_id=parent,
            message=version_message,
            allow_loss=bool(allow_loss),
        ),
    )
