import pytest
from fakes.confluence_user import ADA, BEN, PageId, User

from telamon.plugin import Rejected
from telamon_confluence.sandbox.cql import AnyOf, Clause, CqlError, Function, Not, parse
from telamon_confluence.sandbox.cql_dates import moment

NOON = 1_800_014_400.0
"""2027-01-15, 12:00 UTC, a Friday."""


def test_and_binds_tighter_than_or() -> None:
    condition = parse("type = page or type = blogpost and space = DEMO").condition

    assert isinstance(condition, AnyOf)
    assert condition.parts[0] == Clause("type", "=", ("page",))


def test_keywords_and_fields_are_known_in_any_case() -> None:
    assert parse("TYPE = page AND Title ~ x ORDER BY Created DESC") == parse(
        "type = page and title ~ x order by created desc"
    )


def test_strings_may_hold_quotes_and_backslashes() -> None:
    assert parse(r'title = "a \"b\" \\"').condition == Clause("title", "=", ('a "b" \\',))
    assert parse("title = 'it is'").condition == Clause("title", "=", ("it is",))


def test_a_negated_clause_is_the_opposite_of_the_clause() -> None:
    assert parse("type != page").condition == Not(Clause("type", "=", ("page",)))
    assert parse("title !~ x").condition == Not(Clause("title", "~", ("x",)))
    assert parse("type not in (page, blogpost)").condition == Not(
        Clause("type", "in", ("page", "blogpost"))
    )


def test_functions_take_one_argument_or_none() -> None:
    assert parse('created > now("-4w")').condition == Clause(
        "created", ">", (Function("now", "-4w"),)
    )
    assert parse("creator = currentUser()").condition == Clause(
        "creator", "=", (Function("currentuser"),)
    )


def test_a_query_may_be_an_order_alone() -> None:
    query = parse("order by title asc, created desc")

    assert query.condition is None
    assert query.order == (("title", False), ("created", True))


@pytest.mark.parametrize(
    "cql",
    [
        "title ~",
        "title",
        "title = ",
        "= x",
        "(type = page",
        "type = page)",
        "type in ()",
        "type in page",
        "type not page",
        "type page",
        'title = "open',
        "type = page order title",
        "type = page order by",
        "type = page order by and",
        "type = and",
        "and = x",
        "type = page page",
        "created > now(",
        "(" * 60 + "type = page" + ")" * 60,
    ],
)
def test_what_is_no_cql_is_refused(cql: str) -> None:
    with pytest.raises(CqlError):
        parse(cql)


@pytest.mark.parametrize(
    ("value", "moment_meant"),
    [
        ("2027-01-15", NOON - 43_200),
        ("2027/01/15", NOON - 43_200),
        ("2027-01-15 13:00", NOON + 3_600),
        (Function("now"), NOON),
        (Function("now", "-1d"), NOON - 86_400),
        (Function("now", "2h"), NOON + 7_200),
        (Function("now", "-30m"), NOON - 1_800),
        (Function("startofday"), NOON - 43_200),
        (Function("startofday", "-1"), NOON - 43_200 - 86_400),
        (Function("endofday"), NOON + 43_199),
        (Function("startofweek"), NOON - 43_200 - 4 * 86_400),
        (Function("endofweek"), NOON + 43_199 + 2 * 86_400),
        (Function("startofmonth"), NOON - 43_200 - 14 * 86_400),
        (Function("endofmonth"), NOON + 43_199 + 16 * 86_400),
        (Function("startofyear"), NOON - 43_200 - 14 * 86_400),
        (Function("endofyear"), NOON + 43_199 + 350 * 86_400),
    ],
)
def test_dates_mean_what_they_say(value: str | Function, moment_meant: float) -> None:
    assert moment(value, NOON) == moment_meant


@pytest.mark.parametrize(
    "value", ["soon", Function("yesterday"), Function("now", "x"), Function("now", "-1q")]
)
def test_what_is_no_date_is_refused(value: str | Function) -> None:
    with pytest.raises(CqlError):
        moment(value, NOON)


async def titles(user: User, cql: str) -> list[str]:
    answer = await user.read("searchConfluenceUsingCql", cql=cql, limit=100)
    return [result["title"] for result in answer["results"]]


async def test_fields_narrow_the_search(ada: User, page_id: PageId) -> None:
    plan = page_id("Release plan")

    assert await titles(ada, f"id = {plan}") == ["Release plan"]
    assert await titles(ada, f"content in ({plan}, 1)") == ["Release plan"]
    assert await titles(ada, f"parent = {plan} order by title") == ["Decisions", "Roadmap"]
    assert len(await titles(ada, f"ancestor = {plan}")) == 5
    assert await titles(ada, "label = oncall") == ["Booking page is down"]
    assert await titles(ada, "type = space and space.key = TEAM") == ["Team handbook"]
    assert await titles(ada, 'title = "glossary"') == ["Glossary"]


async def test_text_is_matched_by_words_prefixes_and_phrases(ada: User) -> None:
    assert await titles(ada, 'text ~ "gloss*"') == ["Glossary"]
    assert await titles(ada, 'text ~ "gloss"') == []
    assert await titles(ada, r'text ~ "\"in the same month\""') == ["Release plan"]
    assert "Release plan" not in await titles(ada, 'type = page and text !~ "goals"')


async def test_people_are_found_by_what_they_made(ada: User) -> None:
    mine = await titles(ada, "type = blogpost and creator = currentUser()")
    his = await titles(ada, f"type = blogpost and creator = {BEN.account_id}")
    touched = await titles(ada, f"type = page and contributor in ({ADA.account_id})")

    assert mine == ["A quiet summer for the on-call team"]
    assert his == ["The seat map is live"]
    assert "Roadmap" in touched


async def test_dates_narrow_the_search(ada: User) -> None:
    recent = await titles(ada, 'type = blogpost and created >= now("-2w")')
    older = await titles(ada, 'type = blogpost and created < now("-2w")')

    assert recent == ["The seat map is live"]
    assert older == ["A quiet summer for the on-call team"]
    assert await titles(ada, 'type = blogpost and lastmodified = "1999-01-01"') == []


async def test_comments_and_attachments_are_found(ada: User) -> None:
    assert "plan.png" in await titles(ada, "type = attachment")
    assert "Re: Release plan" in await titles(ada, 'type = comment and text ~ "invoice"')


async def test_titles_that_match_come_first(ada: User) -> None:
    assert (await titles(ada, 'type = page and text ~ "ferry"'))[0] != ""
    assert (await titles(ada, 'siteSearch ~ "runbooks"'))[0] == "Runbooks"


async def test_a_condition_may_be_turned_around_or_left_out(ada: User) -> None:
    everything = await titles(ada, "order by title")
    without_pages = await titles(ada, "not (type = page or type = blogpost) order by title")

    assert len(everything) > len(without_pages) > 0
    assert "Roadmap" not in without_pages


@pytest.mark.parametrize(
    "cql",
    [
        "flavour = sweet",
        "title > x",
        "type ~ page",
        "space = currentSpace()",
        "text ~ currentUser()",
        "created > soon",
        "type = page order by flavour",
    ],
)
async def test_what_the_emulator_lacks_is_a_clear_refusal(ada: User, cql: str) -> None:
    with pytest.raises(Rejected, match="Could not parse cql"):
        await ada.call("searchConfluenceUsingCql", cql=cql)
