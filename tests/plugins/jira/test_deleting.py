"""Deleting, and making what is then deleted."""

import pytest
from fakes.jira_api import BEN, Sandbox

from telamon.plugin import Forbidden, NotFound, Rejected
from telamon_jira import register_product


def test_every_deletion_says_that_it_destroys() -> None:
    tools = [tool for tool in register_product().tools if tool.access == "delete"]
    assert len(tools) == 6
    assert all(tool.destructive and not tool.listed for tool in tools)


async def test_an_issue_is_deleted_with_its_subtasks_only_if_that_is_said(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="has subtasks"):
        await jira.call("deleteJiraIssue", {"issueIdOrKey": "DEMO-4"})
    await jira.call("deleteJiraIssue", {"issueIdOrKey": "DEMO-4", "deleteSubtasks": True})
    for key in ("DEMO-4", "DEMO-5", "DEMO-6"):
        with pytest.raises(NotFound):
            await jira.call("getJiraIssue", {"issueIdOrKey": key})


async def test_links_go_with_the_issue(jira: Sandbox) -> None:
    await jira.call("deleteJiraIssue", {"issueIdOrKey": "DEMO-21"})
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})
    assert "DEMO-21" not in {link["key"] for link in shown["fields"]["issuelinks"]}


async def test_a_comment_is_deleted(jira: Sandbox) -> None:
    page = await jira.call("listJiraIssueComments", {"issueIdOrKey": "DEMO-4"})
    where = {"issueIdOrKey": "DEMO-4", "commentId": page["comments"][0]["id"]}
    with pytest.raises(Forbidden):
        await jira.call("deleteJiraComment", where, person=BEN)
    await jira.call("deleteJiraComment", where)
    with pytest.raises(NotFound):
        await jira.call("deleteJiraComment", where)


async def test_a_work_log_is_deleted_and_its_time_comes_back(jira: Sandbox) -> None:
    page = await jira.call("listJiraIssueWorklogs", {"issueIdOrKey": "DEMO-3"})
    first, second = (log["id"] for log in page["worklogs"])
    await jira.call("deleteJiraWorklog", {"issueIdOrKey": "DEMO-3", "worklogId": first})
    await jira.call(
        "deleteJiraWorklog",
        {"issueIdOrKey": "DEMO-3", "worklogId": second, "adjustEstimate": "leave"},
    )
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": ["timetracking", "worklog"]}
    )
    assert shown["fields"]["timetracking"]["remainingEstimate"] == "7h"
    assert shown["fields"]["worklog"] == {"total": 0}
    with pytest.raises(NotFound):
        await jira.call("deleteJiraWorklog", {"issueIdOrKey": "DEMO-3", "worklogId": first})


async def test_a_link_is_deleted(jira: Sandbox) -> None:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})
    link = next(x for x in shown["fields"]["issuelinks"] if x["key"] == "DEMO-15")
    await jira.call("deleteIssueLink", {"linkId": link["id"]})
    after = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})
    assert "DEMO-15" not in {x["key"] for x in after["fields"]["issuelinks"]}
    with pytest.raises(NotFound):
        await jira.call("deleteIssueLink", {"linkId": link["id"]})


async def test_a_remote_link_is_made_replaced_and_deleted(jira: Sandbox) -> None:
    page = {
        "issueIdOrKey": "DEMO-7",
        "url": "https://www.example.com/a",
        "title": "A",
        "globalId": "page-a",
    }
    made = await jira.call("createJiraRemoteLink", page)
    again = await jira.call(
        "createJiraRemoteLink",
        {**page, "title": "B", "summary": "s", "relationship": "mentioned in"},
    )
    assert made["id"] == again["id"]
    links = await jira.call("getJiraIssueRemoteIssueLinks", {"issueIdOrKey": "DEMO-7"})
    assert links["remoteLinks"] == [
        {
            "id": made["id"],
            "globalId": "page-a",
            "relationship": "mentioned in",
            "title": "B",
            "url": "https://www.example.com/a",
            "summary": "s",
        }
    ]
    where = {"issueIdOrKey": "DEMO-7", "linkId": str(made["id"])}
    await jira.call("deleteJiraRemoteLink", where)
    with pytest.raises(NotFound):
        await jira.call("deleteJiraRemoteLink", where)


async def test_a_file_is_deleted(jira: Sandbox) -> None:
    listed = await jira.call("listJiraIssueAttachments", {"issueIdOrKey": "DEMO-3"})
    first = listed["attachments"][0]["id"]
    await jira.call("deleteJiraIssueAttachment", {"attachmentId": first})
    after = await jira.call("listJiraIssueAttachments", {"issueIdOrKey": "DEMO-3"})
    assert first not in {file["id"] for file in after["attachments"]}
