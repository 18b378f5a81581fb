"""Narrowed JQL: nothing that a caller writes brings an issue from outside."""

from typing import Any

import pytest
from fakes.jira_api import Sandbox
from hypothesis import given, settings
from hypothesis import strategies as st

from telamon.plugin import InvalidArgument, Rejected
from telamon.plugin.queries import narrowed
from telamon_jira.confining.filters import stays_within
from telamon_jira.confining.narrowing import condition
from telamon_jira.confining.projects import Projects
from telamon_jira.jql import quoted

WITHIN = condition(["DEMO", "OPS"])
SANDBOX = Sandbox()


async def keys(jql: str) -> list[str]:
    """Run *jql* as the person who sees every project."""
    body = {"jql": jql, "maxResults": 100, "fields": ["summary"]}
    page: Any = await SANDBOX.api().read("/rest/api/3/search/jql", body)
    return [issue["key"] for issue in page["issues"]]


FRAGMENTS = st.sampled_from(
    [
        *("(", ")", '"', "'", "\\", "\\)", "\\(", '\\"', ",", " ", "\n", "\t", "\u00a0", "\u2028"),
        *("AND", "OR", "NOT", "and", "or", "!", "&&", "||", "--", "/*", "*/", "//", "#", ";"),
        *("ORDER", "BY", "order by", "ORDER  BY", "ORDER\nBY created", "DESC", "ORDER BY key"),
        *("project", "=", "!=", "in", "not in", "is", "EMPTY", "SEC", "DEMO", "10002", "key"),
        *("SEC-1", "project = SEC", "project = DEMO", "project is not EMPTY", "type = Bug"),
        *(") OR (project = SEC", ") OR project = SEC OR (key = DEMO-1", '" OR project = "SEC'),
        *("' OR project = 'SEC", "labels = review", "text ~ review", "summary ~ 'a)'", "(1)"),
        *('"a\\") OR project = SEC"', "\uff08", "\uff09", "\u201d", "\u2019", "\x00", "\x1f"),
        *("linkedIssues(DEMO-3)", "issue in linkedIssues(DEMO-3)", "\ufeff", "\u200b", "\u017f"),
    ]
)
WRITTEN = st.lists(FRAGMENTS, max_size=9).flatmap(
    lambda parts: st.sampled_from([" ", ""]).map(lambda glue: glue.join(parts))
)


PROJECTS = st.sampled_from(["DEMO", "OPS", "SEC", '"Security reviews"', "10002"])
CLAUSES = st.one_of(
    PROJECTS.map("project = {}".format),
    PROJECTS.map("project != {}".format),
    PROJECTS.map("project not in ({})".format),
    st.sampled_from(["Bug", "Task", "Epic"]).map("type = {}".format),
    st.sampled_from(["review", "'backup'", '"order by"', "'AND ) OR'", '"a \\" ) b"']).map(
        "labels={}".format
    ),
    st.sampled_from(["resolution is EMPTY", "assignee in (currentUser())", "created >= -30d"]),
    st.sampled_from(["issue in linkedIssues(DEMO-3)", "key in (SEC-1, DEMO-1)", "key = SEC-2"]),
)
CONDITIONS = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR", "and", "||", "&&"]), inner).map(" ".join),
        inner.map("NOT ({})".format),
        inner.map("({})".format),
        inner.map("! ({})".format),
    ),
    max_leaves=5,
)
ORDERS = st.sampled_from(
    ["", " ORDER BY key", " order  by created DESC", "\nOrDeR\tBy type ASC, key desc", " ORDER BY "]
)


@st.composite
def _spoiled(draw: st.DrawFn) -> str:
    """A valid query into which up to two pieces of an attack were put, anywhere between words."""
    parts = (draw(CONDITIONS) + draw(ORDERS)).split(" ")
    for piece in draw(st.lists(FRAGMENTS, max_size=2)):
        parts.insert(draw(st.integers(0, len(parts))), piece)
    return " ".join(parts)


