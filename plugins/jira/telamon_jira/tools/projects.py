"""Projects, and what can be created in them."""

import asyncio
from typing import Any, Literal

from telamon.plugin import tool
from telamon_jira.arguments import Id, Line, ProjectIdOrKey, StartAt, UpTo50, UpTo200
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_WORK
from telamon_jira.tools.comments import counted
from telamon_jira.tools.transitions import asked_field
from telamon_jira.values import filled, members, objects, picked

ISSUE_TYPES = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes"
FIELDS = ISSUE_TYPES + "/{issueTypeId}"
FIELDS_PAGE = 200
"""The most that one request for field metadata may ask for."""


@tool(READ_WORK, access="read", group="projects", title="List Jira projects")
async def get_visible_jira_projects(
    jira: Jira,
    *,
    search_string: Line | None = None,
    action: Literal["view", "browse", "edit", "create"] = "create",
    start_at: StartAt = 0,
    max_results: UpTo50 = 50,
    expand_issue_types: bool = True,
) -> dict[str, Any]:
    """List projects in which the user may do `action`, by default create issues."""
    page = members(
        await jira.api.get(
            "/rest/api/3/project/search",
            {
                "query": search_string,
                "action": action,
                "startAt": start_at,
                "maxResults": max_results,
                "expand": "issueTypes" if expand_issue_types else None,
            },
        )
    )
    return counted(page, "projects", [_project(found) for found in objects(page.get("values"))])


@tool(READ_WORK, access="read", group="projects", title="List project issue types")
async def get_jira_project_issue_types_metadata(
    jira: Jira,
    *,
    project_id_or_key: ProjectIdOrKey,
    start_at: StartAt = 0,
    max_results: UpTo200 = 50,
) -> dict[str, Any]:
    """List the issue types that can be created in a project, with the ids that other tools need."""
    page = members(
        await jira.api.get(
            ISSUE_TYPES,
            {"startAt": start_at, "maxResults": max_results},
            projectIdOrKey=project_id_or_key,
        )
    )
    return counted(page, "issueTypes", [issue_type(t) for t in objects(page.get("issueTypes"))])


@tool(READ_WORK, access="read", group="projects", title="Get create field metadata")
async def get_jira_issue_type_meta_with_fields(
    jira: Jira, *, project_id_or_key: ProjectIdOrKey, issue_type_id: Id
) -> dict[str, Any]:
    """List the fields for creating an issue of one type: which are required, what values they take.

    getJiraProjectIssueTypesMetadata gives the type's id.
    """

    async def page(start: int) -> dict[str, Any]:
        return members(
            await jira.api.get(
                FIELDS,
                {"startAt": start, "maxResults": FIELDS_PAGE},
                projectIdOrKey=project_id_or_key,
                issueTypeId=issue_type_id,
            )
        )

    first = await page(0)
    starts = range(FIELDS_PAGE, int(first.get("total") or 0), FIELDS_PAGE)
    pages = [first, *await asyncio.gather(*(page(start) for start in starts))]
    return {
        "fields": {
            str(meta.get("fieldId") or meta.get("key")): asked_field(meta)
            for found in pages
            for meta in objects(found.get("fields"))
        }
    }


def issue_type(value: Any) -> dict[str, Any]:
    """Return an issue type with the id by which other tools name it."""
    found = members(value)
    return filled(
        **picked(found, "id", "name", "description"),
        subtask=True if found.get("subtask") else None,
    )


def _project(found: dict[str, Any]) -> dict[str, Any]:
    return filled(
        **picked(found, "id", "key", "name"),
        type=found.get("projectTypeKey"),
        issueTypes=[
            filled(**picked(kind, "id", "name"), subtask=True if kind.get("subtask") else None)
            for kind in objects(found.get("issueTypes"))
        ],
    )
