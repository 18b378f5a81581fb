"""Prompts for what people do in Jira every week: triage, sprint reports, release notes.

What Jira holds goes into the conversation as an embedded resource, apart from the instructions.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from telamon.plugin import Embedded, InvalidArgument, Message, Prompt, prompt
from telamon_jira import issue_view, jql
from telamon_jira.arguments import Id, IssueIdOrKey, Line, ProjectIdOrKey
from telamon_jira.client import Jira
from telamon_jira.page import issue_page as issue_page_text
from telamon_jira.resources import issue_keys
from telamon_jira.scopes import (
    READ_BOARD,
    READ_ISSUE_DETAILS,
    READ_JQL,
    READ_PROJECT,
    READ_SPRINT,
    READ_WORK,
)
from telamon_jira.tools.boards import issues_query
from telamon_jira.tools.search import issue_page
from telamon_jira.values import members, objects
from telamon_jira.wanted import Wanted

NEIGHBOURS = 10
REPORTED = 100
SIMILAR = Wanted(given=issue_view.LINE)
REPORTED_OF = Wanted(
    given=("summary", "issuetype", "status", "assignee", "priority", "parent", "labels"),
    everyday=True,
)
RELEASED = Wanted(given=("summary", "issuetype", "priority", "labels", "components", "description"))


def _attached(uri: str, data: Any) -> Message:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    kind = "text/markdown" if isinstance(data, str) else "application/json"
    return Message(Embedded(uri=uri, data=text, media_type=kind))


def _rest(page: dict[str, Any], tool: str) -> str:
    """Return what to do about the issues that are not on *page*; nothing if all are."""
    more = f" Above are {len(page['issues'])} of more issues: first read the others with {tool}."
    return "" if page["isLast"] else more


@prompt(READ_WORK, title="Triage a Jira issue", complete={"key": issue_keys})
async def triage_issue(jira: Jira, *, key: IssueIdOrKey) -> list[Message]:
    """Judge one issue: is it clear, how urgent is it, who should have it, is it known already."""
    shown = await issue_view.details(jira, key, "project")
    fields = members(shown["fields"])
    project = str(members(fields.get("project")).get("key"))
    similar = await _similar(jira, project, str(fields.get("summary") or ""), shown["key"])
    return [
        _attached(jira.resource("issue", key), issue_page_text(shown)),
        _attached(jira.resource("issue", f"{key}-similar"), similar),
        Message(
            f"Triage the issue {key} above. Say in a few lines: what the problem is and what is "
            "missing to start on it; which priority and labels fit and why; which of the similar "
            "issues is a duplicate or should be linked; who could take it. Then propose the edits "
            "and wait for approval before you change anything."
        ),
    ]


async def _similar(jira: Jira, project: str, summary: str, key: str) -> dict[str, Any]:
    words = sorted(set(jql.WORD.findall(summary)), key=len, reverse=True)[:2]
    clauses = [clause for word in words if (clause := jql.text_clause(word))]
    if not clauses:
        return {"issues": []}
    query = (
        f"project = {jql.quoted(project)} AND ({' OR '.join(clauses)}) "
        f"AND key != {jql.quoted(key)} ORDER BY updated DESC"
    )
    answer = await jira.api.read(
        "/rest/api/3/search/jql",
        {"jql": query, "maxResults": NEIGHBOURS, "fields": SIMILAR.asked},
    )
    return await issue_page(jira, answer, SIMILAR)


async def _boards(jira: Jira, typed: str, _others: Mapping[str, str]) -> Sequence[str]:
    """Suggest the ids of boards whose name holds what is typed."""
    if typed.isdigit():
        return []
    answer = await jira.api.get("/rest/agile/1.0/board", {"name": typed or None, "type": "scrum"})
    return [str(board.get("id")) for board in objects(members(answer).get("values"))]


async def _projects(jira: Jira, typed: str, _others: Mapping[str, str]) -> Sequence[str]:
    """Suggest project keys."""
    answer = await jira.api.get("/rest/api/3/project/search", {"query": typed or None})
    return [str(project.get("key")) for project in objects(members(answer).get("values"))]


async def _versions(jira: Jira, typed: str, others: Mapping[str, str]) -> Sequence[str]:
    """Suggest versions of the project that was chosen before, newest first."""
    project = others.get("project")
    if not project:
        return []
    answer = await jira.api.get(
        "/rest/api/3/project/{projectIdOrKey}/version",
        {"query": typed or None, "orderBy": "-sequence"},
        projectIdOrKey=project,
    )
    return [str(version.get("name")) for version in objects(members(answer).get("values"))]


@prompt(
    READ_SPRINT,
    READ_ISSUE_DETAILS,
    READ_JQL,
    READ_BOARD,
    READ_PROJECT,
    title="Report on a sprint",
    complete={"boardId": _boards},
)
async def sprint_report(jira: Jira, *, board_id: Id) -> list[Message]:
    """Report on the active sprint of a board: progress, risks, what to talk about."""
    answer = await jira.api.get(
        "/rest/agile/1.0/board/{boardId}/sprint", {"state": "active"}, boardId=board_id
    )
    active = objects(members(answer).get("values"))
    if not active:
        raise InvalidArgument(f"Board {board_id} has no active sprint.")
    identifier = str(active[0].get("id"))
    issues = await jira.api.get(
        "/rest/software/1.0/sprint/{sprintId}/issue",
        issues_query(None, REPORTED_OF, REPORTED, None),
        sprintId=identifier,
    )
    known = ("name", "goal", "startDate", "endDate")
    sprint = {name: active[0][name] for name in known if name in active[0]}
    page = await issue_page(jira, issues, REPORTED_OF)
    others = ", ".join(f"{one.get('name')} ({one.get('id')})" for one in active[1:])
    beside = f" Say that the board has other active sprints as well: {others}." if others else ""
    return [
        _attached(jira.resource("sprint", identifier), {"sprint": sprint, **page}),
        Message(
            "Write a report of the sprint above for the team: the goal and whether it will be "
            "reached; what is done, in progress and not started, with issue keys; what is at risk "
            "or stuck and why; what to talk about next. Half a page, no more."
            f"{_rest(page, 'listJiraSprintIssues')}{beside}"
        ),
    ]


@prompt(
    READ_WORK,
    title="Release notes of a version",
    complete={"project": _projects, "version": _versions},
)
async def release_notes(jira: Jira, *, project: ProjectIdOrKey, version: Line) -> list[Message]:
    """Write release notes from the finished issues of a version."""
    query = (
        f"project = {jql.quoted(project)} AND fixVersion = {jql.quoted(version)} "
        "AND statusCategory = Done ORDER BY issuetype ASC, priority DESC"
    )
    answer = await jira.api.read(
        "/rest/api/3/search/jql",
        {"jql": query, "maxResults": REPORTED, "fields": RELEASED.asked},
    )
    page = await issue_page(jira, answer, RELEASED)
    if not page["issues"]:
        open_ones = query.replace("statusCategory = Done", "statusCategory != Done")
        return [
            Message(
                f"There is nothing to write release notes from: no finished issue of {project} has "
                f"the fix version {version}. Say so. Then look with searchJiraIssuesUsingJql "
                f"whether the version has issues that are not finished ({open_ones}), and offer to "
                "write a preview of those."
            )
        ]
    return [
        _attached(jira.resource("version", f"{project}-{version}"), page),
        Message(
            f"Write the release notes of {project} {version} from the issues above, for the people "
            "who use it: what is new, what is better, what is repaired. One line each in plain "
            "words, issue key at the end, nothing that users cannot notice."
            f"{_rest(page, f'searchJiraIssuesUsingJql ({query})')}"
        ),
    ]


PROMPTS: tuple[Prompt[Jira], ...] = (triage_issue, sprint_report, release_notes)
