"""The emulator beyond what tools ask of it: refusals, shapes, resets."""

from typing import Any

import pytest
from fakes.jira_api import ADA, BEN, FIRST, SECOND, Sandbox

from telamon.plugin import Person, SandboxRequest, SandboxResponse, Site, Upload
from telamon_jira.sandbox.emulator import facts

ISSUE = "/rest/api/3/issue/{issueIdOrKey}"
DOCUMENT = {"type": "doc", "version": 1, "content": []}


def ask(
    jira: Sandbox,
    name: str,
    *,
    body: Any = None,
    query: dict[str, str] | None = None,
    person: Person = ADA,
    site: Site = FIRST,
    **path: str,
) -> SandboxResponse:
    method, template = name.split(" ")
    operation = next(
        op for op in jira.emulator.operations if (op.method, op.path) == (method, template)
    )
    request = SandboxRequest(
        person=person,
        site=site,
        query={key: [value] for key, value in (query or {}).items()},
        body=body,
    )
    return operation.handle(request, **path)


def test_every_operation_knows_its_scopes() -> None:
    for operation in Sandbox().emulator.operations:
        assert operation.scopes
        assert all(needed for needed in operation.scopes), operation.path


def test_jira_software_knows_granular_scopes_only() -> None:
    for operation in Sandbox().emulator.operations:
        names = {name for needed in operation.scopes for name in needed}
        classic = {name for name in names if name.endswith(("-work", "-user", "jira-project"))}
        assert bool(classic) == operation.path.startswith("/rest/api/3")


def test_facts_are_kept_of_exactly_the_operations_there_are() -> None:
    names = {f"{op.method} {op.path}" for op in Sandbox().emulator.operations}
    assert names == facts().keys()


def test_no_operation_is_there_twice() -> None:
    names = [(op.method, op.path) for op in Sandbox().emulator.operations]
    assert len(names) == len(set(names))


async def test_a_reset_brings_the_first_day_back(jira: Sandbox) -> None:
    await jira.call("deleteJiraIssue", {"issueIdOrKey": "DEMO-3"})
    jira.emulator.reset()
    assert (await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"}))["key"] == "DEMO-3"


def test_two_sandboxes_begin_alike() -> None:
    name = f"GET {ISSUE}"
    first = ask(Sandbox(), name, issueIdOrKey="DEMO-3")
    assert first.body == ask(Sandbox(), name, issueIdOrKey="DEMO-3").body


def test_what_cannot_be_read_is_refused_in_jiras_form(jira: Sandbox) -> None:
    answer = jira.emulator.unreadable("No JSON.")
    assert (answer.status, answer.body) == (400, {"errorMessages": ["No JSON."], "errors": {}})


def test_an_issue_comes_with_the_noise_of_the_real_one(jira: Sandbox) -> None:
    body = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-3").body
    assert body["self"].startswith(f"https://api.atlassian.com/ex/jira/{FIRST.cloud_id}/")
    assert body["fields"]["assignee"]["avatarUrls"].keys() == {"48x48", "24x24", "16x16", "32x32"}
    assert body["fields"]["status"]["statusCategory"]["key"] == "indeterminate"
    assert body["fields"]["resolution"] is None
    assert body["fields"]["customfield_10016"] == 3.0


def test_without_fields_a_search_answers_ids(jira: Sandbox) -> None:
    body = ask(jira, "POST /rest/api/3/search/jql", body={"jql": "project = SEC"}).body
    assert body == {"issues": [{"id": "10035"}, {"id": "10034"}, {"id": "10033"}], "isLast": True}


@pytest.mark.parametrize(
    ("query", "present", "absent"),
    [
        ("*all,-comment", "summary", "comment"),
        ("-comment", "summary", "comment"),
        ("*all,-*all,summary", "summary", "status"),
        ("*navigable", "summary", "nonsense"),
        ("summary,nonsense", "summary", "nonsense"),
    ],
)
def test_fields_can_be_taken_away(jira: Sandbox, query: str, present: str, absent: str) -> None:
    fields = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-3", query={"fields": query}).body[
        "fields"
    ]
    assert present in fields
    assert absent not in fields


