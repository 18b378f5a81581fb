"""Comments and work logs of an issue."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from telamon.plugin import InvalidArgument, tool
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
from telamon_jira.tools.paging import listed
from telamon_jira.values import filled, members

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
    query = {"startAt": start_at, "maxResults": max_results, "orderBy": order_by}
    return await listed(
        jira,
        COMMENTS,
        query,
        "comments",
        compact.comment,
        within="comments",
        issueIdOrKey=issue_id_or_key,
    )


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
    query = {"startAt": start_at, "maxResults": max_results}
    return await listed(
        jira,
        WORKLOGS,
        query,
        "worklogs",
        compact.worklog,
        within="worklogs",
        issueIdOrKey=issue_id_or_key,
    )


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
