"""Resource templates, prompts, and their completions."""

import json
from typing import Any

import pytest
from fakes.jira_api import BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Embedded, InvalidArgument, Message, NotFound
from telamon_jira import register_product
from telamon_jira.client import Jira

PROMPTS = {prompt.name: prompt for prompt in register_product().prompts}
RESOURCES = {resource.name: resource for resource in register_product().resources}


def client(jira: Sandbox, **who: Any) -> Jira:
    return Jira(api=jira.api(**who), settings=jira.settings)


async def written(jira: Sandbox, name: str, **arguments: str) -> list[Message]:
    messages = await PROMPTS[name].write(client(jira), arguments)
    assert not isinstance(messages, str)
    return list(messages)


def attached(message: Message) -> Embedded:
    assert isinstance(message.content, Embedded)
    return message.content


async def test_an_issue_is_readable_as_a_page(jira: Sandbox) -> None:
    page = await RESOURCES["issue"].run(client(jira), key="DEMO-3")
    assert isinstance(page, str)
    assert page.startswith("# DEMO-3: Order total is NaN after a voucher is removed\n")
    assert "- Status: In Progress" in page
    assert "- Assignee: Ada Example" in page
    assert "- Parent: DEMO-1 Checkout without friction (In Progress)" in page
    assert "- Labels: checkout, regression" in page
    assert "- blocks DEMO-15" in page
    assert "## Comment by Ben Example" in page
    assert "```javascript" in page


async def test_a_page_of_what_may_not_be_seen_is_not_found(jira: Sandbox) -> None:
    with pytest.raises(NotFound):
        await RESOURCES["issue"].run(client(jira, person=BEN), key="SEC-1")


@pytest.mark.parametrize(("typed", "first"), [("DEMO-2", "DEMO-22"), ("guest", "DEMO-4")])
async def test_keys_are_completed(jira: Sandbox, typed: str, first: str) -> None:
    suggested = await RESOURCES["issue"].complete["key"](client(jira), typed, {})
    assert first in suggested
    assert len(set(suggested)) == len(suggested) <= 20


async def test_triage_shows_the_issue_and_its_likes_apart_from_the_task(jira: Sandbox) -> None:
    issue, similar, task = await written(jira, "triageIssue", key="DEMO-3")
    assert attached(issue).uri == "jira://first.example.com/issue/DEMO-3"
    assert attached(issue).media_type == "text/markdown"
    keys = [found["key"] for found in json.loads(attached(similar).data)["issues"]]
    assert "DEMO-9" in keys or "DEMO-21" in keys
    assert "DEMO-3" not in keys
    assert "SPRING" not in str(task.content)


async def test_triage_of_an_issue_without_words_finds_no_likes(jira: Sandbox) -> None:
    await jira.call("editJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": {"summary": "?!"}})
    _, similar, _ = await written(jira, "triageIssue", key="DEMO-3")
    assert json.loads(attached(similar).data) == {"issues": []}


async def test_a_sprint_report_holds_the_active_sprint(jira: Sandbox) -> None:
    data, task = await written(jira, "sprintReport", boardId="1")
    report = json.loads(attached(data).data)
    assert report["sprint"]["name"] == "Sprint 8"
    assert {issue["key"] for issue in report["issues"]} >= {"DEMO-3", "DEMO-4"}
    assert "sprint" in str(task.content)


async def test_a_report_tells_of_what_it_leaves_out(jira: Sandbox) -> None:
    _, task = await written(jira, "sprintReport", boardId="1")
    assert "other" not in str(task.content)
    jira.emulator._states[jira.api().site.cloud_id].sprints[9].state = "active"
    new = {"projectKey": "DEMO", "issueTypeName": "Task", "additional_fields": {"Sprint": 8}}
    for _ in range(2):
        issues = [{**new, "summary": f"Task {number}"} for number in range(50)]
        await jira.call("createJiraIssues", {"issues": issues})
    _, task = await written(jira, "sprintReport", boardId="1")
    said = str(task.content)
    assert "Above are 100 of more issues: first read the others with listJiraSprintIssues." in said
    assert "Say that the board has other active sprints as well: Sprint 9 (9)." in said


async def test_a_board_without_an_active_sprint_is_said(jira: Sandbox) -> None:
    for sprint in jira.emulator._states[jira.api().site.cloud_id].sprints.values():
        sprint.state = "closed"
    with pytest.raises(InvalidArgument, match="no active sprint"):
        await written(jira, "sprintReport", boardId="1")


async def test_release_notes_hold_what_is_done_in_the_version(jira: Sandbox) -> None:
    data, task = await written(jira, "releaseNotes", project="DEMO", version="1.9")
    keys = {issue["key"] for issue in json.loads(attached(data).data)["issues"]}
    assert keys == {"DEMO-8", "DEMO-9", "DEMO-18", "DEMO-19"}
    assert "DEMO 1.9" in str(task.content)


async def test_release_notes_of_a_version_without_finished_issues_say_so(jira: Sandbox) -> None:
    await jira.call("createJiraVersion", {"projectIdOrKey": "DEMO", "name": "3.0"})
    (task,) = await written(jira, "releaseNotes", project="DEMO", version="3.0")
    said = str(task.content)
    assert "no finished issue of DEMO has the fix version 3.0" in said
    assert 'fixVersion = "3.0" AND statusCategory != Done' in said


async def test_what_prompts_ask_for_is_completed(jira: Sandbox) -> None:
    notes, report = PROMPTS["releaseNotes"], PROMPTS["sprintReport"]
    assert await notes.complete["project"](client(jira), "de", {}) == ["DEMO"]
    assert await notes.complete["version"](client(jira), "", {"project": "DEMO"}) == [
        "2.0",
        "1.9",
        "1.8",
    ]
    assert await notes.complete["version"](client(jira), "", {}) == []
    assert await report.complete["boardId"](client(jira), "dem", {}) == ["1"]
    assert await report.complete["boardId"](client(jira), "1", {}) == []


async def test_a_prompt_refuses_what_is_no_key(jira: Sandbox) -> None:
    with pytest.raises(ValidationError):
        await written(jira, "triageIssue", key="../../user")
