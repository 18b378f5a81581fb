"""Narrowed CQL: nothing that a caller writes brings anything from outside."""

from typing import Any

import pytest
from fakes.confluence_api import EmulatedApi
from fakes.confluence_user import ADA, ALL_SCOPES, BEN, FERRY, SMALL
from hypothesis import given, settings
from hypothesis import strategies as st

from telamon.plugin import InvalidArgument, Rejected, World
from telamon.plugin.queries import narrowed
from telamon_confluence.confining.narrowing import NOTHING, condition
from telamon_confluence.cql import quoted
from telamon_confluence.sandbox import ConfluenceEmulator

WITHIN = condition(["TEAM", "DEMO"])
EMULATOR = ConfluenceEmulator(
    World(people=(ADA, BEN), sites=(FERRY, SMALL), now=lambda: 1_781_524_800.0)
)


async def places(cql: str) -> list[tuple[str, str]]:
    """Run *cql* as the person who sees every space; return space and title of what is found."""
    api = EmulatedApi(emulator=EMULATOR, person=ADA, site=FERRY, scopes=ALL_SCOPES)
    answer: Any = await api.get("/wiki/rest/api/search", {"cql": cql, "limit": 250})
    return [
        (item["resultGlobalContainer"]["displayUrl"].removeprefix("/spaces/"), item["url"])
        for item in answer["results"]
    ]


FRAGMENTS = st.sampled_from(
    [
        *("(", ")", '"', "'", "\\", "\\)", "\\(", '\\"', ",", " ", "\n", "\t", "\u00a0", "\u2028"),
        *("and", "or", "not", "AND", "OR", "!", "--", "/*", "*/", "//", "#", ";", "\u017f"),
        *("order", "by", "order by", "ORDER  BY", "order\nby title", "desc", "order by created"),
        *("space", "=", "!=", "in", "not in", "~", "LEADS", "TEAM", "type", "page", "title"),
        *("space = LEADS", "space = TEAM", "type = page", "text ~ ferry", "title ~ Budget"),
        *(") or (space = LEADS", ") or space = LEADS or (type = page", '" or space = "LEADS'),
        *("' or space = 'LEADS", "title = 'a)'", '"a\\") or space = LEADS"', "(1)"),
        *("\uff08", "\uff09", "\u201d", "\u2019", "\x00", "\x1f", "\ufeff", "\u200b"),
    ]
)
WRITTEN = st.lists(FRAGMENTS, max_size=9).flatmap(
    lambda parts: st.sampled_from([" ", ""]).map(lambda glue: glue.join(parts))
)


SPACES = st.sampled_from(["TEAM", "DEMO", "LEADS", '"leads"', "NOPE"])
CLAUSES = st.one_of(
    SPACES.map("space = {}".format),
    SPACES.map("space != {}".format),
    SPACES.map("space not in ({}, TEAM)".format),
    st.sampled_from(["page", "blogpost", "comment", "space", "attachment"]).map("type={}".format),
    st.sampled_from(["ferry", "'the team'", '"order by"', '"a) or"']).map("text ~ {}".format),
    st.sampled_from(["label = runbook", "creator = currentUser()", 'created > now("-90d")']),
)
CONDITIONS = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "OR"]), inner).map(" ".join),
        inner.map("not ({})".format),
        inner.map("({})".format),
    ),
    max_leaves=5,
)
ORDERS = st.sampled_from(["", " order by title", " ORDER  by created DESC", "\norder BY id asc"])


@st.composite
def _spoiled(draw: st.DrawFn) -> str:
    """A valid query into which up to two pieces of an attack were put, anywhere between words."""
    parts = (draw(CONDITIONS) + draw(ORDERS)).split(" ")
    for piece in draw(st.lists(FRAGMENTS, max_size=2)):
        parts.insert(draw(st.integers(0, len(parts))), piece)
    return " ".join(parts)


SPOILED = _spoiled()


@pytest.mark.row("SEC-G08")
@given(cql=st.one_of(SPOILED, WRITTEN, st.text(max_size=40)))
@settings(max_examples=1000, deadline=None)
async def test_no_text_brings_anything_outside(cql: str) -> None:
    try:
        found = await places(narrowed(cql, WITHIN))
    except (InvalidArgument, Rejected):
        return
    assert {space for space, _ in found} <= {"TEAM", "DEMO"}


@pytest.mark.row("SEC-G08")
@given(where=CONDITIONS, order=ORDERS)
@settings(max_examples=500, deadline=None)
async def test_a_valid_query_finds_exactly_the_part_that_is_inside(where: str, order: str) -> None:
    try:
        everything = await places(where + order)
    except Rejected:
        with pytest.raises(Rejected):
            await places(narrowed(where + order, WITHIN))
        return
    inside = [place for place in everything if place[0] != "LEADS"]
    assert await places(narrowed(where + order, WITHIN)) == inside


def test_the_whole_condition_stands_in_parentheses() -> None:
    assert WITHIN == 'space in ("DEMO", "TEAM")'
    assert narrowed("a = 1 or b = 2", WITHIN) == f"{WITHIN} AND (a = 1 or b = 2)"
    assert narrowed("a = 1 order by b", WITHIN) == f"{WITHIN} AND (a = 1 ) ORDER BY b"
    assert narrowed("order by b", WITHIN) == f"{WITHIN} ORDER BY b"
    assert narrowed("order by", WITHIN) == f"{WITHIN} ORDER BY "
    assert narrowed(" ", WITHIN) == WITHIN
    assert narrowed("a in (order by, b)", WITHIN) == f"{WITHIN} AND (a in (order by, b))"
    assert condition([]) == NOTHING


@pytest.mark.row("SEC-G08")
@pytest.mark.parametrize(
    "cql",
    [
        "a = 1) or (b = 2",
        "a = (1",
        "a = 1)",
        'a = "1',
        'a = "1\\"',
        "a = 1\\) or (b",
        "a = 1 order by b) or (c = 2",
        "a = 1 order by b or c = 2",
        "a = 1 order by b order by c",
        "a = 1\x00",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(cql: str) -> None:
    with pytest.raises(InvalidArgument):
        narrowed(cql, WITHIN)


@pytest.mark.parametrize("value", ["a (b", 'a ") or (c', "a \\", "'", 'a\\" or'])
async def test_quoted_values_keep_their_meaning(value: str) -> None:
    assert await places(narrowed(f"title = {quoted(value)}", WITHIN)) == []


async def test_nobody_meets_the_condition_of_no_space() -> None:
    assert await places(NOTHING) == []
