"""What can be created in a project: its issue types and the fields of their create screens."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from telamon.plugin import InvalidArgument, NotFound, ToolError, tool
from telamon_jira.arguments import Id, ProjectIdOrKey, StartAt, UpTo200
from telamon_jira.client import Jira
from telamon_jira.field_names import Screen
from telamon_jira.form import ReadScreen
from telamon_jira.scopes import READ_WORK
from telamon_jira.screens import asked_field
from telamon_jira.tools.paging import listed
from telamon_jira.values import filled, members, objects, picked

ISSUE_TYPES = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes"
FIELDS = ISSUE_TYPES + "/{issueTypeId}"
PAGE = 200
"""The most that one request for create metadata may ask for."""


@tool(READ_WORK, access="read", group="projects", title="List project issue types")
async def get_jira_project_issue_types_metadata(
    jira: Jira,
    *,
    project_id_or_key: ProjectIdOrKey,
    start_at: StartAt = 0,
    max_results: UpTo200 = 50,
) -> dict[str, Any]:
    """List the issue types that can be created in a project, with the ids that other tools need."""
    return await listed(
        jira,
        ISSUE_TYPES,
        {"startAt": start_at, "maxResults": max_results},
        "issueTypes",
        issue_type,
        within="issueTypes",
        projectIdOrKey=project_id_or_key,
    )


@tool(READ_WORK, access="read", group="projects", title="Get create field metadata")
async def get_jira_issue_type_meta_with_fields(
    jira: Jira, *, project_id_or_key: ProjectIdOrKey, issue_type_id: Id
) -> dict[str, Any]:
    """List the fields for creating an issue of one type: which are required, what values they take.

    getJiraProjectIssueTypesMetadata gives the type's id.
    """
    screen = await fields_of(jira, project_id_or_key, issue_type_id)
    return {"fields": {name: asked_field(meta) for name, meta in screen.items()}}


async def types_of(jira: Jira, project: str) -> list[dict[str, Any]]:
    """Return the issue types that can be created in a project, as Jira describes them."""
    answer = await jira.api.get(ISSUE_TYPES, {"maxResults": PAGE}, projectIdOrKey=project)
    return objects(members(answer).get("issueTypes"))


async def type_id(jira: Jira, project: str, name: str) -> str:
    """Return the id of the issue type of that name in a project.

    Raises:
        InvalidArgument: There is none; the sentence names those that there are.
    """
    return _id_among(await types_of(jira, project), project, name)


class CreateScreens:
    """The create screens that one call needs; what they have in common is read once."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._types: dict[str, list[dict[str, Any]]] = {}
        self._refused: dict[str, str] = {}
        self._fields: dict[tuple[str, str], Screen] = {}

    def of(self, project: str, issue_type: str) -> ReadScreen:
        """Return what reads the screen for issues of a type, by its name, in a project."""

        async def read() -> Screen:
            found = _id_among(await self._types_in(project), project, issue_type)
            if (project, found) not in self._fields:
                self._fields[project, found] = await fields_of(self._jira, project, found)
            return self._fields[project, found]

        return read

    async def prepare(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Read screens by project and type, projects at once; what fails is told who needs it."""
        projects: dict[str, list[str]] = {}
        for project, issue_type in dict.fromkeys(wanted):
            projects.setdefault(project, []).append(issue_type)

        async def of_one(project: str) -> None:
            for issue_type in projects[project]:
                with suppress(ToolError):
                    await self.of(project, issue_type)()

        await asyncio.gather(*map(of_one, projects))

    async def _types_in(self, project: str) -> list[dict[str, Any]]:
        if project not in self._types and project not in self._refused:
            try:
                self._types[project] = await types_of(self._jira, project)
            except NotFound:
                self._refused[project] = (
                    f"There is no project {project} in which you may create issues: "
                    "getVisibleJiraProjects lists those that exist."
                )
        if project in self._refused:
            raise InvalidArgument(self._refused[project])
        return self._types[project]


def _id_among(known: list[dict[str, Any]], project: str, name: str) -> str:
    for kind in known:
        if str(kind.get("name")).casefold() == name.casefold():
            return str(kind.get("id"))
    names = ", ".join(str(kind.get("name")) for kind in known)
    raise InvalidArgument(f"Project {project} has no issue type {name!r}; it has: {names}.")


async def fields_of(jira: Jira, project: str, issue_type: str) -> dict[str, dict[str, Any]]:
    """Return the fields of a create screen by id, as Jira describes them."""

    async def page(start: int) -> dict[str, Any]:
        return members(
            await jira.api.get(
                FIELDS,
                {"startAt": start, "maxResults": PAGE},
                projectIdOrKey=project,
                issueTypeId=issue_type,
            )
        )

    first = await page(0)
    starts = range(PAGE, int(first.get("total") or 0), PAGE)
    pages = [first, *await asyncio.gather(*(page(start) for start in starts))]
    return {
        str(meta.get("fieldId") or meta.get("key")): meta
        for found in pages
        for meta in objects(found.get("fields"))
    }


def issue_type(value: Any) -> dict[str, Any]:
    """Return an issue type with the id by which other tools name it."""
    found = members(value)
    return filled(
        **picked(found, "id", "name", "description"),
        subtask=True if found.get("subtask") else None,
    )
