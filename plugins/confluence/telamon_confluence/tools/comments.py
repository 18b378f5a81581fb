"""Tools that read comments."""

from typing import Literal

from telamon.plugin import Json, QueryValue, tool
from telamon_confluence import bodies, parts, scopes, shapes
from telamon_confluence.answers import author, results
from telamon_confluence.arguments import (
    BodyFormat,
    CommentStatus,
    ContentId,
    Cursor,
    Limit,
    PageRef,
)
from telamon_confluence.client import CommentKind, Confluence, seeking_comment

Resolution = Literal["resolved", "open", "dangling", "reopened"]

Sort = Literal["id", "-id", "created-date", "-created-date"]

_SORTED: dict[Sort | None, str | None] = {
    None: None,
    "id": "created-date",
    "-id": "-created-date",
    "created-date": "created-date",
    "-created-date": "-created-date",
}
"""Confluence sorts comments by date only; ids grow with time, so they sort alike."""

_UNSETTLED: list[Resolution] = ["open", "reopened"]


@tool(
    scopes.READ_COMMENTS,
    scopes.READ_USERS,
    access="read",
    group="comments",
    title="List a page's footer comments",
)
async def get_confluence_page_footer_comments(
    confluence: Confluence,
    *,
    page_id: PageRef,
    limit: Limit = 25,
    cursor: Cursor | None = None,
    status: CommentStatus = "current",
    sort: Sort | None = None,
    content_format: BodyFormat | None = None,
) -> shapes.Shape:
    """List the comments below a page or blog post, without replies.

    getConfluenceCommentChildren reads the replies.
    """
    _, answer = await confluence.under(
        "page",
        confluence.number(page_id),
        "/footer-comments",
        {
            "body-format": bodies.requested(content_format),
            "status": [status],
            "sort": _SORTED[sort],
            "cursor": cursor,
            "limit": limit,
        },
    )
    return await _comments(confluence, answer, content_format)


@tool(
    scopes.READ_COMMENTS,
    scopes.READ_USERS,
    access="read",
    group="comments",
    title="List a page's inline comments",
)
async def get_confluence_page_inline_comments(
    confluence: Confluence,
    *,
    page_id: PageRef,
    limit: Limit = 25,
    cursor: Cursor | None = None,
    status: CommentStatus = "current",
    resolution_status: Resolution | None = None,
    sort: Sort | None = None,
    content_format: BodyFormat | None = None,
) -> shapes.Shape:
    """List the unresolved comments on passages of a page or blog post, without replies.

    getConfluenceCommentChildren reads the replies.
    """
    _, answer = await confluence.under(
        "page",
        confluence.number(page_id),
        "/inline-comments",
        {
            "body-format": bodies.requested(content_format),
            "status": [status],
            "resolution-status": [resolution_status] if resolution_status else _UNSETTLED,
            "sort": _SORTED[sort],
            "cursor": cursor,
            "limit": limit,
        },
    )
    return await _comments(confluence, answer, content_format)


@tool(
    scopes.READ_COMMENTS,
    scopes.READ_USERS,
    access="read",
    group="comments",
    title="List the replies to a comment",
)
async def get_confluence_comment_children(
    confluence: Confluence,
    *,
    comment_id: ContentId,
    comment_type: CommentKind,
    limit: Limit = 25,
    cursor: Cursor | None = None,
    sort: Sort | None = None,
    content_format: BodyFormat | None = None,
) -> shapes.Shape:
    """List the direct replies to a footer or inline comment."""
    query: dict[str, QueryValue] = {
        "body-format": bodies.requested(content_format),
        "sort": _SORTED[sort],
        "cursor": cursor,
        "limit": limit,
    }
    with seeking_comment(comment_type, comment_id):
        answer = await confluence.api.get(
            f"/wiki/api/v2/{comment_type}-comments/{{id}}/children", query, id=comment_id
        )
    return await _comments(confluence, answer, content_format)


async def _comments(
    confluence: Confluence, answer: Json, body_format: BodyFormat | None
) -> shapes.Shape:
    items = results(answer)
    names = await confluence.names(author(item) for item in items)
    read, note = await parts.of_many(items, body_format)
    comments = [
        {**shapes.comment(confluence, item, names), "body": body}
        for item, body in zip(items, read, strict=True)
    ]
    return shapes.page_of("comments", comments, answer, note=note)
