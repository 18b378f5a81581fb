"""Jira's part of search and fetch, and the JQL that is written from words."""

import pytest
from fakes.jira_api import BEN, FIRST, Sandbox
from hypothesis import given, settings
from hypothesis.strategies import text

from telamon.plugin import Ari, InvalidArgument, NotFound
from telamon_jira import finding, jql
from telamon_jira.client import Jira
from telamon_jira.sandbox.jql.syntax import Both, Clause, Value, parse


def client(jira: Sandbox, person: object = None) -> Jira:
    api = jira.api(BEN) if person is BEN else jira.api()
    return Jira(api=api, settings=jira.settings)


async def test_words_find_issues_newest_first(jira: Sandbox) -> None:
    hits = await finding.search(client(jira), "voucher NaN", 10)
    assert [hit.title.split(":")[0] for hit in hits] == ["DEMO-3"]
    hit = hits[0]
    assert hit.ari == f"ari:cloud:jira:{FIRST.cloud_id}:issue/10003"
    assert hit.url == "https://first.example.com/browse/DEMO-3"
    assert hit.kind == "Bug"
    assert hit.excerpt is not None
    assert len(hit.excerpt) <= 300
    assert hit.updated is not None


async def test_a_key_finds_its_issue_first(jira: Sandbox) -> None:
    hits = await finding.search(client(jira), " DEMO-3 ", 10)
    assert hits[0].title.startswith("DEMO-3:")
    assert len({hit.ari for hit in hits}) == len(hits)
    assert len(await finding.search(client(jira), "DEMO-3", 1)) == 1


async def test_a_key_that_is_none_is_an_ordinary_word(jira: Sandbox) -> None:
    assert await finding.search(client(jira), "DEMO-999", 10) == []
    assert await finding.search(client(jira, BEN), "SEC-1", 10) == []


async def test_no_words_ask_nothing(jira: Sandbox) -> None:
    asked = client(jira)
    assert await finding.search(asked, " ?! ", 10) == []
    assert asked.api.requests == []  # type: ignore[attr-defined]


@pytest.mark.row("SEC-I06")
@pytest.mark.parametrize(
    "words",
    [
        'x" OR project = SEC OR text ~ "y',
        "x\\",
        'x\\" OR key = SEC-1',
        "AND OR NOT",
        "a AND b",
        "* ? [x TO y] {z} ^2 ~1 +a -b !c /d/ (e",
        "“quoted” «words»",
        "currentUser() now()",
        "x\n\r\t\0y",
        "project = DEMO ORDER BY created",
    ],
)
async def test_words_cannot_change_what_the_query_means(jira: Sandbox, words: str) -> None:
    asked = client(jira, BEN)
    await finding.search(asked, words, 10)
    query = asked.api.requests[-1].body["jql"]  # type: ignore[attr-defined]
    inside = query.removeprefix('text ~ "').removesuffix('" ORDER BY updated DESC')
    assert query == f'text ~ "{inside}" ORDER BY updated DESC'
    assert all(character.isalnum() or character in "_ " for character in inside)
    assert inside == inside.lower()


@pytest.mark.row("SEC-I06")
@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("plain", '"plain"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\", '"back\\\\"'),
        ('both \\"', '"both \\\\\\""'),
        ("two\nlines\0", '"two lines "'),
    ],
)
def test_a_value_is_quoted_as_one_literal(value: str, literal: str) -> None:
    assert jql.quoted(value) == literal


@pytest.mark.row("SEC-I06")
@settings(deadline=None)
@given(text())
def test_any_text_is_read_back_as_one_literal(value: str) -> None:
    clause = parse(f"summary ~ {jql.quoted(value)} AND key = A-1").where
    assert isinstance(clause, Both)
    literal = clause.parts[0]
    assert isinstance(literal, Clause)
    plain = "".join(character if character.isprintable() else " " for character in value)
    assert literal.operands == (Value(plain, quoted=True),)


@pytest.mark.row("SEC-I06")
@settings(deadline=None)
@given(text())
def test_any_words_are_one_clause(words: str) -> None:
    written = jql.text_clause(words)
    if written is None:
        return
    clause = parse(written).where
    assert isinstance(clause, Clause)
    assert (clause.field, clause.operator) == ("text", "~")


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (Ari(product="jira", cloud_id="x", kind="issue", id="10003"), "10003"),
        (Ari(product="jira", cloud_id="x", kind="issue", id="../1"), None),
        (Ari(product="jira", cloud_id="x", kind="project", id="10003"), None),
        (Ari(product="confluence", cloud_id="x", kind="issue", id="10003"), None),
        ("/browse/DEMO-3", "DEMO-3"),
        ("/browse/DEMO-3/", "DEMO-3"),
        ("/browse/DEMO-3?focusedCommentId=1", "DEMO-3"),
        ("/jira/software/projects/DEMO/boards/1?selectedIssue=DEMO-3", "DEMO-3"),
        ("/jira/software/c/projects/DEMO/boards/1/backlog?x=1&selectedIssue=DEMO-3", "DEMO-3"),
        ("/jira/software/c/projects/DEMO/issues/DEMO-3", "DEMO-3"),
        ("/projects/DEMO/issues/DEMO-3?filter=all", "DEMO-3"),
        ("/browse/DEMO", None),
        ("/browse/DEMO-3/../../x", None),
        ("/browse/DEMO-3%2F..", None),
        ("/wiki/spaces/A/pages/1", None),
        ("/jira/software/projects/DEMO/boards/1?selectedIssue=../x", None),
    ],
)
def test_an_address_names_an_issue_or_is_not_ours(place: Ari | str, named: str | None) -> None:
    assert finding.issue_named(place) == named
    assert finding.claims(place) == (named is not None)


async def test_fetch_reads_the_issue_that_is_named(jira: Sandbox) -> None:
    by_url = await finding.fetch(client(jira), "/browse/DEMO-3")
    by_ari = await finding.fetch(
        client(jira), Ari(product="jira", cloud_id=FIRST.cloud_id, kind="issue", id="10003")
    )
    assert by_url == by_ari == await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-3"})


async def test_fetch_of_what_is_not_there_or_not_ours_fails(jira: Sandbox) -> None:
    with pytest.raises(NotFound):
        await finding.fetch(client(jira, BEN), "/browse/SEC-1")
    with pytest.raises(InvalidArgument):
        await finding.fetch(client(jira), "/wiki/home")
