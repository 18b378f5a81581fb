import json
from pathlib import Path

import pytest
from facts.requests import check, find, operations, scopes_allow


def test_the_table_has_every_operation_that_was_selected() -> None:
    selection = Path(__file__).with_name("selection.txt").read_text().splitlines()
    assert [f"{f['product']} {f['method']} {f['path']}" for f in operations()] == sorted(selection)


def test_a_request_as_documented_is_in_order() -> None:
    assert check("jira", "GET", "/rest/api/3/issue/DEMO-1", {"fields": ["summary", "status"]}) == []
    assert check("jira", "POST", "/rest/api/3/search/jql", None, {"jql": "key = A-1"}) == []
    page = {"spaceId": "1", "status": "current", "title": "T", "body": {"value": "x"}}
    assert check("confluence", "POST", "/wiki/api/v2/pages", {"private": "true"}, page) == []
    form = {"fields": {"minorEdit": "true"}, "file": {"filename": "a"}}
    upload = "/wiki/rest/api/content/1/child/attachment"
    assert check("confluence", "PUT", upload, None, form) == []


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (("jira", "GET", "/rest/api/3/nothing"), "no operation"),
        (("jira", "GET", "/rest/api/3/priority"), "deprecated"),
        (("jira", "GET", "/rest/api/3/issue/A-1", {"feilds": "x"}), "feilds is unknown"),
        (("jira", "GET", "/rest/api/3/project/search", {"maxResults": "ten"}), "not integer"),
        (("jira", "GET", "/rest/api/3/project/search", {"startAt": ["1", "2"]}), "is repeated"),
        (("confluence", "GET", "/wiki/api/v2/pages", {"status": ["gone"]}), "'gone', not ["),
        (("confluence", "GET", "/wiki/rest/api/search", {}), "cql is missing"),
        (("confluence", "POST", "/wiki/api/v2/pages", {}, {"title": 1}), "is not of type"),
        (("confluence", "POST", "/wiki/api/v2/pages", {}, {"tilte": "x"}), "unknown name tilte"),
        (("confluence", "POST", "/wiki/api/v2/pages"), "a body is required"),
        (("jira", "GET", "/rest/api/3/myself", {}, {}), "a body is not expected"),
        (
            ("confluence", "PUT", "/wiki/rest/api/content/1/child/attachment", {}, {"fields": {}}),
            "form field file is missing",
        ),
    ],
)
def test_a_wrong_request_is_named(request_: tuple[str, str, str], problem: str) -> None:
    assert problem in "; ".join(check(*request_))


def test_a_literal_segment_beats_a_parameter() -> None:
    found = find("jira", "GET", "/rest/api/3/issue/picker")
    assert found is not None
    assert found["operation"] == "getIssuePickerResource"


def test_an_encoded_slash_stays_in_its_segment() -> None:
    assert find("jira", "GET", "/rest/api/3/issue/A%2FB") is not None
    assert find("jira", "GET", "/rest/api/3/issue/") is None


def test_scopes_are_alternatives_of_sets() -> None:
    issue = "jira", "GET", "/rest/api/3/issue/A-1"
    assert scopes_allow(*issue, {"read:jira-work"})
    assert not scopes_allow(*issue, {"read:issue:jira"}, beta=True)
    fact = find(*issue)
    assert fact is not None
    granular = fact["scopes"]["beta"][0]
    assert scopes_allow(*issue, granular, beta=True)
    assert not scopes_allow(*issue, granular)
    assert scopes_allow("jira", "GET", "/rest/api/3/serverInfo", ())
    assert not scopes_allow("jira", "GET", "/rest/api/3/nothing", {"read:jira-work"})


def test_a_null_assignee_is_taken_as_the_text_says() -> None:
    assert check("jira", "PUT", "/rest/api/3/issue/A-1/assignee", {}, {"accountId": None}) == []


def test_the_table_is_one_operation_a_line() -> None:
    text = Path(__file__).with_name("operations.json").read_text()
    assert len(text.splitlines()) == len(json.loads(text)) + 2
