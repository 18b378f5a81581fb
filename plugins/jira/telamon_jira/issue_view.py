"""How an issue is asked for and shown: exactly the fields that were wanted, and its address."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from telamon.plugin import Json
from telamon_jira import compact, screens
from telamon_jira.client import Jira
from telamon_jira.values import filled, items, members, objects

DETAILS = (
    "summary",
    "status",
    "issuetype",
    "priority",
    "resolution",
    "assignee",
    "reporter",
    "parent",
    "labels",
    "components",
    "versions",
    "fixVersions",
    "created",
    "updated",
    "duedate",
    "description",
    "issuelinks",
    "subtasks",
    "attachment",
    "comment",
)
"""What reading one issue asks for when the caller named nothing."""

OVERVIEW = ("summary", "description", "status", "issuetype", "priority", "created")
"""What a search asks for when the caller named nothing."""

LINE = ("summary", "status", "issuetype", "priority", "assignee", "updated")
"""What a list of a board, sprint, backlog or epic asks for when the caller named nothing."""


def has_custom(fields: Sequence[str]) -> bool:
    """Say whether *fields* may bring custom fields, whose ids mean nothing without names."""
    return any(name.startswith(("customfield_", "*")) for name in fields)


def show(jira: Jira, raw: Json) -> dict[str, Any]:
    """Return an issue as Jira sent it, made compact, with its browser address."""
    found = members(raw)
    fields = {
        name: shown
        for name, value in members(found.get("fields")).items()
        if (shown := compact.field(name, value)) not in (None, "", [], {})
    }
    key = found.get("key")
    return filled(
        key=key,
        id=found.get("id"),
        url=jira.browse(key) if key else None,
        fields=fields,
        names=custom_names(found.get("names"), fields),
        **{name: shape(found[name]) for name, shape in EXPANSIONS.items() if name in found},
    )


def _edit_screen(value: Json) -> dict[str, Any]:
    return {
        name: screens.asked_field(members(meta))
        for name, meta in members(members(value).get("fields")).items()
    }


EXPANSIONS: Mapping[str, Callable[[Json], Any]] = MappingProxyType(
    {
        "changelog": lambda value: [
            compact.change(entry) for entry in objects(members(value).get("histories"))
        ],
        "transitions": lambda value: [screens.step(found) for found in objects(value)],
        "editmeta": _edit_screen,
        "operations": compact.anything,
        "schema": compact.anything,
        "versionedRepresentations": compact.anything,
        "renderedFields": lambda value: value,
        "properties": lambda value: value,
    }
)
"""What comes with an issue when it is asked for, and how it is shown."""


def custom_names(names: Json, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the names of those custom fields that *fields* holds."""
    return {
        name: label
        for name, label in members(names).items()
        if name.startswith("customfield_") and name in fields
    }


def newest_comments(shown: dict[str, Any], limit: int) -> dict[str, Any]:
    """Keep the *limit* newest comments of a shown issue, and say when these are not all."""
    fields = members(shown.get("fields"))
    comment = members(fields.get("comment"))
    comments = items(comment.get("comments"))
    kept = comments[max(0, len(comments) - limit) :]
    if len(kept) >= int(comment.get("total") or 0):
        return shown
    return {
        **shown,
        "fields": {**fields, "comment": {**comment, "comments": kept, "notAllShown": True}},
    }


async def read(
    jira: Jira, key: str, fields: Sequence[str], *, names: bool = False, **query: Any
) -> Json:
    """GET one issue with exactly *fields*."""
    expand = ",".join(filter(None, [query.pop("expand", None), "names" if names else None]))
    return await jira.api.get(
        "/rest/api/3/issue/{issueIdOrKey}",
        {"fields": ",".join(fields), "expand": expand or None, **query},
        issueIdOrKey=key,
    )
