"""What belongs to the whole site, and to whole projects."""

from typing import Any

import pytest
from fakes.jira_api import ADA, BEN, Sandbox
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, NotFound, Rejected
from telamon.plugin.testing import FakeApi
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.people import lookup_jira_account_id


async def test_a_project_is_read_with_all_its_parts(jira: Sandbox) -> None:
    shown = await jira.call("getJiraProject", {"projectIdOrKey": "DEMO"})
    assert shown["url"] == "https://first.example.com/browse/DEMO"
    assert shown["lead"]["name"] == "Ada Example"
    assert [v["name"] for v in shown["versions"]] == ["1.8", "1.9", "2.0"]
    assert [c["name"] for c in shown["components"]] == ["Web shop", "Payments", "Search"]
    assert len(shown["issueTypes"]) == 5
    with pytest.raises(NotFound):
        await jira.call("getJiraProject", {"projectIdOrKey": "SEC"}, person=BEN)


async def test_versions_are_listed_newest_first(jira: Sandbox) -> None:
    page = await jira.call("listJiraProjectVersions", {"projectIdOrKey": "DEMO"})
    assert [v["name"] for v in page["versions"]] == ["2.0", "1.9", "1.8"]
    assert page["versions"][0]["released"] is False
    some = await jira.call(
        "listJiraProjectVersions",
        {"projectIdOrKey": "DEMO", "status": ["unreleased"], "query": "friction"},
    )
    assert [v["name"] for v in some["versions"]] == ["2.0"]


async def test_components_are_listed(jira: Sandbox) -> None:
    page = await jira.call(
        "listJiraProjectComponents", {"projectIdOrKey": "DEMO", "query": "visitors"}
    )
    assert page["components"] == [
        {
            "id": "10300",
            "name": "Web shop",
            "description": "What visitors see",
            "lead": {"name": "Ada Example", "accountId": "5b10a0000000000000000001"},
        }
    ]
    assert page["isLast"] is True


async def test_fields_are_found_with_their_ids(jira: Sandbox) -> None:
    page = await jira.call("listJiraFields", {"query": "poi", "type": "custom"})
    assert page["fields"] == [
        {"id": "customfield_10016", "name": "Story points", "type": "number", "kind": "float"}
    ]
    system = await jira.call("listJiraFields", {"type": "system", "maxResults": 2})
    assert system["isLast"] is False
    assert "kind" not in system["fields"][0]
    labels = await jira.call("listJiraFields", {"query": "labels"})
    assert labels["fields"][0]["type"] == "array of string"


@pytest.mark.parametrize("field", ["customfield_10050", "Severity"])
async def test_values_of_a_field_are_suggested(jira: Sandbox, field: str) -> None:
    answer = await jira.call("listJiraFieldOptions", {"field": field, "query": "m"})
    assert answer == {"values": ["Major", "Minor"]}


async def test_values_of_an_unknown_field_are_refused(jira: Sandbox) -> None:
    with pytest.raises(Rejected):
        await jira.call("listJiraFieldOptions", {"field": "nonsense"})


async def test_labels_are_listed_or_completed(jira: Sandbox) -> None:
    page = await jira.call("listJiraLabels", {"maxResults": 3})
    assert page["labels"] == ["access", "accessibility", "alerts"]
    assert page["isLast"] is False
    some = await jira.call("listJiraLabels", {"query": "des"}, person=BEN)
    assert some == {"labels": ["design"]}
    hidden = await jira.call("listJiraLabels", {"query": "review"}, person=BEN)
    assert hidden == {"labels": []}


async def test_statuses_of_the_site_and_of_a_project_are_listed(jira: Sandbox) -> None:
    site = await jira.call("listJiraStatuses")
    assert {"id": "3", "name": "In Progress", "category": "In Progress"} in site["statuses"]
    project = await jira.call("listJiraStatuses", {"projectIdOrKey": "OPS"})
    names = [status["name"] for status in project["issueTypes"][0]["statuses"]]
    assert names == ["To Do", "In Progress", "Done"]


async def test_saved_searches_come_with_their_jql(jira: Sandbox) -> None:
    api = jira.api()
    page = await jira.call("listJiraFilters", {"name": "bugs"}, api=api)
    assert (api.requests[0].query or {})["isSubstringMatch"] is True
    found = page["filters"][0]
    assert found["jql"].startswith("project = DEMO")
    assert found["owner"]["name"] == "Ada Example"
    assert found["url"] == f"https://first.example.com/issues/?filter={found['id']}"
    assert await jira.call("getJiraFilter", {"filterId": found["id"]}) == found
    searched = await jira.call("searchJiraIssuesUsingJql", {"jql": found["jql"]})
    assert [i["key"] for i in searched["issues"]] == ["DEMO-3", "DEMO-13", "DEMO-14"]
    with pytest.raises(Rejected):
        await jira.call("getJiraFilter", {"filterId": "1"})


async def test_dashboards_are_listed(jira: Sandbox) -> None:
    page = await jira.call("listJiraDashboards", {"name": "glance"})
    assert page["dashboards"][0]["url"] == "https://first.example.com/jira/dashboards/10500"


async def test_permissions_say_what_the_user_may_do_where(jira: Sandbox) -> None:
    ben = await jira.call("getJiraPermissions", {"projectKey": "OPS"}, person=BEN)
    assert ben["may"] == ["BROWSE_PROJECTS"]
    ada = await jira.call("getJiraPermissions", {"issueKey": "OPS-1"})
    assert ada["mayNot"] == []
    some = await jira.call(
        "getJiraPermissions", {"projectKey": "10000", "permissions": ["ADMINISTER"]}, person=BEN
    )
    assert some == {"may": [], "mayNot": ["ADMINISTER"]}
    anywhere = await jira.call("getJiraPermissions", {}, person=BEN)
    assert "EDIT_ISSUES" in anywhere["may"]


