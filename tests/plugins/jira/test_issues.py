"""Reading, creating and changing single issues."""

from typing import Any

import pytest
from fakes.jira_api import ADA, BEN, SECOND, JiraApi, Sandbox
from pydantic import ValidationError

from telamon.plugin import InvalidArgument, NotFound, Rejected
from telamon.plugin.testing import FakeApi, FakeCall
from telamon_jira import issue_view, register_product
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.issues import get_jira_issue

NOISE = {"self", "avatarUrls", "iconUrl", "expand", "avatarId"}


def everything(value: Any) -> set[str]:
    """Return every member name anywhere in *value*."""
    if isinstance(value, dict):
        inner = [everything(item) for item in value.values()]
        return set(value).union(*inner)
    if isinstance(value, list):
        return set[str]().union(*(everything(item) for item in value))
    return set()


async def test_an_issue_is_read_in_one_request_with_the_default_fields(jira: Sandbox) -> None:
    api = jira.api()
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"}, api=api)
    assert [(r.method, r.path) for r in api.requests] == [("GET", "/rest/api/3/issue/DEMO-3")]
    assert api.requests[0].query == {
        "fields": ",".join(["*navigable", *issue_view.DETAILS]),
        "expand": "names",
    }
    assert shown["url"] == "https://first.example.com/browse/DEMO-3"
    assert shown["fields"]["status"] == {"name": "In Progress", "category": "In Progress"}
    assert shown["fields"]["assignee"] == {"name": "Ada Example", "accountId": ADA.account_id}
    assert shown["fields"]["parent"]["key"] == "DEMO-1"
    assert shown["fields"]["fixVersions"] == ["2.0"]


async def test_an_issue_says_nothing_that_does_not_help(jira: Sandbox) -> None:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": ["*all"]})
    assert not everything(shown) & NOISE


async def test_a_description_is_markdown(jira: Sandbox) -> None:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})
    description = shown["fields"]["description"]
    assert "## What happens" in description
    assert "```javascript" in description
    assert "| Firefox | yes |" in description


async def test_links_read_from_the_issue_that_shows_them(jira: Sandbox) -> None:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})
    links = {link["key"]: link["relation"] for link in shown["fields"]["issuelinks"]}
    assert links == {
        "DEMO-15": "blocks",
        "DEMO-21": "is duplicated by",
        "SEC-1": "relates to",
    }


async def test_exactly_the_named_fields_are_asked_for_and_answered(jira: Sandbox) -> None:
    api = jira.api()
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": ["summary", "status"]}, api=api
    )
    assert api.requests[0].query == {"fields": "summary,status"}
    assert shown["fields"].keys() == {"summary", "status"}


async def test_custom_fields_come_with_their_names(jira: Sandbox) -> None:
    api = jira.api()
    shown = await jira.call(
        "getJiraIssue",
        {
            "issueIdOrKey": "DEMO-3",
            "fields": ["customfield_10016", "customfield_10020", "customfield_10050"],
        },
        api=api,
    )
    assert api.requests[0].query["expand"] == "names"
    assert shown["names"] == {
        "customfield_10016": "Story points",
        "customfield_10020": "Sprint",
        "customfield_10050": "Severity",
    }
    assert shown["fields"]["customfield_10016"] == 3.0
    assert shown["fields"]["customfield_10050"] == "Blocker"
    assert shown["fields"]["customfield_10020"][0]["name"] == "Sprint 8"


async def test_a_custom_text_area_is_markdown(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": ["customfield_10051"]}
    )
    assert shown["fields"]["customfield_10051"] == "- Works on a phone\n- Is translated"


async def test_only_the_newest_comments_are_shown_unless_they_are_asked_for(jira: Sandbox) -> None:
    few = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-20"})
    all_of_them = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-20", "fields": ["comment"]}
    )
    assert few["fields"]["comment"]["total"] == 7
    assert [c["body"] for c in few["fields"]["comment"]["comments"]][-1] == "Draft 7 is attached."
    assert len(few["fields"]["comment"]["comments"]) == 5
    left = "listJiraIssueComments lists the others"
    assert few["fields"]["comment"]["notAllShown"] == left
    assert len(all_of_them["fields"]["comment"]["comments"]) == 7


