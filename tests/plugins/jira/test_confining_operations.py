"""The table of confined operations holds all that the plugin asks for, and nothing it forgot."""

import pytest
from architecture.reached import reach
from architecture.tool_table import rows

from telamon.plugin import Json, NotFound
from telamon.plugin.testing import FakeApi, InTurn
from telamon_jira import register_product
from telamon_jira.confining import CONTAINERS
from telamon_jira.confining.bodies import Named, named
from telamon_jira.confining.clearing import GONE, cleared
from telamon_jira.confining.files import PAGES
from telamon_jira.confining.operations import OPERATIONS
from telamon_jira.confining.projects import Projects

DEMO = Projects.of(frozenset({"demo"}))
JIRAS = [row for row in rows() if row.product == "jira"]


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize("row", JIRAS, ids=lambda row: row.name)
def test_every_operation_of_the_plugin_is_in_the_table(row: object) -> None:
    asked = {f"{method} {path}" for method, path in getattr(row, "operations", ())}
    assert asked <= OPERATIONS.keys(), "say in the table how each is confined"


def test_the_health_check_is_in_the_table() -> None:
    health = register_product().health
    assert health is not None
    assert {f"{m} {p}" for m, p in reach(health).operations} <= OPERATIONS.keys()


@pytest.mark.row("SEC-G08")
def test_issues_outside_go_wherever_they_stand() -> None:
    outside: Json = {"key": "SEC-1", "fields": {}}
    inside: Json = {"key": "DEMO-1", "fields": {"parent": outside, "subtasks": [outside]}}
    answer: Json = {
        "deep": [{"a": {"b": [outside, inside, 1]}}, outside],
        "link": {"id": "1", "outwardIssue": outside},
        "links": [{"inwardIssue": outside}, {"inwardIssue": inside}],
    }
    kept: Json = {"key": "DEMO-1", "fields": {"subtasks": []}}
    assert cleared(answer, DEMO) == {
        "deep": [{"a": {"b": [kept, 1]}}],
        "links": [{"inwardIssue": kept}],
    }
    assert cleared(outside, DEMO) is GONE


def test_projects_outside_go_and_other_keys_stay() -> None:
    answer = [
        {"key": "SEC", "projectTypeKey": "software"},
        {"key": "SEC", "self": "https://x.example.com/rest/api/3/project/1"},
        {"key": "DEMO", "projectTypeKey": "software"},
        {"key": "summary", "name": "Summary"},
        {"key": "new", "self": "https://x.example.com/rest/api/3/statuscategory/2"},
    ]
    assert cleared(answer, DEMO) == answer[2:]


def test_texts_are_left_as_they_are() -> None:
    text = {"type": "doc", "version": 1, "content": [{"attrs": {"key": "SEC-1"}}]}
    assert cleared({"body": text}, DEMO) == {"body": text}
    assert list(named({"body": text | {"content": [{"parent": "SEC-1"}]}})) == []


@pytest.mark.row("SEC-G08")
def test_the_history_does_not_name_issues_outside() -> None:
    history = [
        {"field": "Link", "toString": "This issue blocks SEC-1", "to": "SEC-1"},
        {"field": "Link", "fromString": "This issue blocks DEMO-2"},
        {"field": "IssueParentAssociation", "toString": "SEC-1", "to": "10033"},
        {"field": "summary", "toString": "Like SEC-1"},
    ]
    assert cleared(history, DEMO) == [history[1], history[3]]


def test_a_body_names_things_in_many_forms() -> None:
    body = {
        "fields": {
            "project": {"key": "A", "id": "1"},
            "parent": None,
            "customfield_1": ["SEC-1", {"key": "P"}, 7, 7.5, True, "words"],
            "customfield_2": 8.0,
        },
        "update": {
            "parent": [{"set": {"id": "5"}}, {"remove": "A-1"}],
            "issuelinks": [{"add": {"outwardIssue": {"key": "B-1"}, "inwardIssue": {"x": 1}}}],
            "customfield_3": [{"set": "C-1"}],
        },
        "originBoardId": 3,
        "issues": ["D-1", 4],
        "moveUnfixedIssuesTo": "https://x.example.com/rest/api/3/version/9",
    }
    assert set(named(body)) == {
        Named("project", "A", "project"),
        Named("project", "1", "project"),
        Named("perhaps issue", "SEC-1", "customfield_1"),
        Named("project", "P", "customfield_1"),
        Named("perhaps sprint", "7", "customfield_1"),
        Named("perhaps sprint", "8", "customfield_2"),
        Named("issue", "5", "parent"),
        Named("issue", "A-1", "parent"),
        Named("issue", "B-1", "outwardIssue"),
        Named("issue", "", "inwardIssue"),
        Named("perhaps issue", "C-1", "customfield_3"),
        Named("board", "3", "originBoardId"),
        Named("issue", "D-1", "issues"),
        Named("issue", "4", "issues"),
        Named("version", "9", "moveUnfixedIssuesTo"),
    }


