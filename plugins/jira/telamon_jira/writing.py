"""Turning what a model writes into what Jira stores: Markdown becomes ADF where Jira wants ADF."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telamon.adf import AdfError, from_markdown
from telamon.plugin import InvalidArgument, Json, Rejected
from telamon_jira.values import members

DOCUMENT_FIELDS = frozenset({"description", "environment"})

Send = Callable[[dict[str, Any]], Awaitable[Json]]


def document(text: str) -> dict[str, Any]:
    """Return Markdown as an ADF document.

    Raises:
        InvalidArgument: It is too long or nested too deeply.
    """
    try:
        return from_markdown(text)
    except AdfError as problem:
        raise InvalidArgument(f"The Markdown cannot be converted: {problem}") from problem


def fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* with Markdown turned into documents; everything else is passed as data."""
    return {
        name: document(value) if name in DOCUMENT_FIELDS and isinstance(value, str) else value
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


async def send_fields(send: Send, values: Mapping[str, Any]) -> Json:
    """Send field values; text that Jira then wants as a document is converted and sent once more.

    Only Jira knows which custom fields are text areas. It refuses the whole request when text
    comes for one of them, so nothing has been written when the second attempt is made.
    """
    converted = fields(values)
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
        return await send(
            {name: document(value) if name in areas else value for name, value in converted.items()}
        )
