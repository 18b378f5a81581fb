"""Moving issues through their workflow."""

import pytest
from fakes.jira_api import BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, Rejected


async def status_of(jira: Sandbox, key: str) -> str:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": key, "fields": ["status"]})
    return str(shown["fields"]["status"]["name"])


async def test_possible_steps_say_where_they_lead_and_what_they_ask_for(jira: Sandbox) -> None:
    answer = await jira.call("getTransitionsForJiraIssue", {"issueIdOrKey": "DEMO-4"})
    assert [step["name"] for step in answer["transitions"]] == ["Finish", "Send back"]
    finish = answer["transitions"][0]
    assert finish["to"] == {"name": "Done", "category": "Done"}
    assert finish["fields"]["resolution"]["required"] is True
    assert "Won't Do" in finish["fields"]["resolution"]["allowed"]
    assert "required" not in finish["fields"]["fixVersions"]


async def test_one_step_can_be_asked_for(jira: Sandbox) -> None:
    answer = await jira.call(
        "getTransitionsForJiraIssue", {"issueIdOrKey": "DEMO-4", "transitionId": "41"}
    )
    assert [step["id"] for step in answer["transitions"]] == ["41"]


async def test_a_step_by_id_takes_one_request(jira: Sandbox) -> None:
    api = jira.api()
    answer = await jira.call(
        "transitionJiraIssue", {"issueIdOrKey": "DEMO-7", "transition": {"id": "11"}}, api=api
    )
    assert [(r.method, r.body) for r in api.requests] == [("POST", {"transition": {"id": "11"}})]
    assert answer["transitionId"] == "11"
    assert await status_of(jira, "DEMO-7") == "In Progress"


@pytest.mark.parametrize("name", ["Start work", "start WORK", "In Progress", "in progress"])
async def test_a_step_is_found_by_its_name_or_its_status(jira: Sandbox, name: str) -> None:
    answer = await jira.call(
        "transitionJiraIssue", {"issueIdOrKey": "DEMO-7", "transition": {"name": name}}
    )
    assert answer["status"] == "In Progress"
    assert await status_of(jira, "DEMO-7") == "In Progress"


async def test_an_unknown_name_is_answered_with_the_possible_steps(jira: Sandbox) -> None:
    with pytest.raises(InvalidArgument, match=r"Start work \(id 11, to In Progress\)"):
        await jira.call(
            "transitionJiraIssue", {"issueIdOrKey": "DEMO-7", "transition": {"name": "Done"}}
        )


async def test_an_impossible_id_is_answered_with_the_possible_steps(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match=r"cannot take transition 31 now. Possible now: Start work"):
        await jira.call(
            "transitionJiraIssue", {"issueIdOrKey": "DEMO-7", "transition": {"id": "31"}}
        )


async def test_a_missing_field_of_the_step_is_named(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match=r"requires: resolution \(Resolution\)") as refusal:
        await jira.call(
            "transitionJiraIssue", {"issueIdOrKey": "DEMO-4", "transition": {"name": "Done"}}
        )
    assert refusal.value.fields == {"resolution": "Resolution is required."}
    assert await status_of(jira, "DEMO-4") == "In Review"


async def test_a_refusal_about_something_else_is_passed_on(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="not on the appropriate screen"):
        await jira.call(
            "transitionJiraIssue",
            {"issueIdOrKey": "DEMO-7", "transition": {"id": "11"}, "fields": {"labels": ["x"]}},
        )


async def test_fields_and_a_markdown_comment_go_with_the_step(jira: Sandbox) -> None:
    await jira.call(
        "transitionJiraIssue",
        {
            "issueIdOrKey": "DEMO-4",
            "transition": {"id": "31"},
            "fields": {"resolution": {"name": "Won't Do"}},
            "update": {
                "comment": [{"add": {"body": "Not **now**"}}],
                "fixVersions": [{"add": {"name": "1.9"}}],
            },
            "historyMetadata": {"type": "demo"},
        },
    )
    shown = await jira.call(
        "getJiraIssue",
        {"issueIdOrKey": "DEMO-4", "fields": ["resolution", "comment", "fixVersions"]},
    )
    assert shown["fields"]["resolution"] == "Won't Do"
    assert shown["fields"]["fixVersions"] == ["1.9", "2.0"]
    assert shown["fields"]["comment"]["comments"][-1]["body"] == "Not **now**"


async def test_reopening_takes_the_resolution_away(jira: Sandbox) -> None:
    await jira.call(
        "transitionJiraIssue", {"issueIdOrKey": "DEMO-5", "transition": {"name": "Reopen"}}
    )
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-5", "fields": ["resolution", "status"]}
    )
    assert shown["fields"] == {"status": {"name": "To Do", "category": "To Do"}}


@pytest.mark.parametrize("choice", [{}, {"id": "1", "name": "x"}, {"id": "1/2"}, {"name": ""}])
async def test_a_choice_that_is_none_never_reaches_jira(
    jira: Sandbox, choice: dict[str, str]
) -> None:
    api = jira.api()
    with pytest.raises(ValidationError):
        await jira.call(
            "transitionJiraIssue", {"issueIdOrKey": "DEMO-4", "transition": choice}, api=api
        )
    assert api.requests == []


async def test_somebody_who_may_only_read_has_no_steps(jira: Sandbox) -> None:
    answer = await jira.call("getTransitionsForJiraIssue", {"issueIdOrKey": "OPS-1"}, person=BEN)
    assert answer["transitions"] == []
    assert "getJiraPermissions" in answer["note"]
    assert "administrator" in answer["note"]
    with pytest.raises(InvalidArgument, match="Jira offers this user no step"):
        await jira.call(
            "transitionJiraIssue",
            {"issueIdOrKey": "OPS-1", "transition": {"name": "Done"}},
            person=BEN,
        )
    with pytest.raises(Forbidden):
        await jira.call(
            "transitionJiraIssue",
            {"issueIdOrKey": "OPS-1", "transition": {"id": "31"}},
            person=BEN,
        )
