"""Every tool once, as Ada in the demo: in an order in which writes prepare what is read."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Seen = Mapping[str, Any]
"""What each tool said: its JSON, or its text where that is none."""
Given = Mapping[str, Any] | Callable[[Seen], Mapping[str, Any]]
Call = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Sends ``tools/call`` and returns its result."""

FILE = base64.b64encode(b"harbour,opens\nNorth Pier,06:30\n").decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """One call: what was given, and the result."""

    tool: str
    arguments: Mapping[str, Any]
    result: dict[str, Any]


def _page(seen: Seen) -> dict[str, Any]:
    return {"pageId": seen["createConfluencePage"]["id"]}


def _issue(seen: Seen) -> dict[str, Any]:
    return {"issueIdOrKey": seen["createJiraIssue"]["key"]}


JIRA: tuple[tuple[str, Given], ...] = (
    ("getVisibleJiraProjects", {"action": "create"}),
    ("getJiraProject", {"projectIdOrKey": "DEMO"}),
    ("getJiraProjectIssueTypesMetadata", {"projectIdOrKey": "DEMO"}),
    (
        "getJiraIssueTypeMetaWithFields",
        lambda seen: {
            "projectIdOrKey": "DEMO",
            "issueTypeId": seen["getJiraProjectIssueTypesMetadata"]["issueTypes"][0]["id"],
        },
    ),
    ("createJiraVersion", {"projectIdOrKey": "DEMO", "name": "3.0"}),
    ("updateJiraVersion", lambda seen: {"versionId": seen["createJiraVersion"]["id"], "name": "3"}),
    ("createJiraComponent", {"projectKey": "DEMO", "name": "Harbour"}),
    ("listJiraProjectVersions", {"projectIdOrKey": "DEMO"}),
    ("listJiraProjectComponents", {"projectIdOrKey": "DEMO"}),
    ("listJiraFields", {"query": "points"}),
    ("listJiraFieldOptions", {"field": "status"}),
    ("listJiraLabels", {}),
    ("listJiraStatuses", {"projectIdOrKey": "DEMO"}),
    ("listJiraFilters", {}),
    ("getJiraFilter", lambda seen: {"filterId": seen["listJiraFilters"]["filters"][0]["id"]}),
    ("listJiraDashboards", {}),
    ("getJiraPermissions", {"projectKey": "DEMO"}),
    ("lookupJiraAccountId", {"searchString": "Ben"}),
    ("findAssignableUsers", {"projectKey": "DEMO"}),
    (
        "createJiraIssue",
        {
            "projectKey": "DEMO",
            "issueTypeName": "Task",
            "summary": "Paint the ticket booth",
            "description": "Two coats of **blue**.",
        },
    ),
    (
        "createJiraIssues",
        {
            "issues": [
                {"projectKey": "OPS", "issueTypeName": "Task", "summary": "Oil the gangway"},
                {"projectKey": "OPS", "issueTypeName": "Task", "summary": "Check the ropes"},
            ]
        },
    ),
    ("editJiraIssue", lambda seen: {**_issue(seen), "fields": {"labels": ["harbour"]}}),
    ("getTransitionsForJiraIssue", _issue),
    (
        "transitionJiraIssue",
        lambda seen: {
            **_issue(seen),
            "transition": {"id": seen["getTransitionsForJiraIssue"]["transitions"][0]["id"]},
        },
    ),
    ("addCommentToJiraIssue", lambda seen: {**_issue(seen), "commentBody": "On it."}),
    ("listJiraIssueComments", _issue),
    ("addWorklogToJiraIssue", lambda seen: {**_issue(seen), "timeSpent": "1h 30m"}),
    ("listJiraIssueWorklogs", _issue),
    ("addJiraIssueWatcher", _issue),
    ("listJiraIssueWatchers", _issue),
    ("getIssueLinkTypes", {}),
    (
        "createIssueLink",
        lambda seen: {
            "inwardIssue": seen["createJiraIssue"]["key"],
            "outwardIssue": "DEMO-1",
            "type": "Relates",
        },
    ),
    (
        "createJiraRemoteLink",
        lambda seen: {**_issue(seen), "url": "https://example.com/paint", "title": "Paint"},
    ),
    ("getJiraIssueRemoteIssueLinks", _issue),
    (
        "uploadAttachmentToJiraIssue",
        lambda seen: {**_issue(seen), "filename": "hours.csv", "contentBase64": FILE},
    ),
    ("listJiraIssueAttachments", _issue),
    (
        "downloadJiraIssueAttachment",
        lambda seen: {
            "attachmentId": seen["listJiraIssueAttachments"]["attachments"][0]["id"],
        },
    ),
    ("listJiraIssueChangelogs", _issue),
    ("getJiraIssue", lambda seen: {**_issue(seen), "fields": ["*all"]}),
    ("searchJiraIssuesUsingJql", {"jql": "project = DEMO ORDER BY created DESC", "count": True}),
    ("countJiraIssues", {"jql": "project = DEMO"}),
    (
        "moveJiraIssues",
        lambda seen: {
            "issues": [seen["createJiraIssues"]["results"][0]["key"]],
            "targetProjectKey": "DEMO",
            "targetIssueTypeName": "Task",
        },
    ),
    ("getJiraBulkOperation", lambda seen: {"taskId": seen["moveJiraIssues"]["taskId"]}),
    ("listJiraBoards", {}),
    ("getJiraBoard", {"boardId": "1"}),
    ("listJiraBoardIssues", {"boardId": "1"}),
    ("listJiraBacklogIssues", {"boardId": "1"}),
    ("listJiraEpicIssues", {"epicIdOrKey": "DEMO-1"}),
    ("createJiraSprint", {"boardId": "1", "name": "Sprint 10"}),
    (
        "updateJiraSprint",
        lambda seen: {"sprintId": seen["createJiraSprint"]["id"], "goal": "A blue booth"},
    ),
    ("getJiraSprint", lambda seen: {"sprintId": seen["createJiraSprint"]["id"]}),
    ("listJiraBoardSprints", {"boardId": "1"}),
    (
        "moveJiraIssuesToSprint",
        lambda seen: {
            "sprintId": seen["createJiraSprint"]["id"],
            "issues": [seen["createJiraIssue"]["key"]],
        },
    ),
    ("listJiraSprintIssues", lambda seen: {"sprintId": seen["createJiraSprint"]["id"]}),
    (
        "rankJiraIssues",
        lambda seen: {
            "issues": [seen["createJiraIssue"]["key"]],
            "rankBeforeIssue": "DEMO-2",
        },
    ),
    ("moveJiraIssuesToBacklog", lambda seen: {"issues": [seen["createJiraIssue"]["key"]]}),
    ("removeJiraIssueWatcher", _issue),
)

