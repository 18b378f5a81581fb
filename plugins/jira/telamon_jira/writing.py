"""Turning what a model writes into what Jira stores: Markdown becomes ADF where Jira wants ADF.

An edit is laid over the stored document, so that what its Markdown leaves alone is left alone.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from telamon.adf import AdfError, apply_edit, from_markdown, lost
from telamon.plugin import InvalidArgument, Json, Rejected
from telamon_jira.values import members

DOCUMENT_FIELDS = frozenset({"description", "environment"})

Send = Callable[[dict[str, Any]], Awaitable[Json]]
Stored = Callable[[Collection[str]], Awaitable[Mapping[str, Any]]]
"""Reads the documents that are stored in the named fields now."""


def document(text: str, stored: Json = None) -> dict[str, Any]:
    """Return Markdown as an ADF document, as an edit of *stored* where there is one.

    Raises:
        InvalidArgument: It is too long or nested too deeply, or refers to a block that *stored*
            does not have.
    """
    try:
        original = members(stored)
        if original:
            return apply_edit(original, text, profile="jira")
        return from_markdown(text, profile="jira")
    except AdfError as problem:
        raise InvalidArgument(f"The Markdown cannot be converted: {problem}") from problem


def dropped(before: Json, after: Json) -> list[str]:
    """Return what the document *before* has that nobody would get back from *after*."""
    if not members(before) or not members(after):
        return []
    return [str(loss) for loss in lost(members(before), members(after))]


def fields(values: Mapping[str, Any], stored: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return *values* with Markdown turned into documents; everything else is passed as data."""
    before = stored or {}
    return {
        name: document(value, before.get(name))
        if name in DOCUMENT_FIELDS and isinstance(value, str)
        else value
        for name, value in values.items()
    }


def updates(values: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return update operations with the Markdown of comments and documents turned into ADF."""
    return {
        name: [
            {verb: _operand(name, operand) for verb, operand in operation.items()}
            for operation in operations
        ]
        for name, operations in values.items()
    }


def _operand(name: str, operand: Any) -> Any:
    if isinstance(operand, str):
        return document(operand) if name in DOCUMENT_FIELDS else operand
    text = {"comment": "body", "worklog": "comment"}.get(name)
    found = members(operand)
    if text and isinstance(found.get(text), str):
        return {**found, text: document(found[text])}
    return operand


async def send_fields(send: Send, values: Mapping[str, Any], stored: Stored | None = None) -> Json:
    """Send field values; text that Jira then wants as a document is converted and sent once more.

    Only Jira knows which custom fields are text areas. It refuses the whole request when text
    comes for one of them, so nothing has been written when the second attempt is made. With
    *stored*, documents are edits of what it reads.
    """
    texts = {name for name in DOCUMENT_FIELDS if isinstance(values.get(name), str)}
    before = dict(await stored(texts)) if stored and texts else {}
    converted = fields(values, before)
    try:
        return await send(converted)
    except Rejected as refusal:
        areas = {
            name
            for name, problem in refusal.fields.items()
            if "Atlassian Document" in problem and isinstance(converted.get(name), str)
        }
        if not areas:
            raise
    before = dict(await stored(areas)) if stored else before
    return await send(
        {
            name: document(value, before.get(name)) if name in areas else value
            for name, value in converted.items()
        }
    )
