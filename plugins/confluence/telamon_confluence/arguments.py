"""The types of tool arguments: ids and keys are matched strictly, before any request is made."""

from typing import Annotated, Literal

from pydantic import Field

ContentId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
"""The numeric id of a page, blog post, folder, comment or space."""

AttachmentId = Annotated[str, Field(pattern=r"^(att)?[0-9]{1,19}$")]

PageRef = Annotated[str, Field(pattern=r"^[0-9]{1,19}$|/wiki/\S")]
"""A page by id or by browser address; :func:`telamon_confluence.addresses.content_id` reads it."""

SpaceRef = Annotated[str, Field(pattern=r"^~?[0-9A-Za-z._-]+$", description="Id or key")]

AccountId = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_-]{1,128}$")]

Cursor = str
"""What an earlier answer gave as ``cursor``; it is only ever a query value."""

Limit = Annotated[int, Field(ge=1, le=250)]

Title = Annotated[str, Field(min_length=1, max_length=255)]
"""Confluence refuses longer titles."""

ContentStatus = Literal["current", "archived", "deleted", "trashed"]

CommentStatus = Literal["current", "archived", "trashed", "deleted", "historical", "draft"]


def listed(value: str | list[str] | list[int] | None) -> list[str] | None:
    """Return *value* as a list: Atlassian's own tools take a list or comma-separated text."""
    if value is None:
        return None
    parts = value.split(",") if isinstance(value, str) else [str(part) for part in value]
    return [part.strip() for part in parts if part.strip()]
