"""Which fields are read: by id or by name, and what is said of those that there are not."""

from typing import Any

import pytest
from fakes.jira_api import Sandbox
from pydantic import ValidationError

from telamon.plugin import InvalidArgument
from telamon.plugin.testing import FakeApi
from telamon_jira.client import Jira
from telamon_jira.page import issue_page
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.issues import get_jira_issue
from telamon_jira.wanted import Wanted

POINTS, SPRINT, ACCEPTANCE = "customfield_10016", "customfield_10020", "customfield_10051"
NAMES = {
    "summary": "Summary",
    "comment": "Comment",
    POINTS: "Story points",
    "customfield_1": "Team",
    "customfield_2": "team",
    "app__key": "From an app",
}
BY_BOARD = {"boardId": "1"}
LISTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("searchJiraIssuesUsingJql", {"jql": "key = DEMO-4"}),
    ("listJiraBoardIssues", {**BY_BOARD, "jql": "key = DEMO-4"}),
    ("listJiraBacklogIssues", BY_BOARD),
    ("listJiraSprintIssues", {"sprintId": "8", "jql": "key = DEMO-4"}),
    ("listJiraEpicIssues", {"epicIdOrKey": "DEMO-1", "jql": "key = DEMO-4"}),
)


async def test_an_issue_shows_its_sprint_and_story_points_unasked(jira: Sandbox) -> None:
    api = jira.api()
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-4"}, api=api)
    assert len(api.requests) == 1
    assert shown["fields"][POINTS] == 8
    assert shown["fields"][SPRINT][0]["name"] == "Sprint 8"
    assert shown["names"] == {POINTS: "Story points", SPRINT: "Sprint"}
    assert ACCEPTANCE not in shown["fields"]


async def test_an_issue_without_them_shows_no_more_than_before(jira: Sandbox) -> None:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "OPS-1"})
    assert "names" not in shown
    assert not [name for name in shown["fields"] if name.startswith("customfield")]


async def test_the_page_of_an_issue_names_them_too(jira: Sandbox) -> None:
    page = issue_page(await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-4"}))
    assert "- Sprint: Sprint 8\n" in page
    assert "- Story points: 8\n" in page


@pytest.mark.parametrize("name", ["Sprint", "sprint", " SPRINT "])
async def test_a_field_is_read_by_its_name_in_one_request(jira: Sandbox, name: str) -> None:
    api = jira.api()
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": [name]}, api=api)
    assert len(api.requests) == 1
    assert shown["fields"].keys() == {SPRINT}
    assert shown["names"] == {SPRINT: "Sprint"}


@pytest.mark.parametrize("name", ["Story Points", "story point estimate"])
async def test_story_points_go_by_both_of_their_names(jira: Sandbox, name: str) -> None:
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": ["summary", name, "Due Date"]}
    )
    assert shown["fields"].keys() == {"summary", POINTS, "duedate"} & shown["fields"].keys()
    assert POINTS in shown["fields"]
    assert "fieldsNotFound" not in shown


@pytest.mark.parametrize(("tool", "where"), LISTS)
async def test_every_list_of_issues_takes_names(
    jira: Sandbox, tool: str, where: dict[str, Any]
) -> None:
    api = jira.api()
    page = await jira.call(
        tool, {**where, "fields": ["summary", "acceptance criteria", "nonsense"]}, api=api
    )
    assert len(api.requests) == 1
    assert page["issues"]
    for issue in page["issues"]:
        assert issue["fields"].keys() <= {"summary", ACCEPTANCE}
    assert any(ACCEPTANCE in issue["fields"] for issue in page["issues"])
    assert page["names"] == {ACCEPTANCE: "Acceptance criteria"}
    assert page["fieldsNotFound"] == ["There is no field 'nonsense' here."]


@pytest.mark.parametrize(("tool", "where"), LISTS)
async def test_a_list_of_which_nothing_is_known_is_refused(
    jira: Sandbox, tool: str, where: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument, match="listJiraFields finds"):
        await jira.call(tool, {**where, "fields": ["bogus"]})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (["sumary"], "There is no field 'sumary' here; near: Summary"),
        (["points"], "There is no field 'points' here; near: Story points"),
        (["customfield_99999"], "There is no field 'customfield_99999' here"),
        (["bogus", "customfield_99999"], "'bogus' here. There is no field 'customfield_99999'"),
    ],
)
async def test_a_field_that_there_is_not_is_refused_with_what_is_near(
    jira: Sandbox, fields: list[str], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said):
        await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": fields})