CONFLUENCE: tuple[tuple[str, Given], ...] = (
    ("getConfluenceSpaces", {"keys": ["DEMO"]}),
    ("getConfluenceSpace", {"spaceId": "DEMO"}),
    ("getConfluenceSpacePermissions", {"spaceId": "DEMO"}),
    ("listConfluenceTemplates", {"spaceKey": "DEMO"}),
    (
        "getConfluenceTemplate",
        lambda seen: {"templateId": seen["listConfluenceTemplates"]["templates"][0]["id"]},
    ),
    ("createConfluenceFolder", {"spaceId": "DEMO", "title": "Harbour"}),
    (
        "createConfluencePage",
        {
            "spaceId": "DEMO",
            "title": "Opening hours",
            "body": "Every day.\n\n## Winter\n\nFrom **eight** o'clock.\n\n- [ ] Tell the crew\n",
        },
    ),
    (
        "updateConfluencePage",
        lambda seen: {
            **_page(seen),
            "body": "Every day but Monday.\n\n## Winter\n\nFrom **eight** o'clock.\n\n"
            "- [ ] Tell the crew\n",
        },
    ),
    (
        "updateConfluencePageSection",
        lambda seen: {
            **_page(seen),
            "heading": "Winter",
            "body": "From **nine** o'clock.\n\n- [ ] Tell the crew\n",
        },
    ),
    ("getConfluencePage", _page),
    ("getPagesInConfluenceSpace", {"spaceId": "DEMO"}),
    ("getConfluencePageVersions", _page),
    (
        "compareConfluencePageVersions",
        lambda seen: {**_page(seen), "fromVersion": 1, "toVersion": 3},
    ),
    ("restoreConfluencePageVersion", lambda seen: {**_page(seen), "version": 2}),
    ("getConfluencePageViews", _page),
    ("addConfluenceLabels", lambda seen: {**_page(seen), "labels": ["harbour", "hours"]}),
    ("listConfluenceContentLabels", _page),
    ("removeConfluenceLabel", lambda seen: {**_page(seen), "label": "hours"}),
    ("listConfluenceTasks", {"status": "incomplete"}),
    (
        "updateConfluenceTask",
        lambda seen: {
            "taskId": seen["listConfluenceTasks"]["tasks"][0]["id"],
            "status": "complete",
        },
    ),
    (
        "uploadConfluenceAttachment",
        lambda seen: {**_page(seen), "filename": "hours.csv", "contentBase64": FILE},
    ),
    ("listConfluenceAttachments", _page),
    (
        "downloadConfluenceAttachment",
        lambda seen: {
            "attachmentId": seen["listConfluenceAttachments"]["attachments"][0]["id"],
        },
    ),
    ("createConfluenceFooterComment", lambda seen: {**_page(seen), "body": "And on holidays?"}),
    ("getConfluencePageFooterComments", _page),
    (
        "createConfluenceInlineComment",
        lambda seen: {
            **_page(seen),
            "body": "Really?",
            "inlineCommentProperties": {"textSelection": "but Monday"},
        },
    ),
    ("getConfluencePageInlineComments", _page),
    (
        "updateConfluenceComment",
        lambda seen: {
            "commentId": seen["createConfluenceFooterComment"]["id"],
            "commentType": "footer",
            "body": "And on public holidays?",
        },
    ),
    (
        "getConfluenceCommentChildren",
        lambda seen: {
            "commentId": seen["createConfluenceFooterComment"]["id"],
            "commentType": "footer",
        },
    ),
    (
        "resolveConfluenceInlineComment",
        lambda seen: {"commentId": seen["createConfluenceInlineComment"]["id"]},
    ),
    (
        "copyConfluencePage",
        lambda seen: {
            **_page(seen),
            "parentId": seen["getConfluenceSpace"]["homepageId"],
            "title": "Opening hours in spring",
        },
    ),
    (
        "moveConfluencePage",
        lambda seen: {**_page(seen), "targetId": seen["createConfluenceFolder"]["id"]},
    ),
    ("getConfluencePageAncestors", _page),
    (
        "getConfluencePageDescendants",
        lambda seen: {"pageId": seen["getConfluenceSpace"]["homepageId"]},
    ),
    (
        "getConfluenceFolder",
        lambda seen: {"folderId": seen["createConfluenceFolder"]["id"]},
    ),
    ("listConfluenceBlogPosts", {"spaceId": "DEMO"}),
    ("searchConfluenceUsingCql", {"cql": 'type = page and title ~ "release"'}),
    ("lookupConfluenceUser", {"query": "Ben"}),
    ("checkConfluencePermission", lambda seen: {**_page(seen), "operation": "update"}),
    (
        "setConfluencePageRestrictions",
        lambda seen: {
            **_page(seen),
            "updateUsers": [seen["lookupConfluenceUser"]["people"][0]["accountId"]],
        },
    ),
    ("getConfluencePageRestrictions", _page),
    (
        "archiveConfluencePages",
        lambda seen: {"pageIds": [seen["copyConfluencePage"]["id"]]},
    ),
)

