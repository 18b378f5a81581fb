"""People by account id, address or name: looked up, asked about, never guessed."""

from typing import Any

import pytest
from fakes.jira_api import ADA, BEN, Sandbox

from telamon.plugin import InvalidArgument
from telamon.plugin.testing import FakeApi, FakeCall
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.who import People

SEARCH = ("GET", "/rest/api/3/user/search")
ACCOUNT_IDS = (
    "5b10ac8d82e05b22cc7d4ef5",
    "712020:00000000-0000-4000-8000-0000000000c1",
    "qm:a1b2:c3d4",
    "-1",
)


def user(name: str, account: str, **more: Any) -> dict[str, Any]:
    return {"accountId": account, "displayName": name, "accountType": "atlassian", **more}


TWINS = [
    user("Kim Sample", "712020:one", emailAddress="kim.one@example.com"),
    user("Kim Sample", "712020:two"),
]


def among(users: list[dict[str, Any]], call: FakeCall | None = None) -> tuple[FakeApi, People]:
    api = FakeApi(answers={SEARCH: users})
    return api, People(Jira(api=api, settings=JiraSettings()), call)


@pytest.mark.parametrize("account", [*ACCOUNT_IDS, "account-ada"])
async def test_an_account_id_is_not_looked_up(account: str) -> None:
    api, people = among([])
    assert await people.account(account) == account
    assert api.requests == []


@pytest.mark.parametrize("person", ["Ben", "ben example", " Ben Example ", "BEN@example.com"])
async def test_the_only_match_is_taken_and_looked_up_once(jira: Sandbox, person: str) -> None:
    api = jira.api()
    people = People(Jira(api=api, settings=jira.settings), None)
    assert await people.account(person) == BEN.account_id
    assert await people.account(person) == BEN.account_id
    assert len(api.requests) == 1


async def test_whom_a_part_of_a_name_meant_is_kept_to_be_told() -> None:
    _, people = among([user("Kim Lee", "712020:a", emailAddress="kim@example.com")])
    for whole in ("kim lee", "KIM@example.com"):
        await people.account(whole)
    assert people.meant == {}
    await people.account("Ki")
    assert people.meant == {"Ki": "Kim Lee (kim@example.com)"}
    _, hidden = among([user("Kim Lee", "712020:a")])
    await hidden.account("kim@example.com")
    assert hidden.meant == {"kim@example.com": "Kim Lee (712020:a)"}


async def test_who_was_meant_is_told_by_every_tool_that_takes_people(jira: Sandbox) -> None:
    issue = {"issueIdOrKey": "DEMO-7"}
    new = {"projectKey": "DEMO", "issueTypeName": "Task", "summary": "x"}
    assigned = {**new, "assignee_account_id": "Ben"}
    for tool, arguments in (
        ("createJiraIssue", assigned),
        ("createJiraIssues", {"issues": [assigned]}),
        ("editJiraIssue", {**issue, "fields": {"assignee": "Ben"}}),
        (
            "transitionJiraIssue",
            {
                "issueIdOrKey": "DEMO-3",
                "transition": {"name": "In Review"},
                "fields": {"assignee": "Ben"},
            },
        ),
        ("addJiraIssueWatcher", {**issue, "accountId": "Ben"}),
        ("removeJiraIssueWatcher", {**issue, "accountId": "Ben"}),
    ):
        answer = await jira.call(tool, arguments)
        assert answer["people"] == {"Ben": "Ben Example (ben@example.com)"}, tool
    whole = await jira.call("createJiraIssue", {**new, "assignee_account_id": "Ben Example"})
    assert "people" not in whole


async def test_a_name_in_full_is_nobody_whose_name_only_begins_like_it() -> None:
    _, people = among([user("Kim Lee", "712020:a"), user("Kim Leeson", "712020:b")])
    assert await people.account("kim lee") == "712020:a"


async def test_an_address_in_full_is_that_person() -> None:
    _, people = among([*TWINS, user("Kim Onemore", "712020:c")])
    assert await people.account("kim.one@example.com") == "712020:one"


async def test_an_app_is_no_person() -> None:
    _, people = among([user("Kim's robot", "557058:b", accountType="app"), TWINS[0]])
    assert await people.account("kim") == "712020:one"


async def test_nobody_is_said_and_not_guessed(jira: Sandbox) -> None:
    people = People(Jira(api=jira.api(), settings=jira.settings), FakeCall())
    with pytest.raises(InvalidArgument, match="finds nobody by 'Zoe Nowhere'"):
        await people.account("Zoe Nowhere")


async def test_one_word_that_nobody_is_called_may_be_an_odd_account_id() -> None:
    class Odd(FakeApi):
        async def get(self, path: str, query: Any = None, /, **segments: Any) -> Any:
            await super().get(path, query, **segments)
            return [user("Kim", "odd-id")] if query.get("accountId") == "odd-id" else []

    api = Odd(answers={SEARCH: []})
    people = People(Jira(api=api, settings=JiraSettings()), None)
    assert await people.account("odd-id") == "odd-id"
    assert [set(request.query) for request in api.requests] == [
        {"query", "maxResults"},
        {"accountId", "maxResults"},
    ]


