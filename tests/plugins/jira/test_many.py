"""Many issues at once."""

import asyncio
from typing import Any

import pytest
from fakes.jira_api import BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, NotFound, Query, Rejected, Unavailable
from telamon.plugin.testing import FakeApi, FakeCall, InTurn
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.many import NewIssue, create_jira_issues
from telamon_jira.tools.moving import move_jira_issues

THERE = {"issues": [{"id": "10", "key": "B-1"}]}
PRIORITIES = "Priority (priority) wants a priority, one of: Highest, High, Medium, Low, Lowest"
VERSIONS = "Fix versions (fixVersions) wants a list, each a version, one of: 1.8, 1.9, 2.0"


def issue(**more: Any) -> dict[str, Any]:
    return {"projectKey": "DEMO", "issueTypeName": "Task", "summary": "One", **more}


async def test_many_issues_are_created_in_one_request(jira: Sandbox) -> None:
    api = jira.api()
    answer = await jira.call(
        "createJiraIssues",
        {
            "issues": [
                issue(),
                issue(summary="Two", description="**x**", additional_fields={"labels": ["a"]}),
                issue(issueTypeName="Subtask", parent="DEMO-4", assignee_account_id=BEN.account_id),
            ]
        },
        api=api,
    )
    assert [r.path for r in api.requests] == ["/rest/api/3/issue/bulk"]
    assert answer["failed"] == 0
    keys = [result["key"] for result in answer["results"]]
    assert keys == ["DEMO-23", "DEMO-24", "DEMO-25"]
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-24"})
    assert shown["fields"]["description"] == "**x**"
    assert shown["fields"]["labels"] == ["a"]


class Together(FakeApi):
    """Answers reads only when two of them wait."""

    def __init__(self) -> None:
        types = {"issueTypes": [{"id": "1", "name": "Task"}]}
        fields = {"fields": [{"fieldId": "summary", "name": "Summary"}]}
        super().__init__(
            answers={
                ("GET", f"/rest/api/3/issue/createmeta/{project}/issuetypes{rest}"): answer
                for project in "AB"
                for rest, answer in (("", types), ("/1", fields))
            }
        )
        self.barrier = asyncio.Barrier(2)

    async def get(self, path: str, query: Query | None = None, /, **segments: str | int) -> Any:
        await self.barrier.wait()
        return await super().get(path, query, **segments)


async def test_the_screens_of_several_projects_are_read_at_once() -> None:
    api = Together()
    issues = [
        NewIssue.model_validate(issue(projectKey=project, issueTypeName="Task", summary=summary))
        for summary in ("x", "y")
        for project in "AB"
    ]
    async with asyncio.timeout(10):
        answer: Any = await create_jira_issues.run(
            Jira(api=api, settings=JiraSettings()),
            FakeCall(),
            issues=issues,
            validate_only=True,
        )
    assert len(api.requests) == 4
    assert len(answer["results"]) == 4


async def test_a_project_that_there_is_not_is_asked_for_once(jira: Sandbox) -> None:
    api = jira.api()
    answer = await jira.call(
        "createJiraIssues",
        {"validateOnly": True, "issues": [issue(projectKey="NOPE")] * 3},
        api=api,
    )
    assert answer["failed"] == 3
    assert len(api.requests) == 1


async def test_progress_counts_every_issue_that_is_dealt_with(jira: Sandbox) -> None:
    issues = [issue(), issue(issueTypeName="Wish"), issue(additional_fields={"duedate": "soon"})]
    creating, validating = FakeCall(), FakeCall()
    await jira.call("createJiraIssues", {"issues": issues, "validateOnly": True}, call=validating)
    assert [done for done, _, _ in validating.reported] == [1, 2, 3]
    await jira.call("createJiraIssues", {"issues": issues}, call=creating)
    assert creating.reported[-1] == (3, 3, "3 of 3")


async def test_what_jira_says_nothing_about_is_not_reported_as_done() -> None:
    api = FakeApi(answers={("POST", "/rest/api/3/issue/bulk"): {"issues": [], "errors": []}})
    answer: Any = await create_jira_issues.run(
        Jira(api=api, settings=JiraSettings()),
        FakeCall(),
        issues=[NewIssue.model_validate(issue())],
    )
    assert answer["failed"] == 1
    assert "search before repeating" in answer["results"][0]["problems"][0]