OWN: tuple[tuple[str, Given], ...] = (
    ("atlassianUserInfo", {}),
    ("getAccessibleAtlassianResources", {}),
    ("search", {"query": "checkout"}),
    ("fetch", lambda seen: {"id": seen["search"]["results"][0]["url"]}),
    ("findTools", {"query": "watch an issue"}),
    ("callTool", {"name": "getJiraIssue", "arguments": {"issueIdOrKey": "DEMO-2"}}),
)

DELETIONS: tuple[tuple[str, Given], ...] = (
    (
        "deleteConfluenceComment",
        lambda seen: {
            "commentId": seen["createConfluenceInlineComment"]["id"],
            "commentType": "inline",
        },
    ),
    (
        "deleteConfluenceAttachment",
        lambda seen: {
            "attachmentId": seen["listConfluenceAttachments"]["attachments"][0]["id"],
        },
    ),
    ("deleteConfluencePage", _page),
    (
        "deleteJiraComment",
        lambda seen: {**_issue(seen), "commentId": seen["addCommentToJiraIssue"]["id"]},
    ),
    (
        "deleteJiraWorklog",
        lambda seen: {**_issue(seen), "worklogId": seen["addWorklogToJiraIssue"]["id"]},
    ),
    (
        "deleteIssueLink",
        lambda seen: {"linkId": seen["getJiraIssue"]["fields"]["issuelinks"][0]["id"]},
    ),
    (
        "deleteJiraRemoteLink",
        lambda seen: {
            **_issue(seen),
            "linkId": seen["getJiraIssueRemoteIssueLinks"]["remoteLinks"][0]["id"],
        },
    ),
    (
        "deleteJiraIssueAttachment",
        lambda seen: {
            "attachmentId": seen["listJiraIssueAttachments"]["attachments"][0]["id"],
        },
    ),
    ("deleteJiraIssue", _issue),
)

TOUR = (*OWN, *JIRA, *CONFLUENCE, *DELETIONS)


async def tour(call: Call) -> AsyncIterator[Stop]:
    """Call every tool with *call*, one after the other."""
    seen: dict[str, Any] = {}
    for tool, given in TOUR:
        arguments = given(seen) if callable(given) else given
        result = await call(tool, arguments)
        seen[tool] = said(result)
        yield Stop(tool=tool, arguments=arguments, result=result)


def said(result: Mapping[str, Any]) -> Any:
    """Return what a result says: its first text, as JSON where it is that."""
    text = next((part["text"] for part in result["content"] if part["type"] == "text"), "")
    try:
        return json.loads(text)
    except ValueError:
        return text
