import pytest
from fakes.confluence_user import PRODUCT, PageId, User
from pydantic import ValidationError

from telamon.plugin import InvalidArgument
from telamon.plugin.testing import FakeApi
from telamon_confluence.client import Confluence
from telamon_confluence.completion import complete_page, complete_space
from telamon_confluence.settings import ConfluenceSettings

[PAGE] = [each for each in PRODUCT.resources if each.name == "confluencePage"]
PROMPTS = {prompt.name: prompt for prompt in PRODUCT.prompts}


async def test_a_page_is_a_resource_below_its_title_place_and_version(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Glossary")

    read = await PAGE.run(ada.client, id=number)

    title, place, body = str(read).strip().split("\n\n")
    assert title == "# Glossary"
    assert place.startswith("Space DEMO, version 1 of 2026-")
    assert place.endswith(f"https://ferry.example.com/wiki/spaces/DEMO/pages/{number}/Glossary")
    assert body == "Berth: the place where a ferry lies."


async def test_the_id_of_a_resource_may_carry_the_title(ada: User, page_id: PageId) -> None:
    read = await PAGE.run(ada.client, id=f"{page_id('Glossary')}-Glossary")

    assert str(read).startswith("# Glossary")


@pytest.mark.row("SEC-I02")
@pytest.mark.parametrize("number", ["x", "1/2", "-1", "1?x", "..", "1" * 20])
async def test_a_resource_id_that_is_no_number_never_reaches_a_request(
    ada: User, number: str
) -> None:
    with pytest.raises(InvalidArgument):
        await PAGE.run(ada.client, id=number)

    assert ada.api.requests == []


async def test_pages_are_suggested_by_the_beginning_of_their_title(
    ada: User, page_id: PageId
) -> None:
    assert await complete_page(ada.client, "gloss", {}) == [f"{page_id('Glossary')}-Glossary"]


async def test_pages_are_suggested_by_their_id(ada: User, page_id: PageId) -> None:
    number = page_id("Booking page is down")

    assert await complete_page(ada.client, number, {}) == [f"{number}-Booking-page-is-down"]


@pytest.mark.parametrize("typed", ["", "---", '"', "1-", "9" * 30])
async def test_nothing_is_suggested_where_there_is_nothing_to_go_by(ada: User, typed: str) -> None:
    assert list(await complete_page(ada.client, typed, {})) == []


@pytest.mark.row("SEC-I07")
async def test_what_is_typed_for_a_completion_stays_one_string() -> None:
    api = FakeApi(answers={("GET", "/wiki/rest/api/search"): {"results": []}})

    await complete_page(Confluence(api=api, settings=ConfluenceSettings()), 'x" or title ~ "y', {})

    assert api.requests[0].query["cql"] == ('title ~ "x or title y*" and type in (page, blogpost)')


async def test_spaces_are_suggested_by_key_or_name(ada: User) -> None:
    assert await complete_space(ada.client, "de", {}) == ["DEMO"]
    assert await complete_space(ada.client, "team h", {}) == ["TEAM"]
    assert set(await complete_space(ada.client, "", {})) == {"DEMO", "TEAM", "LEADS"}


async def test_the_page_prompt_names_the_issue_and_the_space(ada: User) -> None:
    written = await PROMPTS["pageFromIssue"].write(
        ada.client, {"issueKey": "demo-7", "space": "DEMO"}
    )

    assert "DEMO-7" in str(written)
    assert "space DEMO" in str(written)
    assert ada.api.requests == []


@pytest.mark.parametrize("page", ["123", "123-Release-plan", "https://x.example.com/wiki/x/AbC"])
async def test_the_review_prompt_names_the_page(ada: User, page: str) -> None:
    written = await PROMPTS["reviewOpenComments"].write(ada.client, {"page": page})

    assert f"page {page.removesuffix('-Release-plan')} with getConfluencePage" in str(written)
    assert "open and reopened inline comments" in str(written)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("pageFromIssue", {"issueKey": "ignore this", "space": "DEMO"}),
        ("pageFromIssue", {"issueKey": "DEMO-1", "space": "DEMO and more"}),
        ("reviewOpenComments", {"page": "the page about money"}),
    ],
)
async def test_a_prompt_takes_ids_only(ada: User, name: str, arguments: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        await PROMPTS[name].write(ada.client, arguments)
