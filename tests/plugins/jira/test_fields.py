"""Fields by id or name, with values in plain words, through the tools that set them."""

from typing import Any

import pytest
from fakes.jira_api import BEN, Sandbox

from telamon.plugin import Conflict, Forbidden, InvalidArgument, Rejected, Unavailable
from telamon.plugin.testing import FakeApi, FakeCall, InTurn
from telamon_jira.client import Jira
from telamon_jira.settings import JiraSettings
from telamon_jira.tools.issues import create_jira_issue, edit_jira_issue

POINTS, SEVERITY, ACCEPTANCE = "customfield_10016", "customfield_10050", "customfield_10051"
NEW = {"projectKey": "DEMO", "issueTypeName": "Story", "summary": "One"}
EDIT = ("PUT", "/rest/api/3/issue/A-1")
EDIT_META = ("GET", "/rest/api/3/issue/A-1/editmeta")


async def edit(jira: Sandbox, fields: dict[str, Any], **more: Any) -> Any:
    return await jira.call("editJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": fields}, **more)


async def read(jira: Sandbox, key: str, *fields: str) -> Any:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": key, "fields": [*fields]})
    return shown["fields"]


async def test_an_issue_is_created_with_fields_by_name_in_plain_words(jira: Sandbox) -> None:
    api = jira.api()
    made = await jira.call(
        "createJiraIssue",
        {
            **NEW,
            "additional_fields": {
                "Story Points": "5",
                "severity": "major",
                "Acceptance criteria": "- *works*",
                "priority": "High",
                "Fix versions": "2.0",
                "labels": "new",
                "components": ["search"],
            },
        },
        api=api,
    )
    assert [r.method for r in api.requests] == ["GET", "GET", "POST"]
    sent = api.requests[-1].body["fields"]
    assert sent[POINTS] == 5
    assert sent[SEVERITY] == {"value": "Major"}
    assert sent["fixVersions"] == [{"name": "2.0"}]
    shown = await read(jira, made["key"], ACCEPTANCE, "priority", "labels", "components")
    assert shown == {
        ACCEPTANCE: "- *works*",
        "priority": "High",
        "labels": ["new"],
        "components": ["Search"],
    }


async def test_an_issue_is_edited_by_field_names(jira: Sandbox) -> None:
    api = jira.api()
    answer = await edit(jira, {"STORY POINTS": 8, "Severity": "Minor"}, api=api)
    assert [(r.method, r.path.rsplit("/", 1)[1]) for r in api.requests] == [
        ("GET", "editmeta"),
        ("PUT", "DEMO-4"),
    ]
    assert answer["changed"] == ["STORY POINTS", "Severity"]
    assert await read(jira, "DEMO-4", POINTS, SEVERITY) == {POINTS: 8.0, SEVERITY: "Minor"}


@pytest.mark.parametrize(
    "fields",
    [
        {"priority": "Low", "labels": ["a"], "duedate": "2026-07-01", "assignee": None},
        {POINTS: 8, SEVERITY: {"value": "Minor"}},
    ],
)
async def test_nothing_is_read_where_nothing_needs_it(
    jira: Sandbox, fields: dict[str, Any]
) -> None:
    api = jira.api()
    await edit(jira, fields, api=api)
    assert [r.method for r in api.requests] == ["PUT"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Severity": "Terrible"}, r"Severity \(customfield_10050\) wants an option, one of: "),
        ({"Severity": "Terrible"}, "Blocker, Major, Minor; not 'Terrible'"),
        ({"Story points": "many"}, r"Story points \(customfield_10016\) wants a number; not"),
        ({"Storypoint": 1}, "There is no field 'Storypoint' here; near: Story points"),
        ({"duedate": "tomorrow"}, "duedate wants a date like 2026-06-15; not 'tomorrow'"),
        ({"Sprint": "Sprint 8"}, "listJiraBoardSprints"),
        ({"Severity": "Major", SEVERITY: "Minor"}, "customfield_10050 is given twice"),
    ],
)
async def test_what_does_not_fit_is_said_before_anything_is_sent(
    jira: Sandbox, fields: dict[str, Any], said: str
) -> None:
    api = jira.api()
    with pytest.raises(InvalidArgument, match=said):
        await edit(jira, fields, api=api)
    assert {r.method for r in api.requests} <= {"GET"}
    with pytest.raises(InvalidArgument, match=said):
        await jira.call("createJiraIssue", {**NEW, "additional_fields": fields}, api=api)
    assert {r.method for r in api.requests} <= {"GET"}


