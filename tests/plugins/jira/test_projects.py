"""Projects, and what can be created in them."""

from typing import Any

import pytest
from fakes.jira_api import BEN, SECOND, Sandbox

from telamon.plugin import Forbidden, NotFound
from telamon.plugin.testing import FakeApi, InTurn
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.create_meta import get_jira_issue_type_meta_with_fields


async def test_projects_come_with_their_issue_types(jira: Sandbox) -> None:
    answer = await jira.call("getVisibleJiraProjects")
    assert [project["key"] for project in answer["projects"]] == ["DEMO", "OPS", "SEC"]
    assert {"id": "10004", "name": "Bug"} in answer["projects"][0]["issueTypes"]
    assert (answer["startAt"], answer["total"], answer["isLast"]) == (0, 3, True)


async def test_projects_are_searched_and_paged(jira: Sandbox) -> None:
    found = await jira.call(
        "getVisibleJiraProjects",
        {"searchString": "demo", "action": "view", "expandIssueTypes": False},
    )
    assert found["projects"] == [
        {"id": "10000", "key": "DEMO", "name": "Demo shop", "type": "software"}
    ]
    page = await jira.call("getVisibleJiraProjects", {"maxResults": 1, "startAt": 1})
    assert [project["key"] for project in page["projects"]] == ["OPS"]
    assert page["isLast"] is False


async def test_the_second_site_has_its_own_project(jira: Sandbox) -> None:
    ada = await jira.call("getVisibleJiraProjects", site=SECOND)
    ben = await jira.call("getVisibleJiraProjects", site=SECOND, person=BEN)
    assert [project["key"] for project in ada["projects"]] == ["LAB"]
    assert ben["projects"] == []


async def test_issue_types_come_with_the_ids_that_other_tools_need(jira: Sandbox) -> None:
    answer = await jira.call("getJiraProjectIssueTypesMetadata", {"projectIdOrKey": "OPS"})
    assert answer["issueTypes"] == [
        {"id": "10002", "name": "Task", "description": "A small, distinct piece of work."},
        {"id": "10004", "name": "Bug", "description": "A problem or error."},
        {
            "id": "10003",
            "name": "Subtask",
            "description": "A part of another issue.",
            "subtask": True,
        },
    ]
    assert answer["isLast"] is True


async def test_fields_say_what_they_want(jira: Sandbox) -> None:
    answer = await jira.call(
        "getJiraIssueTypeMetaWithFields", {"projectIdOrKey": "DEMO", "issueTypeId": "10004"}
    )
    fields = answer["fields"]
    assert fields["summary"] == {"name": "Summary", "required": True, "type": "string"}
    assert fields["priority"]["allowed"] == ["Highest", "High", "Medium", "Low", "Lowest"]
    assert fields["priority"]["hasDefault"] is True
    assert fields["customfield_10050"]["allowed"] == ["Blocker", "Major", "Minor"]
    assert fields["components"]["type"] == "array of component"
    assert "parent" not in fields or "required" not in fields["parent"]


async def test_a_subtask_wants_a_parent(jira: Sandbox) -> None:
    answer = await jira.call(
        "getJiraIssueTypeMetaWithFields", {"projectIdOrKey": "DEMO", "issueTypeId": "10003"}
    )
    assert answer["fields"]["parent"]["required"] is True


async def test_what_may_not_be_seen_or_created_is_said(jira: Sandbox) -> None:
    with pytest.raises(NotFound):
        await jira.call("getJiraProjectIssueTypesMetadata", {"projectIdOrKey": "NOPE"})
    with pytest.raises(NotFound):
        await jira.call(
            "getJiraIssueTypeMetaWithFields", {"projectIdOrKey": "OPS", "issueTypeId": "10000"}
        )
    with pytest.raises(Forbidden):
        await jira.call("getJiraProjectIssueTypesMetadata", {"projectIdOrKey": "OPS"}, person=BEN)


async def test_more_fields_than_one_page_holds_are_all_read_and_long_lists_are_cut() -> None:
    def page(first: int, count: int) -> dict[str, Any]:
        return {
            "total": 230,
            "fields": [
                {
                    "fieldId": f"customfield_{number}",
                    "name": f"Field {number}",
                    "schema": {"type": "option"},
                    "allowedValues": [{"id": str(n), "value": f"v{n}"} for n in range(60)],
                }
                for number in range(first, first + count)
            ],
        }

    path = "/rest/api/3/issue/createmeta/A/issuetypes/1"
    api = FakeApi(answers={("GET", path): InTurn(page(0, 200), page(200, 30))})
    answer: Any = await get_jira_issue_type_meta_with_fields.run(
        Jira(api=api, settings=JiraSettings()), project_id_or_key="A", issue_type_id="1"
    )
    assert len(answer["fields"]) == 230
    assert [r.query["startAt"] for r in api.requests] == [0, 200]
    assert len(answer["fields"]["customfield_0"]["allowed"]) == 50
    assert answer["fields"]["customfield_0"]["allowedTotal"] == 60