async def test_comments_that_are_asked_for_are_bounded_too(jira: Sandbox) -> None:
    api = jira.api()
    for number in range(101):
        body = {"type": "doc", "version": 1, "content": []} | (
            {"content": [{"type": "paragraph", "content": [{"type": "text", "text": "x" * 3000}]}]}
            if number == 100
            else {}
        )
        await api.post(
            "/rest/api/3/issue/{issueIdOrKey}/comment", {"body": body}, issueIdOrKey="DEMO-7"
        )
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": ["comment"]})
    comment = shown["fields"]["comment"]
    assert (comment["total"], len(comment["comments"])) == (101, 100)
    assert "listJiraIssueComments" in comment["notAllShown"]
    assert comment["comments"][-1]["body"].startswith("x" * 1000 + "… [2000 more characters")


async def test_an_operator_may_want_no_comments_at_all() -> None:
    silent = Sandbox(settings=JiraSettings(recent_comments=0))
    shown = await silent.call("getJiraIssue", {"issueIdOrKey": "DEMO-20"})
    comment = shown["fields"]["comment"]
    assert (comment["total"], comment["comments"]) == (7, [])
    assert "listJiraIssueComments" in comment["notAllShown"]
    without = await silent.call("getJiraIssue", {"issueIdOrKey": "DEMO-1"})
    assert "notAllShown" not in without["fields"].get("comment", {})


async def test_the_history_comes_with_its_expansion(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue",
        {"issueIdOrKey": "DEMO-3", "fields": ["summary"], "expand": "changelog,transitions"},
    )
    assert shown["changelog"][0]["changes"] == [
        {"field": "status", "before": "To Do", "after": "In Progress"}
    ]
    assert [step["name"] for step in shown["transitions"]] == ["Ask for review", "Stop work"]


async def test_what_jira_left_out_of_an_issue_is_said() -> None:
    answer = {
        "key": "DEMO-1",
        "fields": {"comment": {"total": 9, "comments": [{"id": "1"}, {"id": "2"}]}},
        "changelog": {"total": 7, "histories": [{"id": "3"}, {"id": "4"}]},
    }
    api = FakeApi(answers={("GET", "/rest/api/3/issue/DEMO-1"): answer})
    jira = Jira(api=api, settings=JiraSettings())
    shown: Any = await get_jira_issue.call(
        jira, FakeCall(), {"issueIdOrKey": "DEMO-1", "fields": "comment", "expand": "changelog"}
    )
    comment = shown["fields"]["comment"]
    assert comment["notAllShown"] == "listJiraIssueComments lists the newest"
    assert shown["changelog"] == [
        {"id": "3"},
        {"id": "4"},
        {"notAllShown": "listJiraIssueChangelogs lists 5 older changes too"},
    ]


async def test_every_expansion_that_is_asked_for_is_shown(jira: Sandbox) -> None:
    shown = await jira.call(
        "getJiraIssue",
        {"issueIdOrKey": "DEMO-3", "fields": ["customfield_10050"], "expand": "editmeta,schema"},
    )
    assert shown["editmeta"]["summary"] == {"name": "Summary", "required": True, "type": "string"}
    assert shown["editmeta"]["customfield_10050"]["allowed"] == ["Blocker", "Major", "Minor"]
    assert shown["schema"]["customfield_10050"]["type"] == "option"


async def test_an_issue_named_by_its_id_has_no_address_to_tell(jira: Sandbox) -> None:
    by_id = await jira.call("editJiraIssue", {"issueIdOrKey": "10003", "fields": {"labels": ["x"]}})
    by_key = await jira.call(
        "editJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": {"labels": ["x"]}}
    )
    assert "url" not in by_id
    assert by_key["url"] == "https://first.example.com/browse/DEMO-3"
    comment = await jira.call(
        "addCommentToJiraIssue", {"issueIdOrKey": "10003", "commentBody": "x"}
    )
    assert comment.keys() == {"id", "issue"}


async def test_all_official_options_reach_jira() -> None:
    api = FakeApi(answers={("GET", "/rest/api/3/issue/10001"): {"id": "10001", "key": "A-1"}})
    tool = next(t for t in register_product().tools if t.name == "getJiraIssue")
    client = Jira(api=api, settings=JiraSettings())
    await tool.run(
        client,
        issue_id_or_key="10001",
        fields=["summary"],
        fields_by_keys=True,
        expand=["names"],
        properties=["a", "b"],
        update_history=True,
        fail_fast=False,
    )
    assert api.requests[0].query == {
        "fields": "summary",
        "expand": "names",
        "fieldsByKeys": True,
        "properties": "a,b",
        "updateHistory": True,
        "failFast": False,
    }


async def test_an_issue_that_the_user_may_not_see_is_not_found(jira: Sandbox) -> None:
    with pytest.raises(NotFound):
        await jira.call("getJiraIssue", {"issueIdOrKey": "SEC-1"}, person=BEN)
    with pytest.raises(NotFound):
        await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-999"})