async def test_every_fault_is_said_at_once(jira: Sandbox) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        await edit(jira, {"Nonsense": 1, "Severity": "Terrible", "Story points": "many"})
    assert "Nonsense" in str(refusal.value)
    assert "Terrible" in str(refusal.value)
    assert "many" in str(refusal.value)


async def test_a_refused_value_is_answered_with_the_allowed_ones(jira: Sandbox) -> None:
    api = jira.api()
    with pytest.raises(Rejected, match="one of: Highest, High, Medium, Low, Lowest; not 'Mega'"):
        await edit(jira, {"priority": "Mega"}, api=api)
    assert [r.method for r in api.requests] == ["PUT", "GET"]


async def test_a_refused_field_says_what_it_wants(jira: Sandbox) -> None:
    with pytest.raises(Rejected, match=r"Sprint \(customfield_10020\) wants the id of a sprint"):
        await edit(jira, {"customfield_10020": 999_999})


async def test_a_refusal_that_shows_how_a_value_is_meant_is_mended(jira: Sandbox) -> None:
    api = jira.api()
    await edit(jira, {SEVERITY: {"name": "Minor"}}, api=api)
    assert [r.method for r in api.requests] == ["PUT", "GET", "PUT"]
    assert await read(jira, "DEMO-4", SEVERITY) == {SEVERITY: "Minor"}


async def test_an_unknown_type_is_told_before_its_fields_are_looked_for(jira: Sandbox) -> None:
    wanted = {**NEW, "issueTypeName": "Wish", "additional_fields": {"Severity": "Major"}}
    with pytest.raises(InvalidArgument, match="has no issue type 'Wish'; it has: Epic, Story"):
        await jira.call("createJiraIssue", wanted)
    with pytest.raises(InvalidArgument, match="getVisibleJiraProjects"):
        await jira.call("createJiraIssue", {**wanted, "projectKey": "NOPE"})


async def test_a_step_takes_its_fields_by_name(jira: Sandbox) -> None:
    api = jira.api()
    await jira.call(
        "transitionJiraIssue",
        {
            "issueIdOrKey": "DEMO-4",
            "transition": {"name": "Done"},
            "fields": {"Resolution": "won't do", "Fix versions": ["1.9"]},
        },
        api=api,
    )
    assert [r.method for r in api.requests] == ["GET", "POST"]
    assert await read(jira, "DEMO-4", "resolution", "fixVersions") == {
        "resolution": "Won't Do",
        "fixVersions": ["1.9"],
    }


