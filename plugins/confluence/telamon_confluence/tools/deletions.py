"""Tools that delete."""

from telamon.plugin import NotFound, tool
from telamon_confluence import scopes, shapes
from telamon_confluence.arguments import AttachmentId, ContentId, PageRef
from telamon_confluence.client import COLLECTIONS, CommentKind, Confluence, Kind, seeking_comment


@tool(
    scopes.DELETE_PAGES,
    access="delete",
    group="content",
    title="Delete a Confluence page",
    listed=False,
)
async def delete_confluence_page(
    confluence: Confluence,
    *,
    page_id: PageRef,
    content_type: Kind = "page",
    draft: bool = False,
) -> shapes.Shape:
    """Move a page or blog post to the trash, from where it can be restored; a draft is lost."""
    number = confluence.number(page_id)
    try:
        await confluence.api.delete(
            f"/wiki/api/v2/{COLLECTIONS[content_type]}/{{id}}", {"draft": draft or None}, id=number
        )
    except NotFound as error:
        raise NotFound(
            f"There is no {content_type} {number}, or this user may not see it; contentType says "
            "whether it is a page or a blogpost."
        ) from error
    return {"id": number, "deleted": True}


@tool(
    scopes.DELETE_ATTACHMENTS,
    access="delete",
    group="content",
    title="Delete a file from Confluence",
    listed=False,
)
async def delete_confluence_attachment(
    confluence: Confluence, *, attachment_id: AttachmentId
) -> shapes.Shape:
    """Move an attached file to the trash."""
    number = f"att{attachment_id.removeprefix('att')}"
    await confluence.api.delete("/wiki/api/v2/attachments/{id}", id=number)
    return {"id": number, "deleted": True}


@tool(
    scopes.DELETE_COMMENTS,
    access="delete",
    group="content",
    title="Delete a Confluence comment",
    listed=False,
)
async def delete_confluence_comment(
    confluence: Confluence, *, comment_id: ContentId, comment_type: CommentKind
) -> shapes.Shape:
    """Delete a comment for good, with its replies."""
    with seeking_comment(comment_type, comment_id):
        await confluence.api.delete(
            f"/wiki/api/v2/{comment_type}-comments/{{comment-id}}", comment_id=comment_id
        )
    return {"id": comment_id, "deleted": True}
