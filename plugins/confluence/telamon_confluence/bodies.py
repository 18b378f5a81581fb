"""Page and comment bodies: ADF as JSON text on Confluence's side, Markdown on the model's."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from telamon.adf import AdfError, apply_edit, from_markdown, lost, replace_section, to_markdown
from telamon.plugin import InvalidArgument, Json, ToolError, Unavailable
from telamon_confluence.answers import is_object, part

BodyFormat = Literal["markdown", "adf", "storage"]

ADF = "atlas_doc_format"

LARGEST = 5 * 1024 * 1024
"""Bytes of one body; Confluence answers 413 to more."""


def requested(body_format: BodyFormat) -> str:
    """Return the ``body-format`` to ask Confluence for."""
    return "storage" if body_format == "storage" else ADF


def document(content: Json) -> dict[str, Any]:
    """Return the ADF document of a page or comment that was read with :data:`ADF`.

    Raises:
        Unavailable: Confluence answered with something that is not a document.
    """
    value = _value(content, ADF)
    if not value:
        return {"type": "doc", "version": 1, "content": []}
    try:
        parsed: Json = json.loads(value)
    except (ValueError, RecursionError):
        parsed = None
    if not is_object(parsed):
        raise Unavailable("Confluence answered with a body that cannot be read; try again later.")
    return parsed


def read(content: Json, body_format: BodyFormat = "markdown") -> str | dict[str, Any]:
    """Return the body of *content* in the form the model asked for."""
    if body_format == "storage":
        return _value(content, "storage")
    adf = document(content)
    return adf if body_format == "adf" else text(adf)


def text(adf: Mapping[str, Any]) -> str:
    """Return a document as Markdown; macros stand in it as short references.

    Raises:
        ToolError: It is too large or too deep for that.
    """
    try:
        return to_markdown(adf, opaque="reference")
    except AdfError as error:
        raise ToolError(f"{error} Read it as contentFormat adf or storage instead.") from error


def from_text(markdown: str) -> dict[str, str]:
    """Return the ``body`` member of a request that writes Markdown.

    Raises:
        InvalidArgument: The text cannot be a document.
    """
    try:
        return written(from_markdown(markdown, strict_references=True))
    except AdfError as error:
        raise InvalidArgument(str(error)) from error


def edited(adf: Mapping[str, Any], markdown: str) -> dict[str, Any]:
    """Return *adf* as the edited *markdown* has it; what it left alone is left alone.

    Raises:
        InvalidArgument: The text cannot be a document, or refers to a block that is not there.
    """
    try:
        return apply_edit(adf, markdown)
    except AdfError as error:
        raise InvalidArgument(str(error)) from error


def section_edited(adf: Mapping[str, Any], heading: str, markdown: str) -> dict[str, Any]:
    """Return *adf* with the section under *heading* as *markdown* has it, the rest as it was.

    Raises:
        InvalidArgument: There is no such section, or several; or as for :func:`edited`.
    """
    try:
        return replace_section(adf, heading, markdown)
    except AdfError as error:
        raise InvalidArgument(str(error)) from error


def losses(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what *before* has and *after* has not that nobody would get back: macros, media."""
    try:
        return [str(loss) for loss in lost(before, after)]
    except AdfError as error:
        raise InvalidArgument(str(error)) from error


def written(adf: Mapping[str, Any]) -> dict[str, str]:
    """Return the ``body`` member of a request that writes *adf*.

    Raises:
        InvalidArgument: It is larger than Confluence takes.
    """
    value = json.dumps(adf, ensure_ascii=False, separators=(",", ":"))
    if len(value.encode()) > LARGEST:
        raise InvalidArgument("Confluence takes bodies of at most 5 MB; split the text into pages.")
    return {"representation": ADF, "value": value}


def _value(content: Json, representation: str) -> str:
    return str(part(part(content, "body"), representation).get("value") or "")
