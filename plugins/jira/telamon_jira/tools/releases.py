"""Versions and components: making and changing them, for people who manage a project."""

from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import Call, InvalidArgument, tool
from telamon_jira.arguments import Date, Id, Line, Person, ProjectIdOrKey
from telamon_jira.client import Jira
from telamon_jira.scopes import MANAGE_PROJECT, READ_USER, READ_WORK
from telamon_jira.tools.projects import PROJECT, component, version
from telamon_jira.values import filled, members
from telamon_jira.who import People

Description = Annotated[str, Field(max_length=16_384)]


@tool(
    MANAGE_PROJECT,
    READ_WORK,
    access="manage",
    group="projects",
    title="Create Jira version",
    listed=False,
)
async def create_jira_version(
    jira: Jira,
    *,
    project_id_or_key: ProjectIdOrKey,
    name: Line,
    description: Description | None = None,
    start_date: Date | None = None,
    release_date: Date | None = None,
    released: bool = False,
) -> dict[str, Any]:
    """Create a version (release) of a project. Dates are like `2026-06-15`."""
    body = filled(
        projectId=int(await _id(jira, project_id_or_key)),
        name=name,
        description=description,
        startDate=start_date,
        releaseDate=release_date,
        released=released or None,
    )
    return version(members(await jira.api.post("/rest/api/3/version", body)))


async def _id(jira: Jira, id_or_key: str) -> str:
    if id_or_key.isdigit():
        return id_or_key
    found = await jira.api.get(PROJECT, projectIdOrKey=id_or_key)
    return str(members(found).get("id"))


@tool(
    MANAGE_PROJECT,
    access="manage",
    group="projects",
    title="Update Jira version",
    idempotent=True,
    listed=False,
)
async def update_jira_version(
    jira: Jira,
    *,
    version_id: Id,
    name: Line | None = None,
    description: Description | None = None,
    start_date: Date | None = None,
    release_date: Date | None = None,
    released: bool | None = None,
    archived: bool | None = None,
) -> dict[str, Any]:
    """Change a version: rename, date, release or archive it."""
    given = {
        "name": name,
        "description": description,
        "startDate": start_date,
        "releaseDate": release_date,
        "released": released,
        "archived": archived,
    }
    body = {key: value for key, value in given.items() if value is not None}
    if not body:
        raise InvalidArgument("Nothing to change: give a name, text, date or state.")
    return version(members(await jira.api.put("/rest/api/3/version/{id}", body, id=version_id)))


@tool(
    MANAGE_PROJECT,
    READ_USER,
    access="manage",
    group="projects",
    title="Create Jira component",
    listed=False,
)
async def create_jira_component(
    jira: Jira,
    call: Call,
    *,
    project_key: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")],
    name: Line,
    description: Description | None = None,
    lead_account_id: Person | None = None,
) -> dict[str, Any]:
    """Create a component of a project; its lead is an account id, e-mail address or name."""
    lead = await People(jira, call).account(lead_account_id) if lead_account_id else None
    body = filled(
        project=project_key,
        name=name,
        description=description,
        leadAccountId=lead,
    )
    return component(members(await jira.api.post("/rest/api/3/component", body)))
