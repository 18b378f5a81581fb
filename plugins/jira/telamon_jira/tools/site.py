"""What belongs to the whole site: fields and their values, labels, statuses, saved searches."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from telamon.plugin import InvalidArgument, tool
from telamon_jira import compact
from telamon_jira.arguments import (
    Id,
    IssueIdOrKey,
    Line,
    Listed,
    ProjectIdOrKey,
    StartAt,
    UpTo50,
    UpTo100,
)
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_WORK
from telamon_jira.screens import type_of
from telamon_jira.tools.paging import counted, listed
from telamon_jira.values import filled, items, members, objects, picked

CUSTOM = "customfield_"
PERMISSIONS = (
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "ASSIGN_ISSUES",
    "ADD_COMMENTS",
    "LINK_ISSUES",
    "WORK_ON_ISSUES",
    "CREATE_ATTACHMENTS",
    "DELETE_ISSUES",
    "ADMINISTER_PROJECTS",
)
"""What is asked about when the caller names nothing."""

Permission = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{2,60}$")]


@tool(READ_WORK, access="read", group="projects", title="List Jira fields", listed=False)
async def list_jira_fields(
    jira: Jira,
    *,
    query: Line | None = None,
    type_: Literal["custom", "system"] | None = None,
    start_at: StartAt = 0,
    max_results: UpTo50 = 50,
) -> dict[str, Any]:
    """Find fields by a part of their name: the ids that `fields` take and what they hold."""
    return await listed(
        jira,
        "/rest/api/3/field/search",
        {
            "query": query,
            "type": type_,
            "orderBy": "name",
            "startAt": start_at,
            "maxResults": max_results,
        },
        "fields",
        _field,
    )


@tool(READ_WORK, access="read", group="projects", title="List Jira field values", listed=False)
async def list_jira_field_options(
    jira: Jira,
    *,
    field: Line,
    query: Annotated[str, Field(max_length=255)] = "",
) -> dict[str, Any]:
    """Suggest values of a field, given by name or id, that begin with `query`; of many the first.

    What may be set in one project says getJiraIssueTypeMetaWithFields.
    """
    return {"values": await _suggested(jira, field, query)}


@tool(READ_WORK, access="read", group="projects", title="List Jira labels")
async def list_jira_labels(
    jira: Jira,
    *,
    query: Annotated[str, Field(max_length=255)] | None = None,
    start_at: StartAt = 0,
    max_results: Annotated[int, Field(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """List the labels in use, or those that begin with `query`, of which Jira names the first."""
    if query:
        found = await _suggested(jira, "labels", query)
        return {"labels": found[:max_results]}
    page = members(
        await jira.api.get("/rest/api/3/label", {"startAt": start_at, "maxResults": max_results})
    )
    return counted(page, "labels", items(page.get("values")))


@tool(READ_WORK, access="read", group="projects", title="List Jira statuses", listed=False)
async def list_jira_statuses(
    jira: Jira, *, project_id_or_key: ProjectIdOrKey | None = None
) -> dict[str, Any]:
    """List the statuses of the site, or of a project by issue type."""
    if project_id_or_key is None:
        found = await jira.api.get("/rest/api/3/status")
        return {"statuses": _statuses(found)}
    kinds = await jira.api.get(
        "/rest/api/3/project/{projectIdOrKey}/statuses", projectIdOrKey=project_id_or_key
    )
    return {
        "issueTypes": [
            {"name": kind.get("name"), "statuses": _statuses(kind.get("statuses"))}
            for kind in objects(kinds)
        ]
    }


@tool(READ_WORK, access="read", group="projects", title="List Jira filters", listed=False)
async def list_jira_filters(
    jira: Jira,
    *,
    name: Line | None = None,
    start_at: StartAt = 0,
    max_results: UpTo100 = 50,
) -> dict[str, Any]:
    """List saved searches with their JQL, by a part of their name."""
    return await listed(
        jira,
        "/rest/api/3/filter/search",
        {
            "filterName": name,
            # else the name is a full-text query, and *, ? or a quote in it mean something
            "isSubstringMatch": True if name else None,
            "expand": "description,owner,jql",
            "startAt": start_at,
            "maxResults": max_results,
        },
        "filters",
        lambda found: _filter(jira, found),
    )


@tool(READ_WORK, access="read", group="projects", title="Get Jira filter", listed=False)
async def get_jira_filter(jira: Jira, *, filter_id: Id) -> dict[str, Any]:
    """Read one saved search; its JQL works in searchJiraIssuesUsingJql."""
    found = await jira.api.get("/rest/api/3/filter/{id}", id=filter_id)
    return _filter(jira, members(found))


@tool(READ_WORK, access="read", group="projects", title="List Jira dashboards", listed=False)
async def list_jira_dashboards(
    jira: Jira,
    *,
    name: Line | None = None,
    start_at: StartAt = 0,
    max_results: UpTo100 = 50,
) -> dict[str, Any]:
    """List dashboards by a part of their name."""
    return await listed(
        jira,
        "/rest/api/3/dashboard/search",
        {"dashboardName": name, "startAt": start_at, "maxResults": max_results},
        "dashboards",
        lambda found: filled(
            **picked(found, "id", "name", "description"),
            owner=compact.person(found.get("owner")),
            url=f"{jira.api.site.url}/jira/dashboards/{found.get('id')}",
        ),
    )


@tool(READ_WORK, access="read", group="projects", title="Get Jira permissions", listed=False)
async def get_jira_permissions(
    jira: Jira,
    *,
    project_key: ProjectIdOrKey | None = None,
    issue_key: IssueIdOrKey | None = None,
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=50), Listed]
    | None = None,
) -> dict[str, Any]:
    """Tell what the user may do in a project, to an issue, or anywhere on the site."""
    if project_key and issue_key:
        raise InvalidArgument("Give projectKey or issueKey, not both.")
    answer = await jira.api.get(
        "/rest/api/3/mypermissions",
        {
            **_about("project", project_key),
            **_about("issue", issue_key),
            "permissions": ",".join(permissions or PERMISSIONS),
        },
    )
    held = members(members(answer).get("permissions"))
    return {
        "may": [name for name, found in held.items() if members(found).get("havePermission")],
        "mayNot": [
            name for name, found in held.items() if not members(found).get("havePermission")
        ],
    }


def _about(kind: str, value: str | None) -> dict[str, str]:
    return {f"{kind}{'Id' if value.isdigit() else 'Key'}": value} if value else {}


async def _suggested(jira: Jira, field: str, beginning: str) -> list[str]:
    name = f"cf[{field.removeprefix(CUSTOM)}]" if field.startswith(CUSTOM) else field
    answer = await jira.api.get(
        "/rest/api/3/jql/autocompletedata/suggestions",
        {"fieldName": name, "fieldValue": beginning},
    )
    return [_unquoted(found) for found in objects(members(answer).get("results"))]


def _unquoted(found: dict[str, Any]) -> str:
    """Return a suggested value as it is, not as a literal of JQL."""
    text = str(found.get("value"))
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if quoted else text


def _field(found: dict[str, Any]) -> dict[str, Any]:
    schema = members(found.get("schema"))
    return filled(
        **picked(found, "id", "name", "description"),
        type=type_of(schema),
        kind=str(schema["custom"]).rsplit(":", 1)[-1] if schema.get("custom") else None,
    )


def _statuses(found: Any) -> list[dict[str, Any]]:
    return [filled(id=one.get("id"), **compact.status(one)) for one in objects(found)]


def _filter(jira: Jira, found: dict[str, Any]) -> dict[str, Any]:
    return filled(
        **picked(found, "id", "name", "description", "jql"),
        owner=compact.person(found.get("owner")),
        url=f"{jira.api.site.url}/issues/?filter={found.get('id')}",
    )
