"""The types of tool arguments: ids and keys are matched strictly, before any request is made."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field


def _written(value: object) -> object:
    """Write a whole number as text; models pass ids as either."""
    return str(value) if type(value) is int else value


def _day(value: str) -> str:
    if date.fromisoformat(value).isoformat() != value:
        raise ValueError(f"{value} is not of the form YYYY-MM-DD")
    return value


_Written = BeforeValidator(_written)

ContentId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$"), _Written]
"""The numeric id of a comment, task or template."""

AttachmentId = Annotated[str, Field(pattern=r"^(att)?[0-9]{1,19}$"), _Written]

PageRef = Annotated[str, Field(pattern=r"^[0-9]+$|/wiki/"), _Written]
"""A page, blog post or folder by id or browser address; ``Confluence.number`` reads it strictly."""

SpaceRef = Annotated[str, Field(pattern=r"^~?[0-9A-Za-z._-]+$", description="Id or key"), _Written]

Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})]
"""A day that is in the calendar, as ``YYYY-MM-DD``."""

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
