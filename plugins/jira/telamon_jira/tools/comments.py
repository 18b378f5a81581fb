"""Comments and work logs of an issue."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from telamon.plugin import InvalidArgument, Json, tool
from telamon_jira import compact, writing
from telamon_jira.arguments import (
    PLAIN,
    Duration,
    Id,
    IssueIdOrKey,
    Markdown,
    StartAt,
    UpTo100,
    Visibility,
)
from telamon_jira.client import Jira
from telamon_jira.converting import converted
from telamon_jira.scopes import READ_WORK, WRITE_WORK
from telamon_jira.values import filled, members, objects

COMMENTS = "/rest/api/3/issue/{issueIdOrKey}/comment"
WORKLOGS = "/rest/api/3/issue/{issueIdOrKey}/worklog"


@tool(READ_WORK, access="read", group="issues", title="List Jira comments")
async def list_jira_issue_comments(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    start_at: StartAt = 0,
    max_results: UpTo100 = 20,
    order_by: Literal["created", "-created"] = "-created",
) -> dict[str, Any]:
    """List an issue's comments, newest first unless `orderBy` is `created`."""
    page = members(
        await jira.api.get(
            COMMENTS,
            {"startAt": start_at, "maxResults": max_results, "orderBy": order_by},
            issueIdOrKey=issue_id_or_key,
        )
    )
    found = objects(page.get("comments"))
    shown = await converted(lambda: _all(compact.comment, found), found)
    return counted(page, "comments", shown)


@tool(READ_WORK, WRITE_WORK, access="write", group="issues", title="Comment on Jira issue")
async def add_comment_to_jira_issue(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    comment_body: Annotated[str, Field(min_length=1, max_length=500_000), PLAIN],
    comment_visibility: Visibility | None = None,
    comment_id: Id | None = None,
    allow_loss: bool = False,
) -> dict[str, Any]:
    """Add a comment, or with `commentId` replace that comment's text. `commentBody` is Markdown.

    A text that loses media, mentions or macros of the old one is refused unless `allowLoss`.
    """
    segments = {"issueIdOrKey": issue_id_or_key} | ({"id": comment_id} if comment_id else {})
    visibility = comment_visibility.model_dump() if comment_visibility else None
    before: Any = None
    if comment_id:
        before = members(await jira.api.get(COMMENTS + "/{id}", **segments)).get("body")
    after = await writing.adf(comment_body, before)
    gone = await writing.losses(before, after)
    writing.refuse_loss(gone, allowed=allow_loss)
    body = filled(body=after, visibility=visibility)
    if comment_id:
        saved = await jira.api.put(COMMENTS + "/{id}", body, **segments)
    else:
        saved = await jira.api.post(COMMENTS, body, **segments)
    identifier = members(saved).get("id")
    page = jira.page(issue_id_or_key)
    return filled(
        id=identifier,
        issue=issue_id_or_key,
        url=f"{page}?focusedCommentId={identifier}" if page else None,
        dropped=gone,
    )


@tool(READ_WORK, access="read", group="issues", title="List Jira work logs", listed=False)
async def list_jira_issue_worklogs(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    start_at: StartAt = 0,
    max_results: UpTo100 = 50,
) -> dict[str, Any]:
    """List the time that people logged on an issue."""
    page = members(
        await jira.api.get(
            WORKLOGS,
            {"startAt": start_at, "maxResults": max_results},
            issueIdOrKey=issue_id_or_key,
        )
    )
    found = objects(page.get("worklogs"))
    shown = await converted(lambda: _all(compact.worklog, found), found)
    return counted(page, "worklogs", shown)


@tool(READ_WORK, WRITE_WORK, access="write", group="issues", title="Log work on Jira issue")
async def add_worklog_to_jira_issue(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    time_spent: Duration,
    started: AwareDatetime | None = None,
    comment_body: Markdown | None = None,
    visibility: Visibility | None = None,
    adjust_estimate: Literal["auto", "leave", "new"] = "auto",
    new_estimate: Duration | None = None,
    worklog_id: Id | None = None,
    allow_loss: bool = False,
) -> dict[str, Any]:
    """Log time on an issue (`timeSpent` like `1h 30m`), or with `worklogId` change that entry.

    `adjustEstimate: new` sets the remaining estimate to `newEstimate`.
    """
    if (adjust_estimate == "new") != (new_estimate is not None):
        raise InvalidArgument("Give newEstimate together with adjustEstimate `new`.")
    segments = {"issueIdOrKey": issue_id_or_key} | ({"id": worklog_id} if worklog_id else {})
    before: Any = None
    if worklog_id and comment_body is not None:
        before = members(await jira.api.get(WORKLOGS + "/{id}", **segments)).get("comment")
    after = await writing.adf(comment_body, before) if comment_body else None
    gone = await writing.losses(before, after)
    writing.refuse_loss(gone, allowed=allow_loss)
    body = filled(
        timeSpent=time_spent,
        started=started.strftime("%Y-%m-%dT%H:%M:%S.000%z") if started else None,
        comment=after or (writing.EMPTY if worklog_id and comment_body == "" else None),
        visibility=visibility.model_dump() if visibility else None,
    )
    query = {"adjustEstimate": adjust_estimate, "newEstimate": new_estimate}
    if worklog_id:
        saved = await jira.api.put(WORKLOGS + "/{id}", body, query, **segments)
    else:
        saved = await jira.api.post(WORKLOGS, body, query, **segments)
    shown = await converted(lambda: compact.worklog(saved), saved)
    page = jira.page(issue_id_or_key)
    return filled(
        issue=issue_id_or_key,
        **shown,
        url=f"{page}?focusedWorklogId={shown.get('id')}" if page else None,
        dropped=gone,
    )


def _all(shape: Callable[[Json], Any], found: list[dict[str, Any]]) -> list[Any]:
    return [compact.shortened(shape(one), len(found)) for one in found]


def counted(page: dict[str, Any], name: str, shown: list[Any]) -> dict[str, Any]:
    """Return a page of a list that is counted: where it starts, how long it is, if it is over."""
    start = int(page.get("startAt") or 0)
    total = page.get("total")
    over = page.get("isLast")
    if over is None:
        over = total is None or start + len(shown) >= int(total)
    return {name: shown, "startAt": start, **filled(total=total), "isLast": bool(over)}
