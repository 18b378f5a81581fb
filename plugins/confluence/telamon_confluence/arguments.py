"""The types of tool arguments: ids and keys are matched strictly, before any request is made."""

import json
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


def _split(value: object) -> object:
    """Take comma-separated text, or one id, for a list; models write either."""
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return [value] if type(value) is int else value


def _json(value: object) -> object:
    """Write an ADF document given as an object as the text that it is elsewhere."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


_Written = BeforeValidator(_written)

Split = BeforeValidator(_split)
"""Beside a list type: a single value, or values joined by commas, will do too."""

Body = Annotated[str, BeforeValidator(_json)]
"""A body in the format that ``contentFormat`` names."""

BodyFormat = Literal["markdown", "adf", "storage"]
"""Where none is given, Markdown is meant."""

ContentId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$"), _Written]
"""The numeric id of a comment, task or template."""

AttachmentId = Annotated[str, Field(pattern=r"^(att)?[0-9]{1,19}$"), _Written]

PageRef = Annotated[str, Field(pattern=r"^[0-9]+$|/wiki/"), _Written]
"""A page, blog post or folder by id or browser address; ``Confluence.number`` reads it strictly."""

SpaceRef = Annotated[str, Field(pattern=r"^~?[0-9A-Za-z._-]+$", description="Id or key"), _Written]

SpaceKey = Annotated[str, Field(pattern=r"^~?[0-9A-Za-z._-]+$")]

Words = Annotated[list[str], Split]

Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})]
"""A day that is in the calendar, as ``YYYY-MM-DD``."""

AccountId = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_-]+$")]

Person = Annotated[
    str, Field(pattern=r"\S", max_length=200, description="Name, e-mail address or account id")
]

Cursor = str
"""What an earlier answer gave as ``cursor``; it is only ever a query value."""

Limit = Annotated[int, Field(ge=1, le=250)]

Title = Annotated[str, Field(min_length=1, max_length=255)]
"""Confluence refuses longer titles."""

Occurrence = Annotated[int, Field(ge=1)]
"""Which of several headings alike is meant, from the first of them."""

ContentStatus = Literal["current", "archived", "deleted", "trashed"]

CommentStatus = Literal["current", "archived", "trashed", "deleted", "historical", "draft"]
