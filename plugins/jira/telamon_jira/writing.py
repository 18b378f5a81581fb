"""Turning what a model writes into what Jira stores: Markdown becomes ADF where Jira wants ADF.

An edit is laid over the stored document, so that what its Markdown leaves alone is left alone.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from telamon.adf import AdfError, apply_edit, from_markdown, lost
from telamon.plugin import InvalidArgument, Json
from telamon_jira import compact
from telamon_jira.converting import converted
from telamon_jira.field_values import DOCUMENTS
from telamon_jira.values import items, members

EMPTY: Mapping[str, Any] = {"type": "doc", "version": 1, "content": []}
FRAMES: Mapping[str, str] = MappingProxyType(
    {"panel": "panel", "expand": "expand", "nestedExpand": "expand", "decisionList": "decisions"}
)
"""What a text that was written anew forgets, beside what :func:`telamon.adf.lost` names."""

Stored = Callable[[Collection[str]], Awaitable[Mapping[str, Any]]]
"""Reads the documents that are stored in the named fields now."""


def document(text: str, stored: Json = None) -> dict[str, Any]:
    """Return Markdown as an ADF document, as an edit of *stored* where there is one.

    Raises:
        InvalidArgument: It is too long or nested too deeply, or refers to a block that *stored*
            does not have, or ends where a list had cut it.
    """
    if compact.WAS_CUT.search(text):
        raise InvalidArgument(
            "Of this text only the beginning was shown: read the issue or comment by itself, and "
            "edit the whole text."
        )
    try:
        original = members(stored)
        if original:
            return apply_edit(original, text, profile="jira")
        return from_markdown(text, profile="jira", strict_references=True)
    except AdfError as problem:
        raise InvalidArgument(f"The Markdown cannot be converted: {problem}") from problem


async def adf(text: str, stored: Json = None) -> dict[str, Any]:
    """Return Markdown as :func:`document` does, without holding up others."""
    return await converted(lambda: document(text, stored), text, stored)


async def losses(before: Json, after: Json) -> list[str]:
    """Return what the document *before* has that nobody would get back from *after*.

    *after* may be nothing: then all goes.
    """
    if members(before).get("type") != "doc":
        return []
    return await converted(lambda: _gone(before, members(after) or EMPTY), before, after)


def _gone(before: Json, after: Json) -> list[str]:
    try:
        gone = [str(loss) for loss in lost(before, after)]
    except AdfError as problem:
        raise InvalidArgument(f"The text that is stored cannot be edited: {problem}") from problem
    had, has = _frames(before), _frames(after)
    fewer = ((kind, count - has[kind]) for kind, count in had.items())
    return [
        *gone,
        *(f"{kind} ({count} times)" if count > 1 else kind for kind, count in fewer if count > 0),
    ]


def _frames(document: Json) -> Counter[str]:
    found: Counter[str] = Counter()
    waiting = [document]
    while waiting:
        node = members(waiting.pop())
        if node.get("type") in FRAMES:
            found[FRAMES[node["type"]]] += 1
        waiting.extend(items(node.get("content")))
    return found


def refuse_loss(gone: Collection[str], *, allowed: bool) -> None:
    """Refuse an edit that would lose what *gone* names, unless that is *allowed*.

    Raises:
        InvalidArgument: Nothing was written; the sentence says what would be lost.
    """
    if gone and not allowed:
        raise InvalidArgument(
            f"Nothing was written, because it would remove: {', '.join(gone)}. Read the text again "
            "and keep these parts in the Markdown as they are, or set allowLoss to remove them."
        )


def set_by(values: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the fields that update operations do nothing with but set them, and their values."""
    return {
        name: operations[0]["set"]
        for name, operations in values.items()
        if len(operations) == 1 and operations[0].keys() == {"set"}
    }


async def updates(values: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return update operations with the Markdown of comments and documents turned into ADF."""
    return await converted(lambda: _operations(values), values)


def _operations(values: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
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