async def test_each_site_has_its_own_issues(jira: Sandbox) -> None:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "LAB-1"}, site=SECOND)
    assert shown["url"] == "https://second.example.com/browse/LAB-1"
    with pytest.raises(NotFound):
        await jira.call("getJiraIssue", {"issueIdOrKey": "LAB-1"})


async def test_a_created_issue_can_be_read(jira: Sandbox) -> None:
    made = await jira.call(
        "createJiraIssue",
        {
            "projectKey": "DEMO",
            "issueTypeName": "Bug",
            "summary": "It breaks",
            "description": "Some **bold** text",
            "parent": "DEMO-1",
            "assignee_account_id": BEN.account_id,
            "additional_fields": {
                "priority": {"name": "High"},
                "labels": ["new"],
                "customfield_10050": {"value": "Major"},
            },
        },
    )
    assert made["url"] == f"https://first.example.com/browse/{made['key']}"
    shown = await jira.call(
        "getJiraIssue",
        {
            "issueIdOrKey": made["key"],
            "fields": [*issue_view.DETAILS, "customfield_10050"],
        },
    )
    fields = shown["fields"]
    assert fields["summary"] == "It breaks"
    assert fields["description"] == "Some **bold** text"
    assert fields["issuetype"] == "Bug"
    assert fields["priority"] == "High"
    assert fields["labels"] == ["new"]
    assert fields["parent"]["key"] == "DEMO-1"
    assert fields["assignee"]["accountId"] == BEN.account_id
    assert fields["reporter"]["accountId"] == ADA.account_id
    assert fields["customfield_10050"] == "Major"


async def test_creating_takes_one_request(jira: Sandbox) -> None:
    api = jira.api()
    await jira.call(
        "createJiraIssue",
        {"projectKey": "DEMO", "issueTypeName": "Task", "summary": "One"},
        api=api,
    )
    assert [(r.method, r.body) for r in api.requests] == [
        (
            "POST",
            {
                "fields": {
                    "project": {"key": "DEMO"},
                    "issuetype": {"name": "Task"},
                    "summary": "One",
                }
            },
        )
    ]


async def test_named_parameters_win_over_additional_fields(jira: Sandbox) -> None:
    api = jira.api()
    await jira.call(
        "createJiraIssue",
        {
            "projectKey": "10000",
            "issueTypeName": "Subtask",
            "summary": "One",
            "parent": "10004",
            "additional_fields": {"summary": "Other", "project": {"key": "SEC"}},
        },
        api=api,
    )
    sent = api.requests[0].body["fields"]
    assert sent["summary"] == "One"
    assert sent["project"] == {"id": "10000"}
    assert sent["parent"] == {"id": "10004"}


async def test_an_unknown_issue_type_is_answered_with_those_that_exist(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="Epic, Story, Task, Bug, Subtask"):
        await jira.call(
            "createJiraIssue", {"projectKey": "DEMO", "issueTypeName": "Wish", "summary": "One"}
        )


async def test_an_unknown_project_is_answered_with_where_to_look(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="getVisibleJiraProjects"):
        await jira.call(
            "createJiraIssue", {"projectKey": "NOPE", "issueTypeName": "Bug", "summary": "One"}
        )


async def test_a_subtask_without_parent_is_refused_in_jiras_words(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match="parent issue key or id not specified"):
        await jira.call(
            "createJiraIssue", {"projectKey": "DEMO", "issueTypeName": "Subtask", "summary": "One"}
        )


async def test_a_refusal_about_the_project_of_a_known_type_is_passed_on() -> None:
    refusal = Rejected("No.", fields={"project": "No."})
    api = FakeApi(
        answers={
            ("POST", "/rest/api/3/issue"): refusal,
            ("GET", "/rest/api/3/issue/createmeta/DEMO/issuetypes"): {
                "issueTypes": [{"name": "Bug"}]
            },
        }
    )
    tool = next(t for t in register_product().tools if t.name == "createJiraIssue")
    with pytest.raises(Rejected) as raised:
        await tool.run(
            Jira(api=api, settings=JiraSettings()),
            FakeCall(),
            project_key="DEMO",
            issue_type_name="bug",
            summary="One",
        )
    assert raised.value is refusal


async def test_markdown_for_a_text_area_is_converted(jira: Sandbox) -> None:
    api = jira.api()
    made = await jira.call(
        "createJiraIssue",
        {
            "projectKey": "DEMO",
            "issueTypeName": "Story",
            "summary": "One",
            "additional_fields": {"customfield_10051": "- *works*"},
        },
        api=api,
    )
    shown = await jira.call(
        "getJiraIssue", {"issueIdOrKey": made["key"], "fields": ["customfield_10051"]}
    )
    assert shown["fields"]["customfield_10051"] == "- *works*"
    assert [r.method for r in api.requests] == ["GET", "GET", "POST"]