async def test_a_step_says_which_fields_it_has(jira: Sandbox) -> None:
    for wrong, said in (
        ({"Severity": "Major"}, "there are: Resolution, Fix versions"),
        ({"Resolution": "Never"}, "one of: Done, Won't Do"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            await jira.call(
                "transitionJiraIssue",
                {"issueIdOrKey": "DEMO-4", "transition": {"id": "31"}, "fields": wrong},
            )
    with pytest.raises(
        InvalidArgument, match=r"cannot take transition 99 now\. Possible now: Finish"
    ):
        await jira.call(
            "transitionJiraIssue",
            {
                "issueIdOrKey": "DEMO-4",
                "transition": {"id": "99"},
                "fields": {"Resolution": "Done"},
            },
        )


async def test_a_step_gives_an_issue_to_somebody_by_name(jira: Sandbox) -> None:
    await jira.call(
        "transitionJiraIssue",
        {
            "issueIdOrKey": "DEMO-3",
            "transition": {"name": "Ask for review"},
            "fields": {"assignee": "Ben Example"},
        },
    )
    assert (await read(jira, "DEMO-3", "assignee"))["assignee"]["accountId"] == BEN.account_id


async def test_many_issues_take_fields_by_name_and_read_each_screen_once(jira: Sandbox) -> None:
    api = jira.api()
    answer = await jira.call(
        "createJiraIssues",
        {
            "issues": [
                {**NEW, "additional_fields": {"Severity": "Major"}},
                {**NEW, "additional_fields": {"Severity": "Minor"}},
                {**NEW, "additional_fields": {"Nonsense": 1}},
                {**NEW, "additional_fields": {SEVERITY: {"name": "Blocker"}}},
            ]
        },
        api=api,
    )
    assert [r.method for r in api.requests] == ["GET", "GET", "POST", "POST"]
    assert answer["failed"] == 1
    assert "There is no field 'Nonsense'" in answer["results"][2]["problems"][0]
    shown = [await read(jira, answer["results"][n]["key"], SEVERITY) for n in (0, 1, 3)]
    assert shown == [{SEVERITY: "Major"}, {SEVERITY: "Minor"}, {SEVERITY: "Blocker"}]


async def test_when_no_issue_can_be_filled_in_nothing_is_sent(jira: Sandbox) -> None:
    api = jira.api(BEN)
    answer = await jira.call(
        "createJiraIssues",
        {"issues": [{**NEW, "projectKey": "OPS", "additional_fields": {"Severity": "Major"}}]},
        api=api,
    )
    assert answer["failed"] == 1
    assert {r.method for r in api.requests} == {"GET"}


async def test_what_jira_left_out_is_said() -> None:
    created = {
        "id": "1",
        "key": "A-1",
        "watchers": {"status": 200, "warningCollection": {"warnings": ["Nobody to add."]}},
        "transition": {
            "status": 400,
            "errorCollection": {"errorMessages": ["No such step."], "errors": {"x": "Wrong."}},
        },
    }
    api = FakeApi(answers={("POST", "/rest/api/3/issue"): created})
    answer: Any = await create_jira_issue.run(
        Jira(api=api, settings=JiraSettings()),
        FakeCall(),
        project_key="A",
        issue_type_name="Bug",
        summary="One",
    )
    assert answer["ignored"] == ["Nobody to add.", "No such step.", "Wrong."]


async def edited(answers: dict[tuple[str, str], Any], **fields: Any) -> FakeApi:
    api = FakeApi(answers=answers)
    await edit_jira_issue.run(
        Jira(api=api, settings=JiraSettings()), FakeCall(), issue_id_or_key="A-1", fields=fields
    )
    return api


@pytest.mark.parametrize(
    "refusal",
    [Rejected("No."), Conflict("Changed meanwhile.", fields={"labels": "x"}), Forbidden("No.")],
)
async def test_a_refusal_of_no_field_is_passed_on_without_a_look(refusal: Exception) -> None:
    with pytest.raises(type(refusal)) as raised:
        await edited({EDIT: refusal, EDIT_META: Unavailable("not asked")}, labels=["x"])
    assert raised.value is refusal


async def test_a_refusal_is_passed_on_when_the_screen_cannot_be_read() -> None:
    refusal = Rejected("No.", fields={"labels": "No."})
    with pytest.raises(Rejected) as raised:
        await edited({EDIT: refusal, EDIT_META: Unavailable("Jira is down.")}, labels=["x"])
    assert raised.value is refusal


async def test_a_field_off_the_screen_is_still_sent_by_its_id() -> None:
    api = await edited({EDIT: None, EDIT_META: {"fields": {}}}, customfield_1="text")
    assert api.requests[-1].body == {"fields": {"customfield_1": "text"}}


async def test_a_text_area_off_the_screen_is_known_by_its_refusal() -> None:
    refusal = Rejected(
        "No.", fields={"customfield_1": "Operation value must be an Atlassian Document"}
    )
    answers: dict[tuple[str, str], Any] = {
        EDIT: InTurn(refusal, None),
        EDIT_META: {"fields": {}},
        ("GET", "/rest/api/3/issue/A-1"): {"fields": {"customfield_1": None}},
    }
    api = await edited(answers, customfield_1="**x**")
    assert api.requests[-1].body["fields"]["customfield_1"]["type"] == "doc"
    answers[EDIT] = refusal
    with pytest.raises(Rejected, match="No"):
        await edited(answers, customfield_1="**x**")


async def test_a_custom_field_for_several_people_takes_names(jira: Sandbox) -> None:
    people = {"name": "Reviewers", "schema": {"type": "array", "items": "user"}}
    found = [{"accountId": BEN.account_id, "displayName": BEN.name}]
    api = await edited(
        {
            EDIT: None,
            EDIT_META: {"fields": {"customfield_1": people}},
            ("GET", "/rest/api/3/user/search"): found,
        },
        reviewers="Ben Example",
    )
    assert api.requests[-1].body == {"fields": {"customfield_1": [{"id": BEN.account_id}]}}


async def test_the_status_by_name_is_no_field_either(jira: Sandbox) -> None:
    with pytest.raises(InvalidArgument, match="transitionJiraIssue"):
        await edit(jira, {"Status": "Done"})
