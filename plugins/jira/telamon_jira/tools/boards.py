"""Boards, and the issues of boards, backlogs and epics."""

from typing import Any, Literal

from telamon.plugin import tool
from telamon_jira import issue_view
from telamon_jira.arguments import (
    Fields,
    Id,
    IssueIdOrKey,
    Jql,
    Line,
    PageToken,
    ProjectIdOrKey,
    StartAt,
    UpTo50,
    UpTo100,
)
from telamon_jira.client import Jira
from telamon_jira.scopes import (
    READ_BOARD,
    READ_EPIC,
    READ_ISSUE_DETAILS,
    READ_JQL,
    READ_PROJECT,
)
from telamon_jira.tools.paging import listed
from telamon_jira.tools.refused_jql import explained
from telamon_jira.tools.search import issue_page
from telamon_jira.values import filled, members, picked
from telamon_jira.wanted import Wanted

SOFTWARE = "/rest/software/1.0"
LINE: Fields = list(issue_view.LINE)


@tool(READ_BOARD, READ_PROJECT, access="read", group="agile", title="List Jira boards")
async def list_jira_boards(
    jira: Jira,
    *,
    project_key_or_id: ProjectIdOrKey | None = None,
    name: Line | None = None,
    type_: Literal["scrum", "kanban", "simple"] | None = None,
    start_at: StartAt = 0,
    max_results: UpTo50 = 50,
) -> dict[str, Any]:
    """List boards, of a project or by a part of their name. Only scrum boards have sprints."""
    return await listed(
        jira,
        "/rest/agile/1.0/board",
        {
            "projectKeyOrId": project_key_or_id,
            "name": name,
            "type": type_,
            "startAt": start_at,
            "maxResults": max_results,
        },
        "boards",
        lambda found: _board(jira, found),
    )


@tool(
    READ_BOARD,
    READ_ISSUE_DETAILS,
    access="read",
    group="agile",
    title="Get Jira board",
    listed=False,
)
async def get_jira_board(jira: Jira, *, board_id: Id) -> dict[str, Any]:
    """Read one board: its name, type and project."""
    found = members(await jira.api.get("/rest/agile/1.0/board/{boardId}", boardId=board_id))
    return _board(jira, found)


@tool(
    READ_BOARD,
    READ_ISSUE_DETAILS,
    access="read",
    group="agile",
    title="List board issues",
)
async def list_jira_board_issues(
    jira: Jira,
    *,
    board_id: Id,
    jql: Jql | None = None,
    fields: Fields = LINE,
    max_results: UpTo100 = 50,
    next_page_token: PageToken | None = None,
) -> dict[str, Any]:
    """List a board's issues in the order of their rank; `jql` narrows them."""
    return await ranked_issues(
        jira,
        f"{SOFTWARE}/board/{{boardId}}/issue",
        jql=jql,
        fields=fields,
        max_results=max_results,
        token=next_page_token,
        boardId=board_id,
    )


@tool(
    READ_BOARD,
    READ_ISSUE_DETAILS,
    access="read",
    group="agile",
    title="List backlog issues",
)
async def list_jira_backlog_issues(
    jira: Jira,
    *,
    board_id: Id,
    jql: Jql | None = None,
    fields: Fields = LINE,
    max_results: UpTo100 = 50,
    next_page_token: PageToken | None = None,
) -> dict[str, Any]:
    """List the issues of a board that are in no open sprint, in the order of their rank."""
    return await ranked_issues(
        jira,
        f"{SOFTWARE}/board/{{boardId}}/backlog",
        jql=jql,
        fields=fields,
        max_results=max_results,
        token=next_page_token,
        boardId=board_id,
    )


@tool(
    READ_EPIC,
    READ_ISSUE_DETAILS,
    READ_JQL,
    access="read",
    group="agile",
    title="List epic issues",
    listed=False,
)
async def list_jira_epic_issues(
    jira: Jira,
    *,
    epic_id_or_key: IssueIdOrKey,
    jql: Jql | None = None,
    fields: Fields = LINE,
    max_results: UpTo100 = 50,
    next_page_token: PageToken | None = None,
) -> dict[str, Any]:
    """List the issues of an epic in the order of their rank."""
    return await ranked_issues(
        jira,
        f"{SOFTWARE}/epic/{{epicIdOrKey}}/issue",
        jql=jql,
        fields=fields,
        max_results=max_results,
        token=next_page_token,
        epicIdOrKey=epic_id_or_key,
    )


def issues_query(
    jql: str | None, wanted: Wanted, max_results: int, token: str | None
) -> dict[str, Any]:
    """Return the query values of a page of a ranked list."""
    return filled(
        jql=jql,
        fields=",".join(wanted.asked),
        expand="names" if wanted.needs_names else None,
        maxResults=max_results,
        nextPageToken=token,
    )


async def ranked_issues(
    jira: Jira,
    path: str,
    *,
    jql: str | None,
    fields: list[str],
    max_results: int,
    token: str | None,
    **segments: str,
) -> dict[str, Any]:
    """GET one page of a ranked list of issues."""
    wanted = Wanted.by(fields)
    query = issues_query(jql, wanted, max_results, token)
    with explained():
        found = await jira.api.get(path, query, **segments)
    return await issue_page(jira, found, wanted)


def _board(jira: Jira, found: dict[str, Any]) -> dict[str, Any]:
    location = members(found.get("location"))
    return filled(
        **picked(found, "id", "name", "type"),
        project=picked(location, "projectKey", "projectName"),
        private=True if found.get("isPrivate") else None,
        url=f"{jira.api.site.url}/secure/RapidBoard.jspa?rapidView={found.get('id')}",
    )