def test_expansions_add_names_and_schemas(jira: Sandbox) -> None:
    body = ask(
        jira,
        f"GET {ISSUE}",
        issueIdOrKey="DEMO-3",
        query={"fields": "customfield_10050", "expand": "names,schema"},
    ).body
    assert body["names"] == {"customfield_10050": "Severity"}
    assert body["schema"]["customfield_10050"]["customId"] == 10050


def test_an_edit_can_answer_with_the_issue(jira: Sandbox) -> None:
    name = f"PUT {ISSUE}"
    body = {"fields": {"summary": "New"}}
    assert ask(jira, name, body=body, issueIdOrKey="DEMO-3").status == 204
    answer = ask(jira, name, body=body, query={"returnIssue": "true"}, issueIdOrKey="DEMO-3")
    assert answer.body["fields"]["summary"] == "New"


def test_what_can_be_edited_is_described(jira: Sandbox) -> None:
    fields = ask(jira, f"GET {ISSUE}/editmeta", issueIdOrKey="DEMO-3").body["fields"]
    assert fields["summary"]["required"] is True
    assert [v["name"] for v in fields["fixVersions"]["allowedValues"]] == ["1.8", "1.9", "2.0"]
    assert "status" not in fields


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("summary", "", "You must specify a summary"),
        ("summary", 1, "must be a string"),
        ("summary", "a\nb", "one line"),
        ("summary", None, None),
        ("description", "text", "Atlassian Document"),
        ("customfield_10051", "text", "Atlassian Document"),
        ("customfield_10016", "3", "must be a number"),
        ("customfield_10016", True, "must be a number"),
        ("duedate", "17.6.2026", "yyyy-MM-dd"),
        ("labels", "a", "array of strings"),
        ("labels", ["a b"], "contains spaces"),
        ("priority", None, "Priority is required"),
        ("priority", {"id": "9"}, "priority selected is invalid"),
        ("issuetype", {"name": "Wish"}, "issue type selected is invalid"),
        ("assignee", {"accountId": "nobody"}, "no such account id"),
        ("assignee", "5b10a0000000000000000002", "no such account id"),
        ("parent", {"key": "DEMO-999"}, "Could not find issue"),
        ("parent", {"key": "OPS-1"}, "same project"),
        ("components", {"name": "Web shop"}, "not an array"),
        ("components", [{"name": "Nothing"}], "Component name 'Nothing' is not valid"),
        ("fixVersions", [{"id": "1"}], "Version name"),
        ("timetracking", {"originalEstimate": "soon"}, "is not valid"),
        ("customfield_10020", "8", "Sprint id"),
        ("customfield_10020", 7, "not open"),
        ("customfield_10050", {"value": "Tiny"}, "option selected is invalid"),
        ("status", {"name": "Done"}, "cannot be set"),
        ("nonsense", 1, "cannot be set"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused(
    jira: Sandbox, field: str, value: Any, problem: str | None
) -> None:
    answer = ask(jira, f"PUT {ISSUE}", body={"fields": {field: value}}, issueIdOrKey="DEMO-3")
    if problem is None:
        return
    assert answer.status == 400
    assert problem in answer.body["errors"][field]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("customfield_10020", 9, "Sprint 9"),
        ("customfield_10050", {"id": "10101"}, "Major"),
        ("duedate", "2026-07-01", "2026-07-01"),
        ("components", [{"id": "10302"}], "Search"),
        ("timetracking", {"originalEstimate": "1w 1d", "remainingEstimate": "4h"}, "1w 1d"),
        ("parent", {"id": "10002"}, "DEMO-2"),
        ("duedate", None, "None"),
        ("description", DOCUMENT, "doc"),
    ],
)
def test_a_value_that_fits_is_shown_again(
    jira: Sandbox, field: str, value: Any, shown: str
) -> None:
    changed = ask(jira, f"PUT {ISSUE}", body={"fields": {field: value}}, issueIdOrKey="DEMO-3")
    assert changed.status == 204
    fields = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-3").body["fields"]
    assert shown in str(fields[field])


