"""How an issue is asked for and shown: exactly the fields that were wanted, and its address."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from telamon.plugin import Json
from telamon_jira import compact, screens
from telamon_jira.client import Jira
from telamon_jira.converting import converted
from telamon_jira.values import filled, items, members, objects
from telamon_jira.wanted import Wanted
from telamon_jira.writing import Stored

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

MOST_COMMENTS = 100
"""How many comments of one issue are shown when these are asked for."""

LINE = ("summary", "status", "issuetype", "priority", "assignee", "updated")
"""What a list of a board, sprint, backlog or epic asks for when the caller named nothing."""


EVERYTHING_USUAL = Wanted(given=DETAILS, everyday=True)
"""What one issue is read with when the caller named nothing: sprint and story points too."""


def show(
    jira: Jira, raw: Json, wanted: Wanted, names: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what is wanted of an issue as Jira sent it, made compact, with its browser address.

    *names* are those of the page on which it came.
    """
    found = members(raw)
    own = members(found.get("names"))
    fields = {
        name: shown
        for name, value in wanted.of(members(found.get("fields")), names or own).items()
        if (shown := compact.field(name, value)) not in (None, "", [], {})
    }
    key = found.get("key")
    return filled(
        key=key,
        id=found.get("id"),
        url=jira.browse(key) if key else None,
        fields=fields,
        names=custom_names(own, fields),
        fieldsNotFound=wanted.missing(own if "names" in found else None),
        **{name: shape(found[name]) for name, shape in EXPANSIONS.items() if name in found},
    )


def _edit_screen(value: Json) -> dict[str, Any]:
    return {
        name: screens.asked_field(members(meta))
        for name, meta in members(members(value).get("fields")).items()
    }


def _changes(value: Json) -> list[dict[str, Any]]:
    history = members(value)
    entries = objects(history.get("histories"))
    older = int(history.get("total") or 0) - len(entries)
    left = {"notAllShown": f"listJiraIssueChangelogs lists {older} older changes too"}
    shown = [compact.shortened(compact.change(entry), len(entries)) for entry in entries]
    return [*shown, left] if older > 0 else shown


EXPANSIONS: Mapping[str, Callable[[Json], Any]] = MappingProxyType(
    {
        "changelog": _changes,
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
    """Keep the *limit* newest comments of a shown issue, and say when these are not all.

    Where Jira sent only some of them, nobody knows whether the newest are among these.
    """
    fields = members(shown.get("fields"))
    comment = members(fields.get("comment"))
    comments = items(comment.get("comments"))
    newest = comments[max(0, len(comments) - limit) :]
    kept = [compact.shortened(one, len(newest)) for one in newest]
    if not comment:
        return shown
    total = int(comment.get("total") or 0)
    left = f"listJiraIssueComments lists the {'newest' if len(comments) < total else 'others'}"
    more = {"notAllShown": left} if len(kept) < total else {}
    return {**shown, "fields": {**fields, "comment": {**comment, "comments": kept, **more}}}


async def read(jira: Jira, key: str, wanted: Wanted, **query: Any) -> Json:
    """GET one issue with the fields that are wanted."""
    expand = [*query.pop("expand", ()), *(["names"] if wanted.needs_names else [])]
    return await jira.api.get(
        "/rest/api/3/issue/{issueIdOrKey}",
        {
            "fields": ",".join(wanted.asked),
            "expand": ",".join(dict.fromkeys(expand)) or None,
            **query,
        },
        issueIdOrKey=key,
    )


async def details(jira: Jira, key: str, *more: str) -> dict[str, Any]:
    """Read one issue as it is shown when nothing is chosen, and the fields *more*."""
    wanted = replace(EVERYTHING_USUAL, given=(*DETAILS, *more))
    raw = await read(jira, key, wanted)
    shown = await converted(lambda: show(jira, raw, wanted), raw)
    return newest_comments(shown, jira.settings.recent_comments)


def stored_texts(jira: Jira, key: str) -> Stored:
    """Return what reads the texts of an issue as they are stored."""

    async def read_them(names: Collection[str]) -> Mapping[str, Any]:
        raw = await read(jira, key, Wanted(given=tuple(sorted(names)), exact=True))
        return members(members(raw).get("fields"))

    return read_them