async def test_beside_fields_that_there_are_it_is_only_said(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": ["summary", "bogus"]}
    )
    assert shown["fields"] == {"summary": "Guest checkout"}
    assert shown["fieldsNotFound"] == ["There is no field 'bogus' here."]


async def test_system_fields_go_by_what_people_call_them(jira: Sandbox) -> None:
    api = jira.api()
    shown = await jira.call(
        "getJiraIssue",
        {"issueIdOrKey": "DEMO-3", "fields": ["Type", "Comments", "SUMMARY", "summary", "Key"]},
        api=api,
    )
    assert [request.query for request in api.requests] == [
        {"fields": "issuetype,comment,summary,key"}
    ]
    assert shown["fields"].keys() == {"issuetype", "comment", "summary"}
    rest = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": ["-Comments"]})
    assert "summary" in rest["fields"]
    assert "comment" not in rest["fields"]


async def test_a_list_of_fields_may_come_as_one_text(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": "summary, Story points"}
    )
    assert shown["fields"].keys() == {"summary", POINTS}


async def test_what_is_left_out_is_left_out(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": ["*all", "-Sprint", "-comment"]}
    )
    assert {POINTS, "summary"} <= shown["fields"].keys()
    assert not {SPRINT, "comment"} & shown["fields"].keys()
    rest = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": ["-Sprint"]})
    assert {"comment", "summary"} <= rest["fields"].keys()
    assert SPRINT not in rest["fields"]


@pytest.mark.parametrize("expand", ["bogus", ["changelog", "bogus"], "changelog,bogus"])
async def test_an_expansion_that_there_is_not_is_refused_with_those_there_are(
    jira: Sandbox, expand: Any
) -> None:
    with pytest.raises(ValidationError, match="'changelog', 'transitions', 'editmeta'"):
        await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-4", "expand": expand})


async def test_expansions_may_come_as_one_text(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue",
        {"issueIdOrKey": "DEMO-4", "fields": ["summary"], "expand": "changelog, transitions"},
    )
    assert {"changelog", "transitions"} <= shown.keys()


async def test_keys_of_apps_fields_are_passed_as_they_are() -> None:
    answer = {"key": "A-1", "id": "1", "fields": {"app__key": 3}}
    api = FakeApi(answers={("GET", "/rest/api/3/issue/A-1"): answer})
    shown: Any = await get_jira_issue.run(
        Jira(api=api, settings=JiraSettings()),
        issue_id_or_key="A-1",
        fields=["app__key"],
        fields_by_keys=True,
    )
    assert shown["fields"] == {"app__key": 3}
    assert api.requests[0].query == {"fields": "app__key", "fieldsByKeys": True}


@pytest.mark.parametrize(
    ("given", "asked", "names"),
    [
        (("summary", "comment"), ["summary", "comment"], False),
        (("summary", "-comment"), ["summary", "-comment"], True),
        ((POINTS,), [POINTS], True),
        (("*all",), ["*all"], True),
        (("summary", "Story points"), ["*navigable", "summary"], True),
        (("app__key",), ["*navigable", "app__key"], True),
        (("-Story points",), ["*all"], True),
    ],
)
def test_jira_is_asked_for_no_more_than_it_takes_to_know(
    given: tuple[str, ...], asked: list[str], *, names: bool
) -> None:
    wanted = Wanted.by(given)
    assert (wanted.asked, wanted.needs_names) == (asked, names)


def test_fields_of_the_same_name_are_all_shown() -> None:
    fields = {"customfield_1": "a", "customfield_2": "b", "summary": "c"}
    assert Wanted(given=("Team",)).of(fields, NAMES) == {"customfield_1": "a", "customfield_2": "b"}


def test_an_answer_without_names_says_nothing_of_them() -> None:
    assert Wanted(given=("bogus",)).missing(None) == []
    assert Wanted(given=("summary", "app__key")).missing(NAMES) == []