@pytest.mark.parametrize(
    ("update", "labels"),
    [
        ([{"add": "new"}], ["checkout", "regression", "new"]),
        ([{"add": "checkout"}], ["checkout", "regression"]),
        ([{"remove": "checkout"}, {"add": "x"}], ["regression", "x"]),
        ([{"set": ["only"]}], ["only"]),
    ],
)
def test_lists_are_amended(jira: Sandbox, update: list[Any], labels: list[str]) -> None:
    body = {"update": {"labels": update}}
    assert ask(jira, f"PUT {ISSUE}", body=body, issueIdOrKey="DEMO-3").status == 204
    fields = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-3").body["fields"]
    assert fields["labels"] == labels


@pytest.mark.parametrize(
    "body",
    [
        {"update": {"summary": [{"add": "x"}]}},
        {"update": {"labels": [{"shake": "x"}]}},
        {"update": {"nonsense": [{"add": "x"}]}},
        {"update": {"comment": [{"add": {"body": "text"}}]}},
        {"update": {"worklog": [{"add": {"timeSpent": "soon"}}]}},
        {"update": {"worklog": [{"add": {"timeSpentSeconds": "x"}}]}},
        {"fields": {"labels": []}, "update": {"labels": [{"add": "x"}]}},
        [],
    ],
)
def test_an_update_that_makes_no_sense_is_refused(jira: Sandbox, body: Any) -> None:
    assert ask(jira, f"PUT {ISSUE}", body=body, issueIdOrKey="DEMO-3").status == 400


def test_work_can_be_logged_with_an_update(jira: Sandbox) -> None:
    body = {"update": {"worklog": [{"add": {"timeSpentSeconds": 60, "comment": DOCUMENT}}]}}
    assert ask(jira, f"PUT {ISSUE}", body=body, issueIdOrKey="DEMO-7").status == 204
    logs = ask(jira, f"GET {ISSUE}/worklog", issueIdOrKey="DEMO-7").body
    assert logs["worklogs"][0]["timeSpent"] == "1m"