async def test_each_issue_has_its_own_result(jira: Sandbox) -> None:
    answer = await jira.call(
        "createJiraIssues",
        {
            "issues": [
                issue(),
                issue(additional_fields={"priority": {"name": "Extreme"}}),
                issue(summary="Three"),
            ]
        },
    )
    assert answer["failed"] == 1
    assert answer["results"][0]["key"] == "DEMO-23"
    assert answer["results"][1] == {
        "number": 1,
        "problems": [
            f"priority: The priority selected is invalid. {PRIORITIES}; not 'Extreme'.",
        ],
    }
    assert answer["results"][2]["key"] == "DEMO-24"


async def test_when_jira_refuses_all_each_says_why(jira: Sandbox) -> None:
    answer = await jira.call(
        "createJiraIssues",
        {"issues": [issue(issueTypeName="Wish"), issue(projectKey="SEC")]},
        person=BEN,
    )
    assert answer["failed"] == 2
    assert answer["results"][0]["problems"] == [
        "Project DEMO has no issue type 'Wish'; it has: Epic, Story, Task, Bug, Subtask."
    ]
    assert "There is no project SEC" in answer["results"][1]["problems"][0]


async def test_text_areas_are_converted_for_those_that_have_them(jira: Sandbox) -> None:
    area = {"customfield_10051": "- works"}
    answer = await jira.call(
        "createJiraIssues", {"issues": [issue(), issue(additional_fields=area)]}
    )
    alone = await jira.call("createJiraIssues", {"issues": [issue(additional_fields=area)]})
    for result in (answer["results"][1], alone["results"][0]):
        shown = await jira.call(
            "getJiraIssue", {"issueIdOrKey": result["key"], "fields": ["customfield_10051"]}
        )
        assert shown["fields"]["customfield_10051"] == "- works"


async def test_what_is_no_fault_of_one_issue_ends_it_for_the_rest() -> None:
    made = {"id": "1", "key": "A-1"}
    api = FakeApi(
        answers={
            ("POST", "/rest/api/3/issue/bulk"): Rejected("No."),
            ("POST", "/rest/api/3/issue"): InTurn(
                made, Forbidden("Not you."), Unavailable("Jira is down.")
            ),
        }
    )
    answer: Any = await create_jira_issues.run(
        Jira(api=api, settings=JiraSettings()),
        FakeCall(),
        issues=[NewIssue.model_validate(issue()) for _ in range(5)],
    )
    assert answer["results"][0]["key"] == "A-1"
    assert [result["problems"] for result in answer["results"][1:]] == [
        ["Not you."],
        ["Jira is down."],
        ["Not tried, because of the problem before."],
        ["Not tried, because of the problem before."],
    ]
    assert len(api.requests) == 4


async def test_a_move_that_can_no_longer_be_watched_still_tells_its_task() -> None:
    api = FakeApi(
        answers={
            ("GET", "/rest/api/3/issue/createmeta/A/issuetypes"): {
                "issueTypes": [{"id": "1", "name": "Task"}]
            },
            ("POST", "/rest/api/3/issue/bulkfetch"): THERE,
            ("POST", "/rest/api/3/bulk/issues/move"): {"taskId": "7"},
            ("GET", "/rest/api/3/bulk/queue/7"): Unavailable("Jira is down."),
        }
    )
    answer = await move_jira_issues.run(
        Jira(api=api, settings=JiraSettings()),
        FakeCall(),
        issues=["B-1"],
        target_project_key="A",
        target_issue_type_name="Task",
    )
    assert answer == {"taskId": "7", "status": "UNKNOWN", "problem": "Jira is down."}


async def test_validation_creates_nothing_and_names_every_problem(jira: Sandbox) -> None:
    api = jira.api()
    answer = await jira.call(
        "createJiraIssues",
        {
            "validateOnly": True,
            "issues": [
                issue(),
                issue(projectKey="NOPE"),
                issue(issueTypeName="Wish"),
                issue(issueTypeName="Subtask"),
                issue(
                    additional_fields={
                        "priority": {"name": "Extreme"},
                        "fixVersions": [{"name": "2.0"}, {"name": "9.9"}],
                        "customfield_99": 1,
                    }
                ),
            ],
        },
        api=api,
    )
    assert {r.method for r in api.requests} == {"GET"}
    assert len({r.path for r in api.requests}) == len(api.requests)
    assert answer["failed"] == 4
    assert answer["results"][0] == {"number": 0, "valid": True}
    assert "There is no project NOPE" in answer["results"][1]["problems"][0]
    assert "has no issue type 'Wish'" in answer["results"][2]["problems"][0]
    assert answer["results"][3]["problems"] == ["Parent (parent) is required."]
    assert answer["results"][4]["problems"] == [
        "customfield_99: this type of issue has no such field.",
        f"{PRIORITIES}; not 'Extreme'.",
        f"{VERSIONS}; not '9.9'.",
    ]


