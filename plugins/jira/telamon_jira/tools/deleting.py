"""Deleting: none of this can be undone."""

from typing import Any, Literal

from telamon.plugin import tool
from telamon_jira.arguments import Id, IssueIdOrKey
from telamon_jira.client import Jira
from telamon_jira.scopes import WRITE_WORK

ISSUE = "/rest/api/3/issue/{issueIdOrKey}"


@tool(WRITE_WORK, access="delete", group="issues", title="Delete Jira issue", listed=False)
async def delete_jira_issue(
    jira: Jira, *, issue_id_or_key: IssueIdOrKey, delete_subtasks: bool = False
) -> dict[str, Any]:
    """Delete an issue for good; one with subtasks only together with them."""
    await jira.api.delete(ISSUE, {"deleteSubtasks": delete_subtasks}, issueIdOrKey=issue_id_or_key)
    return {"deleted": issue_id_or_key}


@tool(WRITE_WORK, access="delete", group="issues", title="Delete Jira comment", listed=False)
async def delete_jira_comment(
    jira: Jira, *, issue_id_or_key: IssueIdOrKey, comment_id: Id
) -> dict[str, Any]:
    """Delete a comment for good."""
    await jira.api.delete(ISSUE + "/comment/{id}", issueIdOrKey=issue_id_or_key, id=comment_id)
    return {"deleted": comment_id, "issue": issue_id_or_key}


@tool(WRITE_WORK, access="delete", group="issues", title="Delete Jira work log", listed=False)
async def delete_jira_worklog(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    worklog_id: Id,
    adjust_estimate: Literal["auto", "leave"] = "auto",
) -> dict[str, Any]:
    """Delete a work log for good; its time goes back to the remaining estimate unless `leave`."""
    await jira.api.delete(
        ISSUE + "/worklog/{id}",
        {"adjustEstimate": adjust_estimate},
        issueIdOrKey=issue_id_or_key,
        id=worklog_id,
    )
    return {"deleted": worklog_id, "issue": issue_id_or_key}


@tool(WRITE_WORK, access="delete", group="issues", title="Delete issue link", listed=False)
async def delete_issue_link(jira: Jira, *, link_id: Id) -> dict[str, Any]:
    """Delete a link between two issues; getJiraIssue shows the links' ids."""
    await jira.api.delete("/rest/api/3/issueLink/{linkId}", linkId=link_id)
    return {"deleted": link_id}


@tool(WRITE_WORK, access="delete", group="issues", title="Delete Jira remote link", listed=False)
async def delete_jira_remote_link(
    jira: Jira, *, issue_id_or_key: IssueIdOrKey, link_id: Id
) -> dict[str, Any]:
    """Delete an issue's link to something outside Jira."""
    await jira.api.delete(
        ISSUE + "/remotelink/{linkId}", issueIdOrKey=issue_id_or_key, linkId=link_id
    )
    return {"deleted": link_id, "issue": issue_id_or_key}


@tool(WRITE_WORK, access="delete", group="issues", title="Delete Jira attachment", listed=False)
async def delete_jira_issue_attachment(jira: Jira, *, attachment_id: Id) -> dict[str, Any]:
    """Delete a file for good."""
    await jira.api.delete("/rest/api/3/attachment/{id}", id=attachment_id)
    return {"deleted": attachment_id}