SPOILED = _spoiled()


@pytest.mark.row("SEC-G08")
@given(jql=st.one_of(SPOILED, WRITTEN, st.text(max_size=40)))
@settings(max_examples=1000, deadline=None)
async def test_no_text_brings_an_issue_outside(jql: str) -> None:
    try:
        found = await keys(narrowed(jql, WITHIN))
    except (InvalidArgument, Rejected):
        return
    assert all(key.startswith(("DEMO-", "OPS-")) for key in found)


@pytest.mark.row("SEC-G08")
@given(where=CONDITIONS, order=ORDERS)
@settings(max_examples=700, deadline=None)
async def test_a_valid_query_finds_exactly_the_part_that_is_inside(where: str, order: str) -> None:
    try:
        everything = await keys(where + order)
    except Rejected:
        with pytest.raises(Rejected):
            await keys(narrowed(where + order, WITHIN))
        return
    inside = [key for key in everything if not key.startswith("SEC-")]
    assert await keys(narrowed(where + order, WITHIN)) == inside


def test_the_whole_condition_stands_in_parentheses() -> None:
    assert WITHIN == 'project in ("DEMO", "OPS")'
    assert narrowed("a = 1 OR b = 2", WITHIN) == f"{WITHIN} AND (a = 1 OR b = 2)"
    assert narrowed("a = 1 ORDER BY b", WITHIN) == f"{WITHIN} AND (a = 1 ) ORDER BY b"
    assert narrowed("ORDER BY b", WITHIN) == f"{WITHIN} ORDER BY b"
    assert narrowed(None, WITHIN) == narrowed("  ", WITHIN) == WITHIN
    assert narrowed("x = 'ORDER BY (' ", WITHIN) == f"{WITHIN} AND (x = 'ORDER BY (' )"
    assert narrowed("a in (order by, b)", WITHIN) == f"{WITHIN} AND (a in (order by, b))"
    assert condition([]) == "project is EMPTY"


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    "jql",
    [
        "a = 1) OR (b = 2",
        "a = (1",
        "a = 1)",
        'a = "1',
        "a = 'it's'",
        'a = "1\\"',
        "a = 1\\) OR (b",
        "a = 1 ORDER BY b) OR (c = 2",
        "a = 1 ORDER BY b OR c = 2",
        "a = 1 ORDER BY b ORDER BY c",
        "a = 1 ORDER BY (b)",
        "a = 1\x00",
        "a = 1\u2028",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(jql: str) -> None:
    with pytest.raises(InvalidArgument):
        narrowed(jql, WITHIN)


@pytest.mark.parametrize("value", ["a (b", 'a ") OR (c', "a \\", "'", 'a\\" OR'])
async def test_quoted_values_keep_their_meaning(value: str) -> None:
    assert narrowed(f"labels = {quoted(value)}", WITHIN).startswith(WITHIN)
    assert await keys(narrowed(f"labels = {quoted(value)}", WITHIN)) == []


KNOWN = {"demo", "10000", "demo shop"}


@pytest.mark.parametrize(
    ("jql", "inside"),
    [
        ("project = DEMO AND type = Bug ORDER BY created", True),
        ("project=demo", True),
        ('project in (DEMO, "Demo shop", 10000)', True),
        ("assignee = currentUser()", True),
        ("", True),
        ("project = SEC", False),
        ("project=SEC", False),
        ("project in (DEMO, SEC)", False),
        ("'project' = DEMO OR \"Project\" in ('Security reviews')", False),
        ("project not in (SEC)", False),
        ("project != SEC", False),
        ("parent = SEC-1", False),
        ("issue in linkedIssues('SEC-1')", False),
        ("key = DEMO-1", True),
        ("project = 'SEC", False),
    ],
)
def test_a_saved_search_is_inside_if_it_names_nothing_outside(jql: str, inside: bool) -> None:
    assert stays_within(jql, KNOWN, Projects(frozenset({"DEMO"}))) is inside
