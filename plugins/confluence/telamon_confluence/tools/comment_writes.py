"""Tools that write comments."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from telamon.plugin import InvalidArgument, Json, NotFound, Rejected, tool
from telamon.plugin.names import camel
from telamon_confluence import bodies, scopes, shapes
from telamon_confluence.arguments import AttachmentId, Body, BodyFormat, ContentId, PageRef
from telamon_confluence.client import CommentKind, Confluence, seeking_comment


def _without_description(schema: dict[str, Any]) -> None:
    """Leave the class's docstring to readers of the code; a model does not need it."""
    schema.pop("description", None)


class InlineCommentProperties(BaseModel):
    """The passage that an inline comment is about."""

    model_config = ConfigDict(
        extra="forbid",
        alias_generator=camel,
        json_schema_extra=_without_description,
    )

    text_selection: Annotated[str, Field(min_length=1)]
    text_selection_match_count: Annotated[int, Field(ge=1)] = 1
    text_selection_match_index: Annotated[int, Field(ge=0)] = 0


@tool(
    scopes.WRITE_COMMENTS,
    scopes.READ_USERS,
    access="write",
    group="comments",
    title="Comment on a Confluence page",
)
async def create_confluence_footer_comment(
    confluence: Confluence,
    *,
    body: Body,
    content_format: BodyFormat | None = None,
    page_id: PageRef | None = None,
    parent_comment_id: ContentId | None = None,
    attachment_id: AttachmentId | None = None,
    custom_content_id: ContentId | None = None,
) -> shapes.Shape:
    """Comment below a page or blog post, or reply (parentCommentId) to such a comment.

    Pass exactly one id. createConfluenceInlineComment comments on a passage.
    """
    target = _only_one(
        {
            "pageId": page_id and confluence.number(page_id),
            "parentCommentId": parent_comment_id,
            "attachmentId": attachment_id,
            "customContentId": custom_content_id,
        }
    )
    made, names = await _create(
        confluence, "footer", target, {"body": await _body(body, content_format)}
    )
    return shapes.comment(confluence, made, names)


@tool(
    scopes.WRITE_COMMENTS,
    scopes.READ_USERS,
    access="write",
    group="comments",
    title="Comment on a passage of a Confluence page",
)
async def create_confluence_inline_comment(
    confluence: Confluence,
    *,
    body: Body,
    content_format: BodyFormat | None = None,
    page_id: PageRef | None = None,
    parent_comment_id: ContentId | None = None,
    inline_comment_properties: InlineCommentProperties | None = None,
) -> shapes.Shape:
    """Comment on a passage of a page or blog post, or reply to an inline comment.

    textSelection is the passage as plain text; if it occurs more than once, give the number of
    matches and the index of yours, from 0.
    """
    target = _only_one(
        {"pageId": page_id and confluence.number(page_id), "parentCommentId": parent_comment_id}
    )
    if (page_id is None) != (inline_comment_properties is None):
        raise InvalidArgument(
            "Pass inlineCommentProperties with pageId, and leave it out of a reply."
        )
    request: dict[str, Any] = {"body": await _body(body, content_format)}
    if inline_comment_properties is not None:
        request["inlineCommentProperties"] = inline_comment_properties.model_dump(by_alias=True)
    try:
        made, names = await _create(confluence, "inline", target, request)
    except Rejected as error:
        if inline_comment_properties is None:
            raise
        raise Rejected(
            f"{error} The passage has to be text of the page exactly as it reads, within one "
            "paragraph, and textSelectionMatchCount the number of times it occurs.",
            fields=error.fields,
        ) from error
    return shapes.comment(confluence, made, names)


async def _body(body: str, body_format: BodyFormat | None) -> dict[str, str]:
    return await bodies.aside(len(body), bodies.new, body, body_format)


async def _create(
    confluence: Confluence,
    kind: CommentKind,
    target: Mapping[str, str],
    request: Mapping[str, Any],
) -> tuple[Json, dict[str, str]]:
    """Create the comment, and learn this user's name meanwhile."""
    return await confluence.with_names(
        _created(confluence, kind, target, request), [confluence.api.account_id]
    )


async def _created(
    confluence: Confluence,
    kind: CommentKind,
    target: Mapping[str, str],
    request: Mapping[str, Any],
) -> Json:
    """Create the comment; where no page has the id, it may be a blog post's."""
    path = f"/wiki/api/v2/{kind}-comments"
    if parent := target.get("parentCommentId"):
        with seeking_comment(kind, parent):
            return await confluence.api.post(path, {**target, **request})
    try:
        return await confluence.api.post(path, {**target, **request})
    except NotFound:
        if "pageId" not in target:
            raise
    return await confluence.api.post(path, {"blogPostId": target["pageId"], **request})


def _only_one(ids: Mapping[str, str | None]) -> dict[str, str]:
    given = {name: value for name, value in ids.items() if value is not None}
    if len(given) != 1:
        raise InvalidArgument(f"Pass exactly one of {', '.join(ids)}.")
    return given
