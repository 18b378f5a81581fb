"""Projects, and what can be created in them."""

from typing import Annotated, Any, Literal

from telamon.plugin import tool
from telamon_jira import compact
from telamon_jira.arguments import Line, Listed, ProjectIdOrKey, StartAt, UpTo50, UpTo100
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_WORK
from telamon_jira.tools.create_meta import issue_type
from telamon_jira.tools.paging import listed
from telamon_jira.values import filled, members, objects, picked

PROJECT = "/rest/api/3/project/{projectIdOrKey}"


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
    return await listed(
        jira,
        "/rest/api/3/project/search",
        {
            "query": search_string,
            "action": action,
            "startAt": start_at,
            "maxResults": max_results,
            "expand": "issueTypes" if expand_issue_types else None,
        },
        "projects",
        _project,
    )


@tool(READ_WORK, access="read", group="projects", title="Get Jira project", listed=False)
async def get_jira_project(jira: Jira, *, project_id_or_key: ProjectIdOrKey) -> dict[str, Any]:
    """Read one project with its lead, issue types, components and versions."""
    found = members(await jira.api.get(PROJECT, projectIdOrKey=project_id_or_key))
    return filled(
        **picked(found, "id", "key", "name", "description", "style"),
        type=found.get("projectTypeKey"),
        url=jira.browse(str(found.get("key"))),
        lead=compact.person(found.get("lead")),
        issueTypes=[issue_type(kind) for kind in objects(found.get("issueTypes"))],
        components=[component(item) for item in objects(found.get("components"))],
        versions=[version(item) for item in objects(found.get("versions"))],
    )


@tool(READ_WORK, access="read", group="projects", title="List Jira versions", listed=False)
async def list_jira_project_versions(
    jira: Jira,
    *,
    project_id_or_key: ProjectIdOrKey,
    query: Line | None = None,
    status: Annotated[list[Literal["released", "unreleased", "archived"]], Listed] | None = None,
    start_at: StartAt = 0,
    max_results: UpTo100 = 50,
) -> dict[str, Any]:
    """List the versions (releases) of a project, newest first."""
    return await listed(
        jira,
        PROJECT + "/version",
        {
            "query": query,
            "status": ",".join(status) if status else None,
            "orderBy": "-sequence",
            "startAt": start_at,
            "maxResults": max_results,
        },
        "versions",
        version,
        projectIdOrKey=project_id_or_key,
    )


@tool(READ_WORK, access="read", group="projects", title="List Jira components", listed=False)
async def list_jira_project_components(
    jira: Jira,
    *,
    project_id_or_key: ProjectIdOrKey,
    query: Line | None = None,
    start_at: StartAt = 0,
    max_results: UpTo100 = 50,
) -> dict[str, Any]:
    """List the components of a project."""
    return await listed(
        jira,
        PROJECT + "/component",
        {"query": query, "startAt": start_at, "maxResults": max_results},
        "components",
        component,
        projectIdOrKey=project_id_or_key,
    )


def version(found: dict[str, Any]) -> dict[str, Any]:
    """Return a version without links."""
    return picked(
        found, "id", "name", "description", "startDate", "releaseDate", "released", "archived"
    )


def component(found: dict[str, Any]) -> dict[str, Any]:
    """Return a component without links."""
    return filled(
        **picked(found, "id", "name", "description"), lead=compact.person(found.get("lead"))
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
