"""What of Jira's JSON a model gets to see."""

from typing import Any

import pytest

from telamon_jira import compact, writing
from telamon_jira.page import issue_page


@pytest.mark.row("SEC-I19")
def test_where_somebody_comes_from_is_kept() -> None:
    customer = {
        "displayName": "C",
        "accountId": "qm:1",
        "accountType": "customer",
        "active": False,
        "avatarUrls": {"48x48": "x"},
    }
    assert compact.person(customer) == {
        "name": "C",
        "accountId": "qm:1",
        "inactive": True,
        "kind": "customer",
    }
    assert compact.person(None) is None


@pytest.mark.row("SEC-I19")
def test_an_internal_comment_is_told_from_a_public_one() -> None:
    assert compact.comment({"id": "1", "body": "x", "jsdPublic": False})["internal"] is True
    assert "internal" not in compact.comment({"id": "1", "body": "x", "jsdPublic": True})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "text"),
        ("", None),
        (None, None),
        (
            {
                "type": "doc",
                "version": 1,
                "content": [{"type": "paragraph", "content": [{"type": "text", "text": "x"}]}],
            },
            "x",
        ),
    ],
)
def test_a_text_is_markdown_or_nothing(value: Any, shown: str | None) -> None:
    assert compact.markdown(value) == shown


def test_an_excerpt_is_a_line_of_words() -> None:
    heading = {
        "type": "heading",
        "attrs": {"level": 1},
        "content": [{"type": "text", "text": "One", "marks": [{"type": "strong"}]}],
    }
    document = {"type": "doc", "version": 1, "content": [heading, heading]}
    assert compact.words(document, 100) == "One One"
    assert compact.words(document, 5) == "One …"
    assert compact.words(None, 5) is None
    for _ in range(300):
        heading = {"type": "blockquote", "content": [heading]}
    assert compact.words({"type": "doc", "version": 1, "content": [heading]}, 5) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, 3),
        (False, False),
        ("x", "x"),
        ([], []),
        ([{"value": "a", "id": "1"}, None, {"self": "x"}], ["a"]),
        ({"value": "a", "id": "1", "child": {"value": "b", "id": "2"}}, "a / b"),
        ({"accountId": "1", "displayName": "A"}, {"accountId": "1", "name": "A"}),
        (
            {"name": "Open", "statusCategory": {"name": "To Do"}},
            {"name": "Open", "category": "To Do"},
        ),
        (
            {"key": "A-1", "fields": {"summary": "s", "status": {"name": "Open"}}},
            {"key": "A-1", "summary": "s", "status": "Open"},
        ),
        (
            {"id": 1, "name": "S", "state": "active", "boardId": 2, "goal": ""},
            {"id": 1, "name": "S", "state": "active", "boardId": 2},
        ),
        ({"id": "1", "name": "x", "self": "s", "iconUrl": "i"}, {"id": "1", "name": "x"}),
    ],
)
def test_any_other_value_loses_its_noise(value: Any, shown: Any) -> None:
    assert compact.anything(value) == shown


async def test_markdown_becomes_a_document_only_where_jira_wants_one() -> None:
    updated = await writing.updates(
        {
            "description": [{"set": "x"}],
            "labels": [{"add": "x"}],
            "comment": [{"add": {"body": "x"}}, {"add": {"body": {"type": "doc"}}}],
            "worklog": [{"add": {"timeSpent": "1h", "comment": "x"}}],
        }
    )
    assert updated["description"][0]["set"]["type"] == "doc"
    assert updated["labels"] == [{"add": "x"}]
    assert updated["comment"][0]["add"]["body"]["type"] == "doc"
    assert updated["comment"][1] == {"add": {"body": {"type": "doc"}}}
    assert updated["worklog"][0]["add"]["comment"]["type"] == "doc"


def test_a_page_of_nearly_nothing_is_still_a_page() -> None:
    assert issue_page({"key": "A-1", "fields": {}}) == "# A-1: \n"
    assert "by unknown" in issue_page(
        {"key": "A-1", "fields": {"comment": {"comments": [{"author": {"accountId": "1"}}]}}}
    )