async def test_validation_for_somebody_who_may_not_create_says_so(jira: Sandbox) -> None:
    answer = await jira.call(
        "createJiraIssues",
        {"validateOnly": True, "issues": [issue(projectKey="OPS"), issue(projectKey="10001")]},
        person=BEN,
    )
    assert answer["failed"] == 2


@pytest.mark.parametrize(
    "issues",
    [[], [issue()] * 51, [issue(summary="")], [issue(nonsense=1)], [issue(parent="../x")]],
)
async def test_what_is_no_list_of_issues_never_reaches_jira(
    jira: Sandbox, issues: list[Any]
) -> None:
    api = jira.api()
    with pytest.raises(ValidationError):
        await jira.call("createJiraIssues", {"issues": issues}, api=api)
    assert api.requests == []


async def test_issues_are_moved_with_progress(jira: Sandbox) -> None:
    call = FakeCall()
    answer = await jira.call(
        "moveJiraIssues",
        {
            "issues": ["DEMO-13", "10016"],
            "targetProjectKey": "OPS",
            "targetIssueTypeName": "bug",
        },
        call=call,
    )
    assert (answer["status"], answer["percent"]) == ("COMPLETE", 100)
    assert answer["moved"] == {"DEMO-13": "OPS-11", "DEMO-16": "OPS-12"}
    assert [done for done, _, _ in call.reported] == [50, 100]
    moved = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-13"})
    assert moved["key"] == "OPS-11"
    assert moved["fields"]["issuetype"] == "Bug"
    assert "components" not in moved["fields"]


async def test_subtasks_go_with_their_issue(jira: Sandbox) -> None:
    await jira.call(
        "moveJiraIssues",
        {"issues": ["DEMO-4"], "targetProjectKey": "OPS", "targetIssueTypeName": "Task"},
    )
    moved = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-4"})
    assert moved["key"] == "OPS-11"
    assert moved["fields"]["status"]["name"] == "To Do"
    assert "parent" not in moved["fields"]
    parts = {part["key"] for part in moved["fields"]["subtasks"]}
    assert parts == {"OPS-12", "OPS-13"}


async def test_what_cannot_be_moved_is_counted(jira: Sandbox) -> None:
    answer = await jira.call(
        "moveJiraIssues",
        {
            "issues": ["DEMO-13", "DEMO-999"],
            "targetProjectKey": "DEMO",
            "targetIssueTypeName": "Task",
        },
    )
    assert answer["notFoundOrNotAllowed"] == 1
    assert answer["notFound"] == ["DEMO-999"]
    assert answer["moved"] == {"DEMO-13": "DEMO-13"}


async def test_what_is_not_there_at_all_is_not_moved(jira: Sandbox) -> None:
    api = jira.api()
    with pytest.raises(InvalidArgument, match="None of these issues exists"):
        await jira.call(
            "moveJiraIssues",
            {
                "issues": "DEMO-998, DEMO-999",
                "targetProjectKey": "OPS",
                "targetIssueTypeName": "Bug",
            },
            api=api,
        )
    assert all("move" not in request.path for request in api.requests)


async def test_a_key_that_an_issue_once_had_is_not_called_missing(jira: Sandbox) -> None:
    there = {"targetProjectKey": "OPS", "targetIssueTypeName": "Bug"}
    back = {"targetProjectKey": "DEMO", "targetIssueTypeName": "Bug"}
    await jira.call("moveJiraIssues", {"issues": ["DEMO-13"], **there})
    answer = await jira.call("moveJiraIssues", {"issues": ["DEMO-13"], **back})
    assert answer["moved"] == {"OPS-11": "DEMO-23"}
    assert "notFound" not in answer


async def test_a_move_is_looked_at_later_with_the_new_keys(jira: Sandbox) -> None:
    moved = await jira.call(
        "moveJiraIssues",
        {"issues": ["DEMO-13"], "targetProjectKey": "OPS", "targetIssueTypeName": "Bug"},
    )
    later = await jira.call("getJiraBulkOperation", {"taskId": moved["taskId"]})
    assert later["moved"] == {"10013": "OPS-11"}