PROJECTS = ("GET", "/rest/api/3/project/search")
FILE = ("GET", "/rest/api/3/attachment/7")
SEARCH = ("POST", "/rest/api/3/search/jql")


def page(file: int, token: str | None = None) -> Json:
    issue = {"key": "DEMO-1", "fields": {"attachment": [{"id": str(file)}]}}
    return {"issues": [issue], "nextPageToken": token}


async def test_a_file_is_looked_for_among_the_issues_that_can_have_it() -> None:
    api = FakeApi(
        answers={
            FILE: {"id": "7", "created": "2026-06-15T09:30:00.000+0200"},
            SEARCH: InTurn(page(6, "more"), page(7)),
        }
    )
    about = await CONTAINERS.guarded(api, frozenset({"DEMO"})).get(
        "/rest/api/3/attachment/{id}", id="7"
    )
    assert about["id"] == "7"
    assert [request.body for request in api.requests if request.body] == [
        {
            "jql": 'project in ("DEMO") AND attachments IS NOT EMPTY '
            'AND created <= "2026-06-15 09:31" AND updated >= "2026-06-15 09:29" '
            "ORDER BY created DESC",
            "fields": ["attachment"],
            "maxResults": 100,
            **more,
        }
        for more in ({}, {"nextPageToken": "more"})
    ]


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    ("created", "answer", "searches"),
    [
        ("2026-06-15T09:30:00.000+0200", page(6, "more"), PAGES),
        ("2026-06-15T09:30:00.000+0200", page(6), 1),
        ("some day", page(7), 0),
    ],
)
async def test_a_file_that_is_not_found_is_outside(
    created: str, answer: Json, searches: int
) -> None:
    api = FakeApi(answers={FILE: {"id": "7", "created": created}, SEARCH: answer})
    with pytest.raises(NotFound, match="check the id or key"):
        await CONTAINERS.guarded(api, frozenset({"DEMO"})).download(
            "/rest/api/3/attachment/content/{id}", limit=9, id="7"
        )
    assert len([request for request in api.requests if request.method == "POST"]) == searches


async def test_a_name_that_is_no_issues_is_not_asked_for() -> None:
    api = FakeApi()
    with pytest.raises(NotFound):
        await CONTAINERS.guarded(api, frozenset({"DEMO"})).get(
            "/rest/api/3/issue/{issueIdOrKey}/comment", issueIdOrKey="DEMO-1 "
        )
    assert api.requests == []


async def test_many_allowed_projects_are_asked_for_in_parts() -> None:
    many = frozenset(f"P{number}" for number in range(120))
    values = [
        {"id": "1", "key": "P1", "projectTypeKey": "x"},
        {"key": "SEC", "projectTypeKey": "x"},
    ]
    api = FakeApi(
        answers={
            PROJECTS: InTurn(
                {"values": []}, {"values": values}, {"values": []}, {"values": values, "total": 2}
            ),
            SEARCH: {"issues": [{"id": "1", "key": "P1-1"}, {"id": "2"}, {"key": "SEC-1"}]},
        }
    )
    guarded = CONTAINERS.guarded(api, many)
    found = await guarded.read("/rest/api/3/search/jql", {"jql": "a = b"})
    assert found == {"issues": [{"id": "1", "key": "P1-1"}]}
    assert [len(str(r.query["keys"]).split(",")) for r in api.requests[:-1]] == [50, 50, 20]
    assert api.requests[-1].body == {
        "jql": 'project in ("P1") AND (a = b)',
        "fields": ["id", "key"],
    }
    assert await guarded.get("/rest/api/3/project/search") == {"values": values[:1]}


async def test_labels_are_looked_for_in_so_many_issues() -> None:
    issue = {"key": "DEMO-1", "fields": {"labels": ["a"]}}
    api = FakeApi(
        answers={
            ("GET", "/rest/api/3/label"): {"values": ["a", "b"], "total": 2},
            SEARCH: {"issues": [issue], "nextPageToken": "more"},
        }
    )
    guarded = CONTAINERS.guarded(api, frozenset({"DEMO"}))
    assert await guarded.get("/rest/api/3/label") == {"values": ["a"]}
    assert len(api.requests) == 11
