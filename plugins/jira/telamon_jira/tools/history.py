"""Who changed an issue, and who watches it."""

from typing import Any

from telamon.plugin import Call, tool
from telamon_jira import compact
from telamon_jira.arguments import IssueIdOrKey, Person, StartAt, UpTo100
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_USER, READ_WORK, WRITE_WORK
from telamon_jira.tools.paging import listed
from telamon_jira.values import filled, members, objects
from telamon_jira.who import People

WATCHERS = "/rest/api/3/issue/{issueIdOrKey}/watchers"


@tool(READ_WORK, access="read", group="issues", title="List Jira changes", listed=False)
async def list_jira_issue_changelogs(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    start_at: StartAt = 0,
    max_results: UpTo100 = 50,
) -> dict[str, Any]:
    """List how an issue's fields changed: when, by whom, from what to what; oldest first."""
    return await listed(
        jira,
        "/rest/api/3/issue/{issueIdOrKey}/changelog",
        {"startAt": start_at, "maxResults": max_results},
        "changelogs",
        compact.change,
        issueIdOrKey=issue_id_or_key,
    )


@tool(READ_WORK, access="read", group="issues", title="List Jira watchers", listed=False)
async def list_jira_issue_watchers(jira: Jira, *, issue_id_or_key: IssueIdOrKey) -> dict[str, Any]:
    """List who watches an issue and is told of its changes."""
    answer = members(await jira.api.get(WATCHERS, issueIdOrKey=issue_id_or_key))
    return {
        "watchCount": answer.get("watchCount"),
        "isWatching": answer.get("isWatching"),
        "watchers": [compact.person(user) for user in objects(answer.get("watchers"))],
    }


@tool(
    WRITE_WORK,
    READ_USER,
    access="write",
    group="issues",
    title="Add Jira watcher",
    idempotent=True,
    listed=False,
)
async def add_jira_issue_watcher(
    jira: Jira, call: Call, *, issue_id_or_key: IssueIdOrKey, account_id: Person | None = None
) -> dict[str, Any]:
    """Let somebody (account id, e-mail or name) watch an issue; without `accountId` the user."""
    people = People(jira, call)
    account = await people.account(account_id or jira.api.account_id)
    await jira.api.post(WATCHERS, account, issueIdOrKey=issue_id_or_key)
    return filled(issue=issue_id_or_key, watching=account, people=people.meant)


@tool(
    WRITE_WORK,
    READ_USER,
    access="write",
    group="issues",
    title="Remove Jira watcher",
    destructive=True,
    idempotent=True,
    listed=False,
)
async def remove_jira_issue_watcher(
    jira: Jira, call: Call, *, issue_id_or_key: IssueIdOrKey, account_id: Person | None = None
) -> dict[str, Any]:
    """Let somebody watch an issue no longer, named as in addJiraIssueWatcher."""
    people = People(jira, call)
    account = await people.account(account_id or jira.api.account_id)
    await jira.api.delete(WATCHERS, {"accountId": account}, issueIdOrKey=issue_id_or_key)
    return filled(issue=issue_id_or_key, notWatching=account, people=people.meant)
