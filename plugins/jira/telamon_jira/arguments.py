"""The types of tool arguments: closed sets, and ids so strict that no path can hide in them."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


def _written(value: object) -> object:
    """Write a whole number as text: Jira answers with some ids as numbers, and takes both."""
    return str(value) if type(value) is int else value


def _listed(value: object) -> object:
    """Make a list of one value, or of a text with commas as REST queries have it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value] if type(value) is int else value


def _spaced(value: str) -> str:
    """Put blanks between the parts of a duration, without which Jira does not take it."""
    return " ".join(re.findall(r"[0-9.]+[wdhm]", value))


# What is checked is stricter than what is listed: a list costs every model, and the expressions of
# JSON Schema (ECMA-262) know only ASCII in \w and \d, pydantic's all of Unicode.
Written = BeforeValidator(_written)
Listed = BeforeValidator(_listed)


def _as_pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


IssueIdOrKey = Annotated[
    str,
    Field(pattern=r"^([A-Za-z][A-Za-z0-9_]{0,31}-)?[0-9]{1,18}$"),
    Written,
    _as_pattern(r"^([A-Za-z]\w*-)?\d+$"),
]
"""``DEMO-1`` or ``10001``."""

ProjectIdOrKey = Annotated[
    str,
    Field(pattern=r"^([A-Za-z][A-Za-z0-9_]{0,31}|[0-9]{1,18})$"),
    Written,
    _as_pattern(r"^([A-Za-z]\w*|\d+)$"),
]
Id = Annotated[str, Field(pattern=r"^[0-9]{1,18}$"), Written, _as_pattern(r"^\d+$")]
Person = Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,255}$")]
"""An account id, an e-mail address or a name: looked up, never part of a path."""

PLAIN = WithJsonSchema({"type": "string"})
"""Keeps limits that no honest caller meets out of the tool list, where each costs every model."""

FieldName = Annotated[str, Field(pattern=r"^[^\x00-\x1f,]{1,100}$"), PLAIN]
"""A field's id or name (``summary``, ``Story Points``), ``*all``, ``*navigable``, ``-comment``."""

Fields = Annotated[list[FieldName], Field(min_length=1, max_length=100), Listed]
PropertyKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,255}$")]
GlobalId = Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,255}$")]
"""What tells a remote link from others, in the words of whoever made it."""

Line = Annotated[str, Field(min_length=1, max_length=255), PLAIN]
Markdown = Annotated[str, Field(max_length=500_000), PLAIN]
Jql = Annotated[str, Field(min_length=1, max_length=10_000), PLAIN]
Duration = Annotated[str, Field(pattern=r"^([0-9.]{1,9}[wdhm] ?){1,9}$"), AfterValidator(_spaced)]
"""Jira's own notation: ``3h 20m``, ``1d``; ``3h20m`` as well."""

Date = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
PageToken = Annotated[str, Field(min_length=1, max_length=2000), PLAIN]
StartAt = Annotated[int, Field(ge=0)]
UpTo50 = Annotated[int, Field(ge=1, le=50)]
UpTo100 = Annotated[int, Field(ge=1, le=100)]
UpTo200 = Annotated[int, Field(ge=1, le=200)]

ANY = WithJsonSchema({"type": "object"})
FieldValues = Annotated[dict[str, Any], ANY]
"""Values by field id or name: plain words, Markdown, or what Jira's REST API takes."""

Updates = dict[str, list[FieldValues]]


class Visibility(BaseModel):
    """The one group or project role that may see it."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["group", "role"]
    value: Line
