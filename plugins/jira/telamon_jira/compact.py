"""What of Jira's JSON a model gets to see: names instead of objects, Markdown instead of documents.

Avatars, icons, ``self`` links, nulls and empty lists are dropped everywhere.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from telamon.adf import AdfError, plain_text, to_markdown
from telamon.plugin import Json
from telamon_jira.values import filled, items, members, objects, picked

ANSWER = 100_000
"""Characters that the texts of one answer may have together, or little more."""
LEAST = 1000
"""Characters that every text may have."""
CUT = "read one at a time to see all of it"
WAS_CUT = re.compile(rf"… \[[0-9]+ more characters: {CUT}\]")
"""How a text ends of which only the beginning was shown."""

NOISE = frozenset(
    {"self", "expand", "avatarUrls", "avatarUrl", "avatarId", "iconUrl", "icon", "colorName"}
)


def person(value: Json) -> dict[str, Any] | None:
    """Return who somebody is: ``name`` and ``accountId``."""
    found = members(value)
    return (
        filled(
            name=found.get("displayName"),
            accountId=found.get("accountId"),
            inactive=True if found.get("active") is False else None,
            kind=found["accountType"] if found.get("accountType") in ("app", "customer") else None,
        )
        or None
    )


def name(value: Json) -> str | None:
    """Return the name of a type, priority, resolution, version, component or anything named."""
    return members(value).get("name")


def status(value: Json) -> dict[str, Any]:
    """Return a status with the category it counts as: To Do, In Progress or Done."""
    return filled(name=name(value), category=name(members(value).get("statusCategory")))


def markdown(value: Json) -> str | None:
    """Return an ADF document as Markdown; text stays as it is."""
    if isinstance(value, str):
        return value or None
    if not value:
        return None
    try:
        return to_markdown(members(value), opaque="reference") or None
    except AdfError as problem:  # one text that cannot be shown must not hide all the others
        return f"[not shown: {problem}]"


def shortened(shown: Any, among: int) -> Any:
    """Return what is shown with its long texts cut, so that *among* such together stay readable."""
    limit = max(LEAST, ANSWER // max(1, among))
    if isinstance(shown, str):
        more = len(shown) - limit
        return f"{shown[:limit]}… [{more} more characters: {CUT}]" if more > 0 else shown
    if isinstance(shown, dict):
        return {name: shortened(inner, among) for name, inner in members(shown).items()}
    return [shortened(one, among) for one in items(shown)] if isinstance(shown, list) else shown


def words(value: Json, limit: int) -> str | None:
    """Return the beginning of a document without any markup, in one line."""
    try:
        text = " ".join(plain_text(members(value)).split()) if value else ""
    except AdfError:
        return None
    return (text if len(text) <= limit else text[: limit - 1] + "…") or None


def neighbour(value: Json) -> dict[str, Any]:
    """Return a parent, subtask or linked issue in a few words."""
    found = members(value)
    fields = members(found.get("fields"))
    return filled(
        key=found.get("key"),
        summary=fields.get("summary"),
        status=name(fields.get("status")),
        type=name(fields.get("issuetype")),
    )


def link(value: Json) -> dict[str, Any]:
    """Return an issue link as it reads from the issue that shows it: ``blocks`` DEMO-2."""
    found = members(value)
    kind = members(found.get("type"))
    outward = "outwardIssue" in found
    other = found.get("outwardIssue") if outward else found.get("inwardIssue")
    return filled(
        id=found.get("id"),
        relation=kind.get("outward") if outward else kind.get("inward"),
        **neighbour(other),
    )


def attachment(value: Json) -> dict[str, Any]:
    """Return what a file is, without its content or address."""
    found = members(value)
    return filled(
        **picked(found, "id", "filename", "size", "mimeType", "created"),
        author=person(found.get("author")),
    )


def comment(value: Json) -> dict[str, Any]:
    """Return a comment with its text as Markdown."""
    found = members(value)
    updated = found.get("updated")
    return filled(
        id=found.get("id"),
        author=person(found.get("author")),
        created=found.get("created"),
        updated=updated if updated != found.get("created") else None,
        visibleTo=picked(found.get("visibility"), "type", "value"),
        internal=True if found.get("jsdPublic") is False else None,
        body=markdown(found.get("body")),
    )


def worklog(value: Json) -> dict[str, Any]:
    """Return a work log with its comment as Markdown."""
    found = members(value)
    return filled(
        **picked(found, "id", "started", "timeSpent"),
        author=person(found.get("author")),
        visibleTo=picked(found.get("visibility"), "type", "value"),
        comment=markdown(found.get("comment")),
    )


def change(value: Json) -> dict[str, Any]:
    """Return one entry of an issue's history: who changed what, from what, to what."""
    found = members(value)
    return filled(
        id=found.get("id"),
        author=person(found.get("author")),
        created=found.get("created"),
        changes=[
            filled(
                field=item.get("field"), before=item.get("fromString"), after=item.get("toString")
            )
            for item in objects(found.get("items"))
        ],
    )