async def test_the_user_chooses_among_several() -> None:
    call = FakeCall(answers={"person Kim Sample": {"person": "Kim Sample (712020:two)"}})
    _, people = among(TWINS, call)
    assert await people.account("Kim Sample") == "712020:two"
    assert await people.account("Kim Sample") == "712020:two"
    assert call.asked == [("person Kim Sample", "Who is meant by 'Kim Sample'?")]


async def test_the_question_offers_the_candidates() -> None:
    class Seen(FakeCall):
        async def ask(self, key: str, question: str, answer: Any, /) -> Any:
            schema = answer.model_json_schema()
            assert schema["properties"]["person"]["enum"] == [
                "Kim Sample (kim.one@example.com)",
                "Kim Sample (712020:two)",
            ]
            return await super().ask(key, question, answer)

    with pytest.raises(InvalidArgument):
        await among(TWINS, Seen())[1].account("Kim")


@pytest.mark.parametrize(
    "call",
    [
        None,
        FakeCall(),
        FakeCall(refusals={"person Kim": "decline"}),
        FakeCall(answers={"person Kim": {"person": "Somebody Else"}}),
    ],
)
async def test_without_a_choice_the_candidates_are_listed(call: FakeCall | None) -> None:
    _, people = among(TWINS, call)
    with pytest.raises(InvalidArgument) as refusal:
        await people.account("Kim")
    assert str(refusal.value) == (
        "'Kim' may be Kim Sample (account id 712020:one), Kim Sample (account id 712020:two): "
        "pass the account id."
    )


async def test_too_many_are_no_choice() -> None:
    call = FakeCall(answers={"person K": {"person": "K 0 (712020:0)"}})
    _, people = among([user(f"K {number}", f"712020:{number}") for number in range(21)], call)
    with pytest.raises(InvalidArgument, match=r"712020:19\) and 1 or more others"):
        await people.account("K")
    assert call.asked == []


@pytest.mark.parametrize(
    "value",
    [
        "Ben Example",
        {"name": "Ben Example"},
        {"displayName": "Ben Example"},
        {"emailAddress": "ben@example.com"},
        {"accountId": "Ben Example"},
        {"id": "ben@example.com"},
    ],
)
async def test_a_field_takes_a_person_in_any_form(jira: Sandbox, value: Any) -> None:
    await jira.call("editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": {"assignee": value}})
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": ["assignee"]})
    assert shown["fields"]["assignee"]["accountId"] == BEN.account_id


@pytest.mark.parametrize("value", [{"accountId": BEN.account_id}, {"id": BEN.account_id}, None])
async def test_what_names_an_account_already_is_sent_as_it_is(jira: Sandbox, value: Any) -> None:
    api = jira.api()
    await jira.call(
        "editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": {"assignee": value}}, api=api
    )
    assert [(r.method, r.body) for r in api.requests] == [("PUT", {"fields": {"assignee": value}})]


async def test_an_issue_is_created_for_somebody_by_name(jira: Sandbox) -> None:
    made = await jira.call(
        "createJiraIssue",
        {
            "projectKey": "DEMO",
            "issueTypeName": "Task",
            "summary": "One",
            "assignee_account_id": "Ben",
            "additional_fields": {"reporter": "ben@example.com"},
        },
    )
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": made["key"]})
    assert shown["fields"]["assignee"]["name"] == "Ben Example"
    assert shown["fields"]["reporter"]["name"] == "Ben Example"


async def test_the_question_comes_before_anything_is_changed(jira: Sandbox) -> None:
    one = {"projectKey": "DEMO", "issueTypeName": "Task", "summary": "One"}
    unclear = {**one, "assignee_account_id": "Example"}
    call = FakeCall(answers={"person Example": {"person": "Ada Example (ada@example.com)"}})
    api = jira.api()
    await jira.call("createJiraIssue", unclear, api=api, call=call)
    await jira.call("createJiraIssues", {"issues": [one, unclear, unclear]}, api=api, call=call)
    assert [r.method for r in api.requests] == ["GET", "POST", "GET", "POST"]
    assert [key for key, _ in call.asked] == ["person Example"] * 2
    assert api.requests[-1].body["issueUpdates"][2]["fields"]["assignee"] == {"id": ADA.account_id}


async def test_of_many_issues_only_that_with_an_unclear_person_is_left_out(jira: Sandbox) -> None:
    one = {"projectKey": "DEMO", "issueTypeName": "Task", "summary": "One"}
    for validate in (True, False):
        answer = await jira.call(
            "createJiraIssues",
            {
                "issues": [{**one, "assignee_account_id": "Example"}, one],
                "validateOnly": validate,
            },
        )
        assert answer["failed"] == 1
        assert "'Example' may be Ada Example" in answer["results"][0]["problems"][0]


async def test_somebody_is_found_by_account_id(jira: Sandbox) -> None:
    found = await jira.call("lookupJiraAccountId", {"searchString": BEN.account_id})
    able = await jira.call("findAssignableUsers", {"issueKey": "DEMO-7", "query": BEN.account_id})
    assert [person["name"] for person in found["users"]] == ["Ben Example"]
    assert [person["name"] for person in able["users"]] == ["Ben Example"]
