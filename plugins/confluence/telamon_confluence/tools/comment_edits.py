"""Tools that change comments which exist."""

from typing import Any

from telamon.plugin import Conflict, QueryValue, tool
from telamon_confluence import bodies, conflicts, drafts, scopes, shapes
from telamon_confluence.answers import first_version
from telamon_confluence.arguments import Body, BodyFormat, ContentId
from telamon_confluence.client import CommentKind, Confluence, seeking_comment

_QUERY: dict[str, QueryValue] = {"include-versions": True}
"""The versions say who wrote the comment; its newest one, who changed it last."""


@tool(
    scopes.READ_COMMENTS,
    scopes.WRITE_COMMENTS,
    scopes.READ_USERS,
    access="write",
    group="comments",
    title="Edit a Confluence comment",
    idempotent=True,
)
async def update_confluence_comment(
    confluence: Confluence,
    *,
    comment_id: ContentId,
    comment_type: CommentKind,
    body: Body,
    content_format: BodyFormat | None = None,
    allow_loss: bool | None = None,
) -> shapes.Shape:
    """Replace the body of a comment; only its author may."""
    path = f"/wiki/api/v2/{comment_type}-comments/{{comment-id}}"
    query = {**_QUERY, "body-format": bodies.requested(content_format)}
    with seeking_comment(comment_type, comment_id):
        before = await confluence.api.get(path, query, comment_id=comment_id)
    draft = await drafts.whole(before, body, content_format)
    if draft.same:
        names = await confluence.names(shapes.people(before))
        return {**shapes.comment(confluence, before, names), "unchanged": True}
    if not allow_loss:
        draft.refuse_loss("comment")
    return await _saved(confluence, path, comment_id, before, {"body": draft.body})


@tool(
    scopes.READ_COMMENTS,
    scopes.WRITE_COMMENTS,
    scopes.READ_USERS,
    access="write",
    group="comments",
    title="Resolve or reopen a Confluence inline comment",
    idempotent=True,
)
async def resolve_confluence_inline_comment(
    confluence: Confluence, *, comment_id: ContentId, resolved: bool = True
) -> shapes.Shape:
    """Mark an inline comment as resolved, or reopen it."""
    path = "/wiki/api/v2/inline-comments/{comment-id}"
    with seeking_comment("inline", comment_id):
        before = await confluence.api.get(path, _QUERY, comment_id=comment_id)
    if (before.get("resolutionStatus") == "resolved") == resolved:
        names = await confluence.names(shapes.people(before))
        return {**shapes.comment(confluence, before, names), "unchanged": True}
    return await _saved(confluence, path, comment_id, before, {"resolved": resolved})


async def _saved(
    confluence: Confluence, path: str, number: str, before: Any, change: dict[str, Any]
) -> shapes.Shape:
    request = {**change, "version": {"number": int(before["version"]["number"]) + 1}}
    try:
        saved, names = await confluence.with_names(
            confluence.api.put(path, request, comment_id=number),
            [first_version(before).get("authorId"), confluence.api.account_id],
        )
    except Conflict as error:
        now = await confluence.api.get(path, {"body-format": bodies.ADF}, comment_id=number)
        read = before if bodies.size(before) and not bodies.stored(before) else None
        raise await conflicts.meanwhile(confluence, "comment", read, now) from error
    began = {"results": [first_version(before)]}
    return shapes.comment(confluence, {**saved, "versions": began}, names)
