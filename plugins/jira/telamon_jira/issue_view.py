"""How an issue is asked for and shown: exactly the fields that were wanted, and its address."""

from collections.abc import Sequence
from typing import Any

from telamon.plugin import Json
from telamon_jira import compact
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
        changelog=[
            compact.change(entry)
            for entry in objects(members(found.get("changelog")).get("histories"))
        ],
        transitions=compact.anything(found.get("transitions")),
        properties=found.get("properties"),
        renderedFields=found.get("renderedFields"),
    )


def custom_names(names: Json, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the names of those custom fields that *fields* holds."""
    return {
        name: label
        for name, label in members(names).items()
        if name.startswith("customfield_") and name in fields
    }


def newest_comments(shown: dict[str, Any], limit: int) -> dict[str, Any]:
    """Keep the *limit* newest comments of a shown issue; ``total`` says how many there are."""
    comment = members(members(shown.get("fields")).get("comment"))
    comments = items(comment.get("comments"))
    if len(comments) <= limit:
        return shown
    kept = {**comment, "comments": comments[len(comments) - limit :], "olderNotShown": True}
    return {**shown, "fields": {**members(shown.get("fields")), "comment": kept}}


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