def sprint(value: Json) -> dict[str, Any]:
    """Return a sprint without links."""
    known = ("id", "name", "state", "startDate", "endDate", "completeDate", "goal")
    found = members(value)
    board = found.get("originBoardId") or found.get("boardId")
    return filled(**picked(found, *known), boardId=board)


def anything(value: Json) -> Any:
    """Return any other value, e.g. a custom field's, without noise."""
    if isinstance(value, float) and value.is_integer():  # Jira writes every number with a point
        return int(value)
    if isinstance(value, list):
        return [kept for item in items(value) if (kept := anything(item)) not in (None, [], {})]
    if not isinstance(value, dict):
        return value
    found = members(value)
    for signs, shape in RECOGNISED:
        if signs <= found.keys():
            return shape(found)
    return filled(**{key: anything(inner) for key, inner in found.items() if key not in NOISE})


def _option(value: Json) -> str:
    found = members(value)
    child = members(found.get("child")).get("value")
    return f"{found['value']} / {child}" if child else str(found["value"])


SPRINT_SIGNS = frozenset({"id", "name", "state", "boardId"})
"""By these a sprint is told from other values of custom fields."""

RECOGNISED: tuple[tuple[frozenset[str], Callable[[Json], Any]], ...] = (
    (frozenset({"type", "version", "content"}), markdown),
    (frozenset({"accountId"}), person),
    (frozenset({"statusCategory"}), status),
    (frozenset({"key", "fields"}), neighbour),
    (frozenset({"value", "id"}), _option),
    (SPRINT_SIGNS, sprint),
)
"""What a value is can be told by the members it has."""


def _names(value: Json) -> list[Any]:
    return [found for item in items(value) if (found := name(item))]


def _each(shape: Callable[[Json], Any]) -> Callable[[Json], list[Any]]:
    return lambda value: [shape(item) for item in items(value)]


def _page(inside: str, shape: Callable[[Json], Any]) -> Callable[[Json], dict[str, Any]]:
    return lambda value: filled(
        total=members(value).get("total"),
        **{inside: [shape(item) for item in items(members(value).get(inside))]},
    )


FIELD: Mapping[str, Callable[[Json], Any]] = MappingProxyType(
    {
        "status": status,
        "issuetype": name,
        "priority": name,
        "resolution": name,
        "statusCategory": name,
        "project": lambda value: picked(value, "key", "name"),
        "assignee": person,
        "reporter": person,
        "creator": person,
        "components": _names,
        "fixVersions": _names,
        "versions": _names,
        "parent": neighbour,
        "subtasks": _each(neighbour),
        "issuelinks": _each(link),
        "attachment": _each(attachment),
        "comment": _page("comments", comment),
        "worklog": _page("worklogs", worklog),
        "timetracking": lambda value: picked(
            value, "originalEstimate", "remainingEstimate", "timeSpent"
        ),
        "watches": lambda value: picked(value, "watchCount", "isWatching"),
        "votes": lambda value: picked(value, "votes", "hasVoted"),
        "description": markdown,
        "environment": markdown,
    }
)
"""How a system field is shown; every other field goes through :func:`anything`."""


def field(identifier: str, value: Json) -> Any:
    """Return the value of the field *identifier* as a model should see it."""
    return FIELD.get(identifier, anything)(value)
