"""Boards, backlogs, sprints, epics and ranks."""

from typing import Any

import pytest
from fakes.jira_api import BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, NotFound, Rejected
from telamon.plugin.testing import FakeApi
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.sprints import rank_jira_issues

DATES = {"startDate": "2026-06-20T08:00:00Z", "endDate": "2026-07-04T08:00:00+02:00"}


def keys(page: Any) -> list[str]:
    return [issue["key"] for issue in page["issues"]]


async def test_boards_are_listed_with_their_projects(jira: Sandbox) -> None:
    page = await jira.call("listJiraBoards")
    assert page["boards"][0] == {
        "id": 1,
        "name": "DEMO board",
        "type": "scrum",
        "project": {"projectKey": "DEMO", "projectName": "Demo shop"},
        "url": "https://first.example.com/secure/RapidBoard.jspa?rapidView=1",
    }
    assert page["boards"][2]["private"] is True
    assert page["isLast"] is True


async def test_boards_are_narrowed(jira: Sandbox) -> None:
    for arguments in ({"projectKeyOrId": "OPS"}, {"name": "oper"}, {"startAt": 1, "maxResults": 1}):
        page = await jira.call("listJiraBoards", arguments)
        assert [board["name"] for board in page["boards"]] == ["Operations board"]
    first = await jira.call("listJiraBoards", {"maxResults": 2})
    assert (first["isLast"], first["nextStartAt"]) == (False, 2)
    rest = await jira.call("listJiraBoards", {"startAt": first["nextStartAt"]})
    assert (rest["isLast"], len(rest["boards"])) == (True, 1)
    scrum = await jira.call("listJiraBoards", {"type": "scrum"}, person=BEN)
    assert [board["id"] for board in scrum["boards"]] == [1]


async def test_one_board_is_read(jira: Sandbox) -> None:
    assert (await jira.call("getJiraBoard", {"boardId": "2"}))["type"] == "kanban"
    with pytest.raises(NotFound):
        await jira.call("getJiraBoard", {"boardId": "3"}, person=BEN)
    with pytest.raises(NotFound):
        await jira.call("getJiraBoard", {"boardId": "99"})


async def test_issues_of_a_board_come_by_rank_and_by_token(jira: Sandbox) -> None:
    api = jira.api()
    first = await jira.call("listJiraBoardIssues", {"boardId": "1", "maxResults": 3}, api=api)
    assert api.requests[0].path == "/rest/software/1.0/board/1/issue"
    assert api.requests[0].query["fields"] == "summary,status,issuetype,priority,assignee,updated"
    assert keys(first) == ["DEMO-3", "DEMO-4", "DEMO-5"]
    assert first["isLast"] is False
    second = await jira.call(
        "listJiraBoardIssues",
        {"boardId": "1", "maxResults": 3, "nextPageToken": first["nextPageToken"]},
    )
    assert keys(second) == ["DEMO-6", "DEMO-7", "DEMO-8"]


async def test_issues_of_a_board_are_narrowed_by_jql(jira: Sandbox) -> None:
    page = await jira.call(
        "listJiraBoardIssues",
        {"boardId": "1", "jql": "type = Bug AND sprint in openSprints()", "fields": ["summary"]},
    )
    assert keys(page) == ["DEMO-3", "DEMO-14"]
    assert page["issues"][0]["fields"].keys() == {"summary"}


async def test_refused_jql_of_a_board_is_answered_with_what_helps(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="lookupJiraAccountId finds account ids by name"):
        await jira.call("listJiraBoardIssues", {"boardId": "1", "jql": "assignee = Be"})


async def test_custom_fields_of_a_ranked_list_have_names(jira: Sandbox) -> None:
    page = await jira.call(
        "listJiraBoardIssues",
        {"boardId": "1", "maxResults": 1, "fields": ["customfield_10016"]},
    )
    assert page["names"] == {"customfield_10016": "Story points"}


async def test_the_backlog_holds_what_is_in_no_open_sprint(jira: Sandbox) -> None:
    page = await jira.call("listJiraBacklogIssues", {"boardId": "1"})
    assert keys(page) == ["DEMO-10", "DEMO-11", "DEMO-13", "DEMO-16", "DEMO-17"]


async def test_an_epics_issues_are_listed(jira: Sandbox) -> None:
    assert keys(await jira.call("listJiraEpicIssues", {"epicIdOrKey": "DEMO-1"})) == [
        "DEMO-3",
        "DEMO-4",
        "DEMO-7",
    ]
    with pytest.raises(NotFound):
        await jira.call("listJiraEpicIssues", {"epicIdOrKey": "DEMO-3"})


async def test_sprints_are_listed_by_state(jira: Sandbox) -> None:
    page = await jira.call("listJiraBoardSprints", {"boardId": "1", "state": ["active", "future"]})
    assert [(s["id"], s["state"]) for s in page["sprints"]] == [(8, "active"), (9, "future")]
    assert page["sprints"][0]["boardId"] == 1
    with pytest.raises(Rejected, match="does not support sprints"):
        await jira.call("listJiraBoardSprints", {"boardId": "2"})


async def test_one_sprint_and_its_issues_are_read(jira: Sandbox) -> None:
    sprint = await jira.call("getJiraSprint", {"sprintId": "8"})
    assert sprint["goal"] == "Guest checkout works"
    page = await jira.call("listJiraSprintIssues", {"sprintId": "8", "jql": "status = 'In Review'"})
    assert keys(page) == ["DEMO-4", "DEMO-20"]
    with pytest.raises(NotFound):
        await jira.call("getJiraSprint", {"sprintId": "99"})