async def test_a_move_whose_new_keys_cannot_be_read_is_still_told() -> None:
    api = FakeApi(
        answers={
            ("GET", "/rest/api/3/issue/createmeta/A/issuetypes"): {
                "issueTypes": [{"id": "1", "name": "Task"}]
            },
            ("POST", "/rest/api/3/issue/bulkfetch"): InTurn(THERE, Unavailable("Jira is down.")),
            ("POST", "/rest/api/3/bulk/issues/move"): {"taskId": "7"},
            ("GET", "/rest/api/3/bulk/queue/7"): {
                "taskId": "7",
                "status": "COMPLETE",
                "progressPercent": 100,
                "processedAccessibleIssues": [10],
            },
        }
    )
    answer: Any = await move_jira_issues.run(
        Jira(api=api, settings=JiraSettings()),
        FakeCall(),
        issues=["B-1"],
        target_project_key="A",
        target_issue_type_name="Task",
    )
    assert answer["moved"] == {"B-1": "10"}
    assert answer["newKeysUnknown"] == "Jira is down."


async def test_a_target_type_that_is_none_is_answered_with_those_that_exist(
    jira: Sandbox,
) -> None:
    with pytest.raises(InvalidArgument, match="Task, Bug, Subtask"):
        await jira.call(
            "moveJiraIssues",
            {"issues": ["DEMO-13"], "targetProjectKey": "OPS", "targetIssueTypeName": "Epic"},
        )


async def test_a_long_move_is_handed_over_and_can_be_looked_at(jira: Sandbox) -> None:
    hasty = Sandbox(settings=JiraSettings(bulk_wait=0))
    answer = await hasty.call(
        "moveJiraIssues",
        {"issues": ["DEMO-13"], "targetProjectKey": "OPS", "targetIssueTypeName": "Bug"},
    )
    assert answer["status"] == "ENQUEUED"
    assert "getJiraBulkOperation" in answer["note"]
    later = await hasty.call("getJiraBulkOperation", {"taskId": answer["taskId"]})
    assert later["status"] == "RUNNING"
    with pytest.raises(NotFound):
        await jira.call("getJiraBulkOperation", {"taskId": "1"})


async def test_a_move_waits_longer_and_longer_and_names_what_failed() -> None:
    types = {"issueTypes": [{"id": "1", "name": "Task"}]}
    running = {"taskId": "7", "status": "RUNNING", "progressPercent": 10, "totalIssueCount": 2}
    over = {
        **running,
        "status": "FAILED",
        "progressPercent": 10,
        "failedAccessibleIssues": {"10": ["The type is wrong."]},
    }
    api = FakeApi(
        answers={
            ("GET", "/rest/api/3/issue/createmeta/A/issuetypes"): types,
            ("POST", "/rest/api/3/issue/bulkfetch"): THERE,
            ("POST", "/rest/api/3/bulk/issues/move"): {"taskId": "7"},
            ("GET", "/rest/api/3/bulk/queue/7"): InTurn(*[running] * 5, over),
        }
    )
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    call = FakeCall()
    answer: Any = await move_jira_issues.run(
        Jira(api=api, settings=JiraSettings(), pause=pause),
        call,
        issues=["B-1"],
        target_project_key="A",
        target_issue_type_name="Task",
        parent="A-9",
    )
    assert pauses == [0.5, 1.0, 2.0, 4.0, 4.0]
    assert call.reported == [(10, 100, "10 % of 2")]
    assert answer["failed"] == {"B-1": ["The type is wrong."]}
    assert "A,1,A-9" in api.requests[2].body["targetToSourcesMapping"]


async def test_a_refused_move_says_why(jira: Sandbox) -> None:
    api = FakeApi(
        answers={
            ("GET", "/rest/api/3/issue/createmeta/A/issuetypes"): {
                "issueTypes": [{"id": "1", "name": "Task"}]
            },
            ("POST", "/rest/api/3/issue/bulkfetch"): THERE,
            ("POST", "/rest/api/3/bulk/issues/move"): Rejected("No."),
        }
    )
    with pytest.raises(Rejected, match="No"):
        await move_jira_issues.run(
            Jira(api=api, settings=jira.settings),
            FakeCall(),
            issues=["B-1"],
            target_project_key="A",
            target_issue_type_name="Task",
        )