async def test_permissions_of_two_places_at_once_never_reach_jira(jira: Sandbox) -> None:
    api = jira.api()
    with pytest.raises(InvalidArgument):
        await jira.call("getJiraPermissions", {"projectKey": "A", "issueKey": "A-1"}, api=api)
    with pytest.raises(ValidationError):
        await jira.call("getJiraPermissions", {"permissions": ["a,b"]}, api=api)
    assert api.requests == []
    with pytest.raises(Rejected, match="Unrecognized"):
        await jira.call("getJiraPermissions", {"permissions": ["NONSENSE"]})


async def test_people_who_can_be_assigned_are_found(jira: Sandbox) -> None:
    by_project = await jira.call("findAssignableUsers", {"projectKey": "DEMO", "query": "ben"})
    assert [user["name"] for user in by_project["users"]] == ["Ben Example"]
    for key in ("DEMO-3", "10003"):
        by_issue = await jira.call("findAssignableUsers", {"issueKey": key, "startAt": 2})
        assert [user["name"] for user in by_issue["users"]] == ["Cleo Sample"]
        assert (by_issue["total"], by_issue["isLast"]) == (3, True)


async def test_people_who_can_be_assigned_come_in_pages_that_say_the_truth(jira: Sandbox) -> None:
    api = jira.api()
    first = await jira.call("findAssignableUsers", {"projectKey": "DEMO", "maxResults": 2}, api=api)
    assert [len(first["users"]), first["total"], first["isLast"]] == [2, 3, False]
    assert [request.query["maxResults"] for request in api.requests] == [1000]
    rest = await jira.call("findAssignableUsers", {"projectKey": "DEMO", "startAt": 2})
    assert [len(rest["users"]), rest["startAt"], rest["isLast"]] == [1, 2, True]


@pytest.mark.parametrize("arguments", [{}, {"projectKey": "A", "issueKey": "A-1"}])
async def test_assignable_where_has_to_be_said_once(
    jira: Sandbox, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        await jira.call("findAssignableUsers", arguments)


async def test_a_version_is_made_and_released(jira: Sandbox) -> None:
    api = jira.api()
    made = await jira.call(
        "createJiraVersion",
        {
            "projectIdOrKey": "DEMO",
            "name": "2.1",
            "description": "Small things",
            "startDate": "2026-07-01",
            "releaseDate": "2026-08-01",
        },
        api=api,
    )
    assert [r.method for r in api.requests] == ["GET", "POST"]
    assert made["releaseDate"] == "2026-08-01"
    changed = await jira.call(
        "updateJiraVersion", {"versionId": made["id"], "released": True, "description": ""}
    )
    assert changed["released"] is True
    assert "description" not in changed
    by_id = await jira.call(
        "createJiraVersion", {"projectIdOrKey": "10000", "name": "2.2", "released": True}
    )
    assert by_id["released"] is True


async def test_what_is_wrong_with_a_version_is_said(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="already exists"):
        await jira.call("createJiraVersion", {"projectIdOrKey": "DEMO", "name": "2.0"})
    with pytest.raises(InvalidArgument, match="Nothing to change"):
        await jira.call("updateJiraVersion", {"versionId": "10202"})
    with pytest.raises(NotFound):
        await jira.call("updateJiraVersion", {"versionId": "1", "released": True})
    with pytest.raises(ValidationError):
        await jira.call("updateJiraVersion", {"versionId": "10202", "releaseDate": "tomorrow"})
    with pytest.raises(Rejected):
        await jira.call("updateJiraVersion", {"versionId": "10202", "releaseDate": "2026-13-01"})
    with pytest.raises(Forbidden):
        await jira.call("createJiraVersion", {"projectIdOrKey": "DEMO", "name": "3"}, person=BEN)


async def test_a_component_is_made(jira: Sandbox) -> None:
    made = await jira.call(
        "createJiraComponent",
        {"projectKey": "DEMO", "name": "Mail", "leadAccountId": ADA.account_id},
    )
    assert made["lead"]["name"] == "Ada Example"
    listed = await jira.call(
        "listJiraProjectComponents", {"projectIdOrKey": "DEMO", "query": "mail"}
    )
    assert [c["name"] for c in listed["components"]] == ["Mail"]
    for wrong in ({"name": "Mail"}, {"name": " "}):
        with pytest.raises(Rejected):
            await jira.call("createJiraComponent", {"projectKey": "DEMO", **wrong})


async def test_the_lead_of_a_component_may_be_named(jira: Sandbox) -> None:
    made = await jira.call(
        "createJiraComponent",
        {"projectKey": "DEMO", "name": "Mail", "leadAccountId": "ben@example.com"},
    )
    assert made["lead"]["name"] == "Ben Example"
    with pytest.raises(InvalidArgument, match="nobody by 'somebody'"):
        await jira.call(
            "createJiraComponent",
            {"projectKey": "DEMO", "name": "X", "leadAccountId": "somebody"},
        )


async def test_suggested_values_are_words_and_no_literals_of_jql(jira: Sandbox) -> None:
    statuses = await jira.call("listJiraFieldOptions", {"field": "status"})
    assert statuses == {"values": ["To Do", "In Progress", "In Review", "Done"]}


async def test_a_search_for_people_that_finds_many_says_so() -> None:
    users = [{"accountId": str(number), "displayName": f"A {number}"} for number in range(50)]
    api = FakeApi(answers={("GET", "/rest/api/3/user/search"): users})
    found = await lookup_jira_account_id.run(
        Jira(api=api, settings=JiraSettings()), search_string="a"
    )
    assert isinstance(found, dict)
    assert "Only the first 50" in found["note"]
