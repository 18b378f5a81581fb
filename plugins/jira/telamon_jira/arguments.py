"""The types of tool arguments: closed sets, and ids so strict that no path can hide in them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _written(value: object) -> object:
    """Write a whole number as text: Jira answers with some ids as numbers, and takes both."""
    return str(value) if type(value) is int else value


Written = BeforeValidator(_written)
IssueIdOrKey = Annotated[
    str, Written, Field(pattern=r"^([A-Za-z][A-Za-z0-9_]{0,31}-)?[0-9]{1,18}$")
]
"""``DEMO-1`` or ``10001``."""

ProjectIdOrKey = Annotated[
    str, Written, Field(pattern=r"^([A-Za-z][A-Za-z0-9_]{0,31}|[0-9]{1,18})$")
]
Id = Annotated[str, Written, Field(pattern=r"^[0-9]{1,18}$")]
Person = Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,255}$")]
"""An account id, an e-mail address or a name: looked up, never part of a path."""

FieldName = Annotated[str, Field(pattern=r"^[-*]?[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
"""A field's id (``summary``, ``customfield_10016``) or ``*all``, ``*navigable``, ``-comment``."""

Fields = Annotated[list[FieldName], Field(min_length=1, max_length=100)]
PropertyKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,255}$")]
Expand = Annotated[str, Field(pattern=r"^[A-Za-z.,]{1,200}$")]

Line = Annotated[str, Field(min_length=1, max_length=255)]
Markdown = Annotated[str, Field(max_length=500_000)]
Jql = Annotated[str, Field(min_length=1, max_length=10_000)]
Duration = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?[wdhm]( [0-9]+(\.[0-9]+)?[wdhm])*$")]
"""Jira's own notation: ``3h 20m``, ``1d``."""

Date = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
PageToken = Annotated[str, Field(min_length=1, max_length=2000)]
StartAt = Annotated[int, Field(ge=0)]
UpTo50 = Annotated[int, Field(ge=1, le=50)]
UpTo100 = Annotated[int, Field(ge=1, le=100)]
UpTo200 = Annotated[int, Field(ge=1, le=200)]

FieldValues = dict[str, Any]
"""Values by field id or name: plain words, Markdown, or what Jira's REST API takes."""

Updates = dict[str, list[dict[str, Any]]]


class Visibility(BaseModel):
    """Who may see a comment or a work log: one group or one project role."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["group", "role"]
    value: Line