async def test_an_edit_replaces_the_given_fields_only(jira: Sandbox) -> None:
    before = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})
    answer = await jira.call(
        "editJiraIssue",
        {
            "issueIdOrKey": "DEMO-3",
            "fields": {
                "summary": "New words",
                "description": "# New\n\ntext",
                "assignee": None,
                "environment": "*everywhere*",
            },
            "allowLoss": True,
        },
    )
    assert answer["changed"] == ["assignee", "description", "environment", "summary"]
    after = await jira.call(
        "getJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": [*issue_view.DETAILS, "environment"]}
    )
    assert after["fields"]["summary"] == "New words"
    assert after["fields"]["description"] == "# New\n\ntext"
    assert after["fields"]["environment"] == "*everywhere*"
    assert "assignee" not in after["fields"]
    assert after["fields"]["labels"] == before["fields"]["labels"]


async def test_an_adf_document_is_passed_as_it_is(jira: Sandbox) -> None:
    document = {"type": "doc", "version": 1, "content": []}
    api = jira.api()
    await jira.call(
        "editJiraIssue",
        {"issueIdOrKey": "DEMO-3", "fields": {"description": document}, "allowLoss": True},
        api=api,
    )
    assert api.requests[-1].body == {"fields": {"description": document}}


@pytest.mark.parametrize(
    ("field", "tool"),
    [
        ("Comment", "addCommentToJiraIssue"),
        ("worklog", "addWorklogToJiraIssue"),
        ("attachment", "uploadAttachmentToJiraIssue"),
        ("issuelinks", "createIssueLink"),
        ("project", "moveJiraIssues"),
    ],
)
async def test_what_another_tool_does_is_sent_there(jira: Sandbox, field: str, tool: str) -> None:
    api = jira.api()
    with pytest.raises(InvalidArgument, match=f"cannot be set by an edit: use {tool}"):
        await jira.call(
            "editJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": {field: "x"}}, api=api
        )
    assert api.requests == []


async def test_an_edit_of_nothing_never_reaches_jira(jira: Sandbox) -> None:
    api = jira.api()
    with pytest.raises(InvalidArgument, match="empty"):
        await jira.call("editJiraIssue", {"issueIdOrKey": "DEMO-3", "fields": {}}, api=api)
    with pytest.raises(InvalidArgument, match="transitionJiraIssue"):
        await jira.call(
            "editJiraIssue",
            {"issueIdOrKey": "DEMO-3", "fields": {"status": {"name": "Done"}}},
            api=api,
        )
    assert api.requests == []


async def test_a_refused_field_is_named(jira: Sandbox) -> None:
    with pytest.raises(Rejected) as refusal:
        await jira.call(
            "editJiraIssue",
            {
                "issueIdOrKey": "DEMO-3",
                "fields": {"priority": {"name": "Extreme"}, "customfield_99": 1},
            },
        )
    assert refusal.value.fields.keys() == {"priority", "customfield_99"}


@pytest.mark.row("SEC-I01")
async def test_a_bad_key_never_reaches_a_request(jira: Sandbox) -> None:
    api: JiraApi = jira.api()
    for key in ("../../user", "A-1?x=", "A-1#", "%2e%2e%2f", "A-1\0"):
        with pytest.raises(ValidationError):
            await jira.call("getJiraIssue", {"issueIdOrKey": key}, api=api)
    assert api.requests == []


async def test_text_that_cannot_be_converted_is_refused_or_left_out(jira: Sandbox) -> None:
    with pytest.raises(InvalidArgument, match="cannot be converted"):
        await jira.call(
            "editJiraIssue",
            {"issueIdOrKey": "DEMO-3", "fields": {"description": "x" * 5_000_001}},
        )
    deep: dict[str, Any] = {"type": "paragraph", "content": []}
    for _ in range(3000):
        deep = {"type": "blockquote", "content": [deep]}
    api = FakeApi(
        answers={
            ("GET", "/rest/api/3/issue/1"): {
                "key": "A-1",
                "fields": {
                    "summary": "kept",
                    "description": {"type": "doc", "version": 1, "content": [deep]},
                },
            }
        }
    )
    jira_client = Jira(api=api, settings=JiraSettings())
    shown = await issue_view.details(jira_client, "1")
    assert shown["fields"]["summary"] == "kept"
    assert shown["fields"]["description"].startswith("[not shown:")
