"""Page and comment bodies: ADF as JSON text on Confluence's side, Markdown on the model's.

Large ones are converted in a thread, so that everybody else's calls go on.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from telamon.adf import (
    AdfError,
    apply_edit,
    from_markdown,
    lost,
    replace_section,
    section,
    sections,
    to_markdown,
)
from telamon.plugin import InvalidArgument, Json, ToolError, Unavailable
from telamon_confluence import macros
from telamon_confluence.answers import is_object, part
from telamon_confluence.arguments import BodyFormat

P = ParamSpec("P")
T = TypeVar("T")

ADF = "atlas_doc_format"

LARGEST = 5 * 1024 * 1024
"""Bytes of one body; Confluence answers 413 to more."""

LARGE = 64 * 1024
"""Characters; what is longer is worked on in a thread."""


async def aside(size: int, work: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> T:
    """Run *work* on bodies of *size* characters, away from the event loop where they are long."""
    if size <= LARGE:
        return work(*arguments, **options)
    return await asyncio.to_thread(work, *arguments, **options)


def size(content: Json) -> int:
    """Return how many characters the body of *content* has, as Confluence sent it."""
    return max(len(_value(content, ADF)), len(_value(content, "storage")))


def requested(body_format: BodyFormat | None) -> str:
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


async def read(content: Json, body_format: BodyFormat | None = None) -> str | dict[str, Any]:
    """Return the body of *content* in the form the model asked for."""
    return await aside(size(content), shown, content, body_format)


async def read_all(
    items: Iterable[Json], body_format: BodyFormat | None = None
) -> list[str | dict[str, Any]]:
    """Return the bodies of many *items*, which are long together even if none is alone."""
    found = list(items)
    return await aside(sum(map(size, found)), lambda: [shown(item, body_format) for item in found])


def shown(content: Json, body_format: BodyFormat | None) -> str | dict[str, Any]:
    """Do what :func:`read` does, at once."""
    if body_format == "storage":
        return stored(content)
    adf = document(content)
    return adf if body_format == "adf" else text(adf)


def stored(content: Json) -> str:
    """Return a body that was read in the storage format."""
    return _value(content, "storage")


def text(adf: Mapping[str, Any]) -> str:
    """Return a document as Markdown; macros stand in it as short references.

    Raises:
        ToolError: It is too large or too deep for that.
    """
    try:
        return to_markdown(adf, opaque="reference")
    except AdfError as error:
        raise ToolError(f"{error} Read it as contentFormat adf or storage instead.") from error


def new(body: str, body_format: BodyFormat | None) -> dict[str, str]:
    """Return the ``body`` member of a request that writes something new.

    Raises:
        InvalidArgument: The text cannot be a body, or brings a macro that reads other things.
    """
    match body_format:
        case "adf":
            return written(given(body))
        case "storage":
            return stored_as(body)
        case _:
            return from_text(body)


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


def given(body: str, original: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the ADF document that the model wrote as JSON.

    Raises:
        InvalidArgument: It is none, or brings a macro that *original* has not and that reads more
            than its own page.
    """
    try:
        document: Json = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not is_object(document) or document.get("type") != "doc":
        raise InvalidArgument(
            'body is no ADF document: with contentFormat adf it is the JSON of {"type": "doc", '
            '"version": 1, "content": [...]}.'
        )
    losses({"type": "doc", "version": 1, "content": []}, document)  # its bounds
    macros.refuse_new(macros.in_adf(original or {}), macros.in_adf(document))
    return document


def stored_as(body: str, original: str = "") -> dict[str, str]:
    """Return the ``body`` member of a request that writes the storage format.

    Raises:
        InvalidArgument: It is too large; or as for :func:`given`.
    """
    macros.refuse_new(macros.in_storage(original), macros.in_storage(body))
    return _within({"representation": "storage", "value": body})


def section_edited(
    adf: Mapping[str, Any], heading: str, markdown: str, occurrence: int | None = None
) -> dict[str, Any]:
    """Return *adf* with the section under *heading* as *markdown* has it, the rest as it was.

    Raises:
        InvalidArgument: There is no such section, or several; or as for :func:`edited`.
    """
    try:
        return replace_section(adf, heading, markdown, occurrence=occurrence)
    except AdfError as error:
        raise InvalidArgument(str(error)) from error


def only_section(
    adf: Mapping[str, Any], heading: str, occurrence: int | None = None
) -> dict[str, Any]:
    """Return the section under *heading* as a document.

    Raises:
        InvalidArgument: There is no such section, or several.
    """
    try:
        return section(adf, heading, occurrence=occurrence)
    except AdfError as error:
        raise InvalidArgument(str(error)) from error


def headings(adf: Mapping[str, Any]) -> list[str]:
    """Return the headings of a document, each as in Markdown."""
    return [found.named for found in sections(adf)]


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
    return _within({"representation": ADF, "value": value})


def _within(body: dict[str, str]) -> dict[str, str]:
    if len(body["value"].encode(errors="replace")) > LARGEST:
        raise InvalidArgument("Confluence takes bodies of at most 5 MB; split the text into pages.")
    return body


def _value(content: Json, representation: str) -> str:
    return str(part(part(content, "body"), representation).get("value") or "")