@pytest.mark.parametrize(
    ("name", "body", "query", "path"),
    [
        ("POST /rest/api/3/search/jql", {}, {}, {}),
        ("POST /rest/api/3/search/jql", {"jql": "project = DEMO", "maxResults": -1}, {}, {}),
        ("POST /rest/api/3/search/jql", {"jql": "project = DEMO", "maxResults": "x"}, {}, {}),
        ("POST /rest/api/3/search/approximate-count", {"jql": " "}, {}, {}),
        ("POST /rest/api/3/issue/bulk", {"issueUpdates": []}, {}, {}),
        (f"POST {ISSUE}/comment", {"body": "text"}, {}, {"issueIdOrKey": "DEMO-3"}),
        (
            f"POST {ISSUE}/comment",
            {"body": DOCUMENT, "visibility": {"type": "team", "value": "x"}},
            {},
            {"issueIdOrKey": "DEMO-3"},
        ),
        (f"GET {ISSUE}/comment", None, {"orderBy": "author"}, {"issueIdOrKey": "DEMO-3"}),
        (f"GET {ISSUE}/comment", None, {"startAt": "x"}, {"issueIdOrKey": "DEMO-3"}),
        (
            f"POST {ISSUE}/worklog",
            {"timeSpent": "1h", "comment": "text"},
            {},
            {"issueIdOrKey": "DEMO-3"},
        ),
        (
            f"POST {ISSUE}/worklog",
            {"timeSpent": "1h", "started": "today"},
            {},
            {"issueIdOrKey": "DEMO-3"},
        ),
        (
            f"POST {ISSUE}/worklog",
            {"timeSpent": "1h"},
            {"adjustEstimate": "new"},
            {"issueIdOrKey": "DEMO-3"},
        ),
        (f"POST {ISSUE}/attachments", None, {}, {"issueIdOrKey": "DEMO-3"}),
        (f"POST {ISSUE}/remotelink", {"object": {}}, {}, {"issueIdOrKey": "DEMO-3"}),
        (
            f"DELETE {ISSUE}/remotelink/{{linkId}}",
            None,
            {},
            {"issueIdOrKey": "DEMO-3", "linkId": "x"},
        ),
        ("GET /rest/api/3/user/search", None, {}, {}),
        ("GET /rest/api/3/user/assignable/search", None, {}, {}),
        ("GET /rest/api/3/mypermissions", None, {}, {}),
        ("GET /rest/agile/1.0/board/{boardId}", None, {}, {"boardId": "x"}),
        (
            "GET /rest/agile/1.0/board/{boardId}/sprint",
            None,
            {"state": "open"},
            {"boardId": "1"},
        ),
        ("POST /rest/agile/1.0/sprint", {"originBoardId": 2, "name": "x"}, {}, {}),
        ("POST /rest/agile/1.0/sprint", {"originBoardId": 1, "name": ""}, {}, {}),
        (
            "POST /rest/agile/1.0/sprint",
            {"originBoardId": 1, "name": "x", "startDate": "soon"},
            {},
            {},
        ),
        (
            "POST /rest/agile/1.0/sprint/{sprintId}",
            {"state": "closed"},
            {},
            {"sprintId": "9"},
        ),
        (
            "POST /rest/agile/1.0/sprint/{sprintId}",
            {"endDate": "2020-01-01T00:00:00+00:00"},
            {},
            {"sprintId": "8"},
        ),
        ("POST /rest/agile/1.0/backlog/issue", {"issues": []}, {}, {}),
        (
            "PUT /rest/agile/1.0/issue/rank",
            {"issues": ["DEMO-3"], "rankBeforeIssue": "DEMO-3"},
            {},
            {},
        ),
        ("POST /rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": []}, {}, {}),
        ("POST /rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": ["DEMO-1"] * 101}, {}, {}),
        ("POST /rest/api/3/bulk/issues/move", {"targetToSourcesMapping": {}}, {}, {}),
        (
            "POST /rest/api/3/bulk/issues/move",
            {"targetToSourcesMapping": {"OPS,10000": {}}},
            {},
            {},
        ),
        (
            "POST /rest/api/3/bulk/issues/move",
            {"targetToSourcesMapping": {"OPS,10002": {"issueIdsOrKeys": ["DEMO-3"]}}},
            {},
            {},
        ),
        (
            "POST /rest/api/3/bulk/issues/move",
            {
                "targetToSourcesMapping": {
                    "OPS,10002": {
                        "inferClassificationDefaults": True,
                        "inferFieldDefaults": True,
                        "inferStatusDefaults": True,
                        "inferSubtaskTypeDefault": True,
                    }
                }
            },
            {},
            {},
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_with_400(
    jira: Sandbox, name: str, body: Any, query: dict[str, str], path: dict[str, str]
) -> None:
    answer = ask(jira, name, body=body, query=query, person=ADA, site=FIRST, **path)
    assert answer.status == 400
    said = answer.body["errorMessages"] or answer.body["errors"]
    assert said


def test_one_comment_and_one_link_can_be_read(jira: Sandbox) -> None:
    comments = ask(jira, f"GET {ISSUE}/comment", issueIdOrKey="DEMO-3").body["comments"]
    one = ask(jira, f"GET {ISSUE}/comment/{{id}}", issueIdOrKey="DEMO-3", id=comments[0]["id"])
    assert one.body == comments[0]
    links = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-3").body["fields"]["issuelinks"]
    link = ask(jira, "GET /rest/api/3/issueLink/{linkId}", linkId=links[0]["id"]).body
    assert (link["inwardIssue"]["key"], link["outwardIssue"]["key"]) == ("DEMO-3", "DEMO-15")


def test_a_file_that_is_too_large_is_refused(jira: Sandbox) -> None:
    operation = next(op for op in jira.emulator.operations if op.path.endswith("/attachments"))
    file = Upload(content=b"x" * (10 * 1024 * 1024 + 1), filename="x")
    request = SandboxRequest(person=ADA, site=FIRST, query={}, file=file)
    assert operation.handle(request, issueIdOrKey="DEMO-3").status == 413


def test_a_comment_keeps_its_text_when_the_new_one_is_no_document(jira: Sandbox) -> None:
    comments = ask(jira, f"GET {ISSUE}/comment", issueIdOrKey="DEMO-3").body["comments"]
    answer = ask(
        jira,
        f"PUT {ISSUE}/comment/{{id}}",
        body={"body": "text"},
        issueIdOrKey="DEMO-3",
        id=comments[0]["id"],
    )
    assert answer.status == 400


def test_an_issue_that_is_done_stays_as_it_was_resolved(jira: Sandbox) -> None:
    name = f"POST {ISSUE}/transitions"
    before = ask(jira, f"GET {ISSUE}", issueIdOrKey="OPS-3").body["fields"]["resolutiondate"]
    jira.clock.now += 3600
    assert ask(jira, name, body={"transition": {"id": "31"}}, issueIdOrKey="OPS-3").status == 204
    after = ask(jira, f"GET {ISSUE}", issueIdOrKey="OPS-3").body["fields"]["resolutiondate"]
    assert after == before


def test_every_problem_of_a_new_issue_is_named_once(jira: Sandbox) -> None:
    fields = {
        "project": {"key": "DEMO"},
        "issuetype": {"name": "Subtask"},
        "summary": "",
        "parent": None,
        "labels": "x",
    }
    answer = ask(jira, "POST /rest/api/3/issue", body={"fields": fields})
    assert answer.status == 400
    assert answer.body["errors"].keys() == {"summary", "parent", "labels"}
    assert answer.body["errors"]["summary"] == "You must specify a summary of the issue."


def test_nobody_is_nobody(jira: Sandbox) -> None:
    assert ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-7").body["fields"]["assignee"] is None


def test_a_version_without_a_name_is_refused(jira: Sandbox) -> None:
    answer = ask(jira, "POST /rest/api/3/version", body={"projectId": 10000, "name": " "})
    assert answer.body["errors"] == {"name": "You must specify a valid version name"}


def test_a_sprint_that_is_over_stays_on_its_issues(jira: Sandbox) -> None:
    ask(jira, "POST /rest/agile/1.0/backlog/issue", body={"issues": ["DEMO-8"]})
    fields = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-8").body["fields"]
    assert fields["customfield_10020"][0]["name"] == "Sprint 7"


def test_the_user_and_a_version_can_be_read(jira: Sandbox) -> None:
    me = ask(jira, "GET /rest/api/3/myself", person=BEN).body
    assert (me["accountId"], me["emailAddress"]) == (BEN.account_id, BEN.email)
    version = ask(jira, "GET /rest/api/3/version/{id}", id="10202").body
    assert version["name"] == "2.0"
    assert ask(jira, "GET /rest/api/3/version/{id}", id="1").status == 404


def test_releasing_a_version_can_move_what_is_unfinished(jira: Sandbox) -> None:
    body = {"released": True, "moveUnfixedIssuesTo": "https://x/rest/api/3/version/10201"}
    assert ask(jira, "PUT /rest/api/3/version/{id}", body=body, id="10202").status == 200
    fields = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-3").body["fields"]
    assert [v["name"] for v in fields["fixVersions"]] == ["1.9"]


def test_the_second_site_is_closed_to_others(jira: Sandbox) -> None:
    name = "GET /rest/api/3/project/{projectIdOrKey}"
    assert ask(jira, name, site=SECOND, projectIdOrKey="LAB").status == 200
    assert ask(jira, name, site=SECOND, projectIdOrKey="LAB", person=BEN).status == 404


def test_times_are_in_the_users_time_zone(jira: Sandbox) -> None:
    tokyo = Person(
        account_id=BEN.account_id, name="B", email="b@example.com", time_zone="Asia/Tokyo"
    )
    fields = ask(jira, f"GET {ISSUE}", issueIdOrKey="DEMO-3", person=tokyo).body["fields"]
    assert fields["created"] == "2026-06-06T21:00:00.000+0900"


@pytest.mark.parametrize(
    ("field", "typed", "values"),
    [
        ("labels", "che", ["checkout"]),
        ("assignee", "ben", ['"Ben Example"']),
        ("status", "in", ['"In Progress"', '"In Review"']),
        ("summary", "", []),
    ],
)
def test_values_for_jql_are_suggested(
    jira: Sandbox, field: str, typed: str, values: list[str]
) -> None:
    answer = ask(
        jira,
        "GET /rest/api/3/jql/autocompletedata/suggestions",
        query={"fieldName": field, "fieldValue": typed},
    )
    assert [found["value"] for found in answer.body["results"]] == values
