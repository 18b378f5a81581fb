import re
from typing import Any

import pytest
from fakes.confluence_user import PageId, User
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, NotFound, ToolError
from telamon.plugin.testing import FakeApi, FakeCall
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools.pages import get_confluence_page


async def test_a_page_is_read_with_exactly_what_helps(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePage", pageId=page_id("Release plan"))

    assert [sent.method for sent in ada.api.requests] == ["GET", "POST"]
    assert set(answer) == {
        "id",
        "type",
        "subtype",
        "title",
        "status",
        "spaceId",
        "spaceKey",
        "parentId",
        "createdAt",
        "author",
        "version",
        "updatedAt",
        "updatedBy",
        "versionMessage",
        "url",
        "labels",
        "body",
    }
    assert answer["title"] == "Release plan"
    assert answer["spaceKey"] == "DEMO"
    assert answer["labels"] == ["planning", "release"]
    assert answer["version"] == 3
    assert answer["author"] == {"name": "Ada Example", "accountId": ada.api.account_id}
    number = answer["id"]
    assert answer["url"] == (
        f"https://ferry.example.com/wiki/spaces/DEMO/pages/{number}/Release+plan"
    )


async def test_who_last_changed_a_page_is_told_beside_who_began_it(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Booking page is down")
    await ada.call("updateConfluencePage", pageId=number, body="Ring.", allowLoss=True)

    answer = await ada.read("getConfluencePage", pageId=number)

    assert answer["author"]["name"] == "Ben Example"
    assert answer["updatedBy"]["name"] == "Ada Example"
    assert answer["createdAt"] < answer["updatedAt"]


async def test_dates_and_lozenges_of_the_demo_read_short(ada: User, page_id: PageId) -> None:
    body = (await ada.read("getConfluencePage", pageId=page_id("Release plan")))["body"]

    assert re.search(r":date\[[0-9]{4}-[0-9]{2}-[0-9]{2}\](?!\{)", body)
    assert "style" not in body


async def test_the_body_is_markdown(ada: User, page_id: PageId) -> None:
    body = (await ada.read("getConfluencePage", pageId=page_id("Release plan")))["body"]

    assert "## Goals" in body
    assert "**version 2**" in body
    assert "| Milestone" in body


async def test_the_body_may_be_adf_or_storage(ada: User, page_id: PageId) -> None:
    number = page_id("Release plan")

    adf = await ada.read("getConfluencePage", pageId=number, contentFormat="adf")
    storage = await ada.read("getConfluencePage", pageId=number, contentFormat="storage")

    assert adf["body"]["type"] == "doc"
    assert '<ac:structured-macro ac:name="jira" ac:macro-id="jira-plan">' in storage["body"]
    assert "<strong>version 2</strong>" in storage["body"]


async def test_a_blog_post_is_read_by_its_id_too(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePage", pageId=page_id("The seat map is live"))

    assert answer["type"] == "blogpost"
    assert "choose their seats" in answer["body"]
    assert "/blog/" in answer["url"]


async def test_a_page_is_read_by_its_address(ada: User, page_id: PageId) -> None:
    number = page_id("Roadmap")
    address = f"https://ferry.example.com/wiki/spaces/DEMO/pages/{number}/Roadmap"

    answer = await ada.read("getConfluencePage", pageId=address)

    assert answer["id"] == number


async def test_an_address_of_another_site_is_refused_before_any_request(ada: User) -> None:
    with pytest.raises(InvalidArgument, match=r"other\.example\.com is not the site"):
        await ada.call(
            "getConfluencePage", pageId="https://other.example.com/wiki/spaces/DEMO/pages/1/x"
        )

    assert ada.api.requests == []


async def test_an_address_that_names_no_page_is_refused_before_any_request(ada: User) -> None:
    with pytest.raises(InvalidArgument, match="names no page"):
        await ada.call("getConfluencePage", pageId="https://ferry.example.com/wiki/home")

    assert ada.api.requests == []


@pytest.mark.row("SEC-I02")
@pytest.mark.parametrize(
    "page_id",
    ["../../user", "1/../2", "1?x=", "1#", "%2e%2e%2f", "1\0", "1\n", "", "-1", "1" * 20, "\u0661"],
)
async def test_an_id_that_is_no_number_never_reaches_a_request(ada: User, page_id: str) -> None:
    with pytest.raises((ValidationError, ToolError)):
        await ada.call("getConfluencePage", pageId=page_id)

    assert ada.api.requests == []


@pytest.mark.parametrize("title", ["Budget", "Salary bands"])
async def test_what_somebody_may_not_see_is_not_found_for_them(
    ben: User, page_id: PageId, title: str
) -> None:
    with pytest.raises(NotFound, match="may not see it; searchConfluenceUsingCql"):
        await ben.call("getConfluencePage", pageId=page_id(title))


async def test_other_errors_pass_through(ada: User) -> None:
    api = FakeApi(answers={("GET", "/wiki/api/v2/pages/7"): Forbidden("Blocked by policy.")})
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(Forbidden, match="Blocked by policy"):
        await get_confluence_page.call(confluence, FakeCall(), {"pageId": "7"})


async def test_a_body_that_is_no_document_is_said_so(ada: User) -> None:
    broken = {"id": "7", "body": {"atlas_doc_format": {"value": "[oops"}}}
    api = FakeApi(answers={("GET", "/wiki/api/v2/pages/7"): broken})
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(ToolError, match="cannot be read"):
        await get_confluence_page.call(confluence, FakeCall(), {"pageId": "7"})


async def test_a_page_without_a_body_is_empty(ada: User) -> None:
    api = FakeApi(answers={("GET", "/wiki/api/v2/pages/7"): {"id": "7", "title": "Empty"}})
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    answer: Any = await get_confluence_page.call(confluence, FakeCall(), {"pageId": "7"})

    assert answer["body"] == ""
    assert answer["url"] is None


async def test_the_pages_of_a_space_are_listed_by_key_or_id(ada: User) -> None:
    by_key = await ada.read("getPagesInConfluenceSpace", spaceId="TEAM", sort="title")
    by_id = await ada.read("getPagesInConfluenceSpace", spaceId=by_key["spaceId"], sort="title")

    assert [page["title"] for page in by_key["pages"]] == [
        "Holidays",
        "Meetings",
        "Salary bands",
        "Team handbook",
        "Working hours",
        "Your first week",
    ]
    assert by_id == by_key
    assert "body" not in by_key["pages"][0]
    assert len(ada.api.requests) == 3


async def test_a_space_that_is_not_there_is_named(ada: User) -> None:
    with pytest.raises(NotFound, match="no space with the key NOPE"):
        await ada.call("getPagesInConfluenceSpace", spaceId="NOPE")


async def test_pages_are_listed_page_by_page(ada: User) -> None:
    titles: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        answer = await ada.read("getPagesInConfluenceSpace", spaceId="DEMO", limit=4, **cursor)
        titles += [page["title"] for page in answer["pages"]]
        if answer["cursor"] is None:
            break
        cursor = {"cursor": answer["cursor"]}

    assert len(titles) == len(set(titles)) > 12


async def test_pages_are_found_by_exact_title_and_at_the_root(ada: User) -> None:
    named = await ada.read("getPagesInConfluenceSpace", spaceId="DEMO", title="Roadmap")
    root = await ada.read("getPagesInConfluenceSpace", spaceId="DEMO", depth="root", sort="title")

    assert [page["title"] for page in named["pages"]] == ["Roadmap"]
    assert [page["title"] for page in root["pages"]] == [
        "Demo documentation",
        "Reference",
        "Release plan",
        "Runbooks",
    ]


async def test_pages_are_listed_by_subtype_and_status(ada: User) -> None:
    await ada.call(
        "createConfluencePage", spaceId="DEMO", title="Scratch", body="x", subtype="live"
    )

    live = await ada.read("getPagesInConfluenceSpace", spaceId="DEMO", subtype="live")
    trash = await ada.read("getPagesInConfluenceSpace", spaceId="DEMO", status="trashed")

    assert [page["title"] for page in live["pages"]] == ["Scratch"]
    assert trash["pages"] == []


async def test_subtype_and_root_exclude_each_other(ada: User) -> None:
    with pytest.raises(InvalidArgument, match="leave out depth or subtype"):
        await ada.call("getPagesInConfluenceSpace", spaceId="DEMO", subtype="live", depth="root")

    assert ada.api.requests == []


@pytest.mark.parametrize("space_id", ["a/b", "", "a b", "K?x=1", "~a/../b"])
async def test_a_strange_space_key_never_reaches_a_request(ada: User, space_id: str) -> None:
    with pytest.raises(ValidationError):
        await ada.call("getPagesInConfluenceSpace", spaceId=space_id)

    assert ada.api.requests == []


async def test_what_is_below_a_page_is_listed_to_the_depth_asked_for(
    ada: User, page_id: PageId
) -> None:
    plan = page_id("Release plan")

    near = await ada.read("getConfluencePageDescendants", pageId=plan, depth=1)
    far = await ada.read("getConfluencePageDescendants", pageId=plan)

    assert [(d["title"], d["type"]) for d in near["descendants"]] == [
        ("Roadmap", "page"),
        ("Decisions", "folder"),
    ]
    assert len(far["descendants"]) == 5
    assert {d["depth"] for d in far["descendants"]} == {1, 2}


async def test_what_somebody_may_not_see_is_left_out_of_the_tree(
    ada: User, ben: User, page_id: PageId
) -> None:
    home = page_id("Team handbook")

    all_of_it = await ada.read("getConfluencePageDescendants", pageId=home)
    without = await ben.read("getConfluencePageDescendants", pageId=home)

    assert len(all_of_it["descendants"]) == len(without["descendants"]) + 1


async def test_nothing_is_below_a_blog_post(ada: User, page_id: PageId) -> None:
    with pytest.raises(NotFound, match="Blog posts have nothing below them"):
        await ada.call("getConfluencePageDescendants", pageId=page_id("The seat map is live"))