async def test_a_sprint_is_planned_started_filled_and_completed(jira: Sandbox) -> None:
    made = await jira.call(
        "createJiraSprint", {"boardId": "1", "name": "Sprint 10", "goal": "Rest", **DATES}
    )
    number = str(made["id"])
    assert made["state"] == "future"
    await jira.call("moveJiraIssuesToSprint", {"sprintId": number, "issues": ["DEMO-13", "10016"]})
    assert keys(await jira.call("listJiraSprintIssues", {"sprintId": number})) == [
        "DEMO-13",
        "DEMO-16",
    ]
    with pytest.raises(Rejected, match="already active"):
        await jira.call("updateJiraSprint", {"sprintId": number, "state": "active"})
    closed = await jira.call("updateJiraSprint", {"sprintId": "8", "state": "closed"})
    assert closed["completeDate"]
    started = await jira.call(
        "updateJiraSprint", {"sprintId": number, "state": "active", "name": "Ten", "goal": ""}
    )
    assert (started["state"], started["name"]) == ("active", "Ten")
    assert "goal" not in started


async def test_unfinished_issues_leave_a_completed_sprint(jira: Sandbox) -> None:
    await jira.call("updateJiraSprint", {"sprintId": "8", "state": "closed"})
    assert keys(await jira.call("listJiraSprintIssues", {"sprintId": "8"})) == []
    backlog = keys(await jira.call("listJiraBacklogIssues", {"boardId": "1"}))
    assert "DEMO-3" in backlog


async def test_a_sprint_without_dates_is_not_started(jira: Sandbox) -> None:
    await jira.call("updateJiraSprint", {"sprintId": "8", "state": "closed"})
    with pytest.raises(Rejected, match="start date and an end date"):
        await jira.call("updateJiraSprint", {"sprintId": "9", "state": "active"})


async def test_a_closed_sprint_keeps_all_but_its_words(jira: Sandbox) -> None:
    before = await jira.call("getJiraSprint", {"sprintId": "7"})
    after = await jira.call("updateJiraSprint", {"sprintId": "7", "name": "Seven", **DATES})
    assert after == {**before, "name": "Seven"}
    with pytest.raises(Rejected, match="closed sprint"):
        await jira.call("moveJiraIssuesToSprint", {"sprintId": "7", "issues": ["DEMO-13"]})


async def test_issues_go_back_to_the_backlog(jira: Sandbox) -> None:
    await jira.call("moveJiraIssuesToBacklog", {"issues": ["DEMO-3", "DEMO-12"]})
    backlog = keys(await jira.call("listJiraBacklogIssues", {"boardId": "1"}))
    assert {"DEMO-3", "DEMO-12"} <= set(backlog)


async def test_issues_are_ranked_beside_another(jira: Sandbox) -> None:
    answer = await jira.call(
        "rankJiraIssues", {"issues": ["DEMO-17", "DEMO-16"], "rankBeforeIssue": "DEMO-10"}
    )
    assert answer == {"ranked": 2}
    assert keys(await jira.call("listJiraBacklogIssues", {"boardId": "1"})) == [
        "DEMO-17",
        "DEMO-16",
        "DEMO-10",
        "DEMO-11",
        "DEMO-13",
    ]
    await jira.call("rankJiraIssues", {"issues": ["DEMO-17"], "rankAfterIssue": "DEMO-13"})
    assert keys(await jira.call("listJiraBacklogIssues", {"boardId": "1"}))[-1] == "DEMO-17"


async def test_issues_that_could_not_be_ranked_are_named() -> None:
    api = FakeApi(
        answers={
            ("PUT", "/rest/agile/1.0/issue/rank"): {
                "entries": [
                    {"issueId": 1, "issueKey": "A-1", "status": 200},
                    {"issueId": 2, "issueKey": "A-2", "status": 503, "errors": ["Later."]},
                ]
            }
        }
    )
    answer = await rank_jira_issues.run(
        Jira(api=api, settings=JiraSettings()),
        issues=["A-1", "A-2"],
        rank_after_issue="A-3",
    )
    assert answer == {
        "ranked": 1,
        "failed": [{"issueKey": "A-2", "issueId": 2, "errors": ["Later."]}],
    }


@pytest.mark.parametrize(
    ("tool", "arguments", "error"),
    [
        ("rankJiraIssues", {"issues": ["DEMO-3"]}, InvalidArgument),
        (
            "rankJiraIssues",
            {"issues": ["DEMO-3"], "rankBeforeIssue": "A-1", "rankAfterIssue": "A-2"},
            InvalidArgument,
        ),
        ("updateJiraSprint", {"sprintId": "8"}, InvalidArgument),
        ("updateJiraSprint", {"sprintId": "8", "state": "future"}, ValidationError),
        ("moveJiraIssuesToBacklog", {"issues": []}, ValidationError),
        ("moveJiraIssuesToBacklog", {"issues": ["DEMO-3"] * 51}, ValidationError),
        ("moveJiraIssuesToBacklog", {"issues": ["../x"]}, ValidationError),
        ("createJiraSprint", {"boardId": "1", "name": "x" * 31}, ValidationError),
        ("listJiraBoardSprints", {"boardId": "1", "state": ["open"]}, ValidationError),
    ],
)
async def test_what_makes_no_sense_never_reaches_jira(
    jira: Sandbox, tool: str, arguments: dict[str, Any], error: type[Exception]
) -> None:
    api = jira.api()
    with pytest.raises(error):
        await jira.call(tool, arguments, api=api)
    assert api.requests == []


async def test_somebody_who_may_only_read_changes_no_board(jira: Sandbox) -> None:
    with pytest.raises(Forbidden):
        await jira.call("moveJiraIssuesToBacklog", {"issues": ["OPS-1"]}, person=BEN)
    with pytest.raises(Forbidden):
        await jira.call("createJiraSprint", {"boardId": "2", "name": "x"}, person=BEN)
