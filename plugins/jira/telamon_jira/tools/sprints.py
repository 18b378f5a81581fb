"""Sprints: reading, planning, starting, filling and completing them; ranking issues."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from telamon.plugin import InvalidArgument, tool
from telamon_jira import compact
from telamon_jira.arguments import (
    Fields,
    Id,
    IssueIdOrKey,
    Jql,
    Listed,
    PageToken,
    StartAt,
    UpTo50,
    UpTo100,
)
from telamon_jira.client import Jira
from telamon_jira.scopes import (
    READ_ISSUE_DETAILS,
    READ_JQL,
    READ_SPRINT,
    WRITE_BOARD,
    WRITE_ISSUE_RANK,
    WRITE_SPRINT,
)
from telamon_jira.tools.boards import LINE, SOFTWARE, ranked_issues
from telamon_jira.tools.paging import listed
from telamon_jira.values import filled, members, objects, picked

SPRINT = "/rest/agile/1.0/sprint/{sprintId}"
SprintName = Annotated[str, Field(min_length=1, max_length=30)]
Goal = Annotated[str, Field(max_length=1000)]
Moved = Annotated[list[IssueIdOrKey], Field(min_length=1, max_length=50), Listed]


@tool(READ_SPRINT, access="read", group="agile", title="List board sprints")
async def list_jira_board_sprints(
    jira: Jira,
    *,
    board_id: Id,
    state: Annotated[list[Literal["future", "active", "closed"]], Listed] | None = None,
    start_at: StartAt = 0,
    max_results: UpTo50 = 50,
) -> dict[str, Any]:
    """List the sprints of a scrum board, all or those in the given states."""
    return await listed(
        jira,
        "/rest/agile/1.0/board/{boardId}/sprint",
        {
            "state": ",".join(state) if state else None,
            "startAt": start_at,
            "maxResults": max_results,
        },
        "sprints",
        compact.sprint,
        boardId=board_id,
    )


@tool(READ_SPRINT, access="read", group="agile", title="Get sprint")
async def get_jira_sprint(jira: Jira, *, sprint_id: Id) -> dict[str, Any]:
    """Read one sprint: its state, dates and goal."""
    return compact.sprint(await jira.api.get(SPRINT, sprintId=sprint_id))


@tool(
    READ_SPRINT,
    READ_ISSUE_DETAILS,
    READ_JQL,
    access="read",
    group="agile",
    title="List sprint issues",
)
async def list_jira_sprint_issues(
    jira: Jira,
    *,
    sprint_id: Id,
    jql: Jql | None = None,
    fields: Fields = LINE,
    max_results: UpTo100 = 50,
    next_page_token: PageToken | None = None,
) -> dict[str, Any]:
    """List the issues of a sprint in the order of their rank; `jql` narrows them."""
    return await ranked_issues(
        jira,
        f"{SOFTWARE}/sprint/{{sprintId}}/issue",
        jql=jql,
        fields=fields,
        max_results=max_results,
        token=next_page_token,
        sprintId=sprint_id,
    )


@tool(WRITE_SPRINT, access="write", group="agile", title="Create sprint", listed=False)
async def create_jira_sprint(
    jira: Jira,
    *,
    board_id: Id,
    name: SprintName,
    goal: Goal | None = None,
    start_date: AwareDatetime | None = None,
    end_date: AwareDatetime | None = None,
) -> dict[str, Any]:
    """Plan a sprint on a scrum board; updateJiraSprint starts it."""
    dates = _dates(start_date, end_date)
    body = filled(originBoardId=int(board_id), name=name, goal=goal, **dates)
    return compact.sprint(await jira.api.post("/rest/agile/1.0/sprint", body))


@tool(
    WRITE_SPRINT,
    access="write",
    group="agile",
    title="Update sprint",
    idempotent=True,
    listed=False,
)
async def update_jira_sprint(
    jira: Jira,
    *,
    sprint_id: Id,
    name: SprintName | None = None,
    goal: Goal | None = None,
    start_date: AwareDatetime | None = None,
    end_date: AwareDatetime | None = None,
    state: Literal["active", "closed"] | None = None,
) -> dict[str, Any]:
    """Change a sprint. `state: active` starts it; it needs both dates.

    `closed` completes it: what is not done goes back to the backlog.
    """
    body = filled(name=name, **_dates(start_date, end_date), state=state)
    if goal is not None:
        body["goal"] = goal
    if not body:
        raise InvalidArgument("Nothing to change: give a name, goal, date or state.")
    return compact.sprint(await jira.api.post(SPRINT, body, sprintId=sprint_id))


@tool(
    WRITE_SPRINT,
    access="write",
    group="agile",
    title="Move issues to sprint",
    idempotent=True,
    listed=False,
)
async def move_jira_issues_to_sprint(
    jira: Jira,
    *,
    sprint_id: Id,
    issues: Moved,
    rank_before_issue: IssueIdOrKey | None = None,
    rank_after_issue: IssueIdOrKey | None = None,
) -> dict[str, Any]:
    """Put up to 50 issues into an active or future sprint, at its end or beside another issue."""
    beside = _beside(rank_before_issue, rank_after_issue, needed=False)
    await jira.api.post(SPRINT + "/issue", {"issues": issues, **beside}, sprintId=sprint_id)
    return {"sprint": sprint_id, "moved": issues}


@tool(
    WRITE_BOARD,
    access="write",
    group="agile",
    title="Move issues to backlog",
    idempotent=True,
    listed=False,
)
async def move_jira_issues_to_backlog(jira: Jira, *, issues: Moved) -> dict[str, Any]:
    """Take up to 50 issues out of their active and future sprints."""
    await jira.api.post("/rest/agile/1.0/backlog/issue", {"issues": issues})
    return {"moved": issues}


@tool(
    WRITE_ISSUE_RANK,
    access="write",
    group="agile",
    title="Rank issues",
    idempotent=True,
    listed=False,
)
async def rank_jira_issues(
    jira: Jira,
    *,
    issues: Moved,
    rank_before_issue: IssueIdOrKey | None = None,
    rank_after_issue: IssueIdOrKey | None = None,
) -> dict[str, Any]:
    """Put up to 50 issues right before or right after another one in every ranked list."""
    beside = _beside(rank_before_issue, rank_after_issue, needed=True)
    answer = members(await jira.api.put("/rest/agile/1.0/issue/rank", {"issues": issues, **beside}))
    # with 207 Jira says of each issue how it went; with 204 all went well
    failed = [
        picked(entry, "issueKey", "issueId", "errors")
        for entry in objects(answer.get("entries"))
        if int(entry.get("status") or 200) >= 300
    ]
    return filled(ranked=len(issues) - len(failed), failed=failed)


def _dates(start: datetime | None, end: datetime | None) -> dict[str, str]:
    given = {"startDate": start, "endDate": end}
    return {name: day.isoformat(timespec="milliseconds") for name, day in given.items() if day}


def _beside(before: str | None, after: str | None, *, needed: bool) -> dict[str, str]:
    if before and after:
        raise InvalidArgument("Give rankBeforeIssue or rankAfterIssue, not both.")
    if needed and not before and not after:
        raise InvalidArgument("Give rankBeforeIssue or rankAfterIssue.")
    return filled(rankBeforeIssue=before, rankAfterIssue=after)
