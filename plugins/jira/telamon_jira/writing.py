"""Turning what a model writes into what Jira stores: Markdown becomes ADF where Jira wants ADF.

An edit is laid over the stored document, so that what its Markdown leaves alone is left alone.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from telamon.adf import AdfError, apply_edit, from_markdown, lost
from telamon.plugin import InvalidArgument, Json
from telamon_jira.field_values import DOCUMENTS
from telamon_jira.values import items, members

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
        return from_markdown(text, profile="jira", strict_references=True)
    except AdfError as problem:
        raise InvalidArgument(f"The Markdown cannot be converted: {problem}") from problem


def dropped(before: Json, after: Json) -> list[str]:
    """Return what the document *before* has that nobody would get back from *after*."""
    if not members(before) or not members(after):
        return []
    return [str(loss) for loss in lost(members(before), members(after))]


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
        return document(operand) if name in DOCUMENTS else operand
    text = {"comment": "body", "worklog": "comment"}.get(name)
    found = members(operand)
    if text and isinstance(found.get(text), str):
        return {**found, text: document(found[text])}
    return operand


def ignored(created: Json) -> list[str]:
    """Return what Jira says it left out of an issue that it created all the same."""
    return [
        str(message)
        for part in members(created).values()
        for collection in ("errorCollection", "warningCollection")
        for said in [members(members(part).get(collection))]
        for message in [
            *items(said.get("errorMessages")),
            *items(said.get("warnings")),
            *members(said.get("errors")).values(),
        ]
    ]
