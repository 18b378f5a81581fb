from typing import Any

import pytest
from fakes.confluence_user import PageId, User
from pydantic import ValidationError

from telamon.plugin import Ari, InvalidArgument, NotFound, Rejected
from telamon.plugin.testing import FakeApi
from telamon_confluence import register_product
from telamon_confluence.client import Confluence
from telamon_confluence.cql import quoted, words
from telamon_confluence.found import result, without_noise
from telamon_confluence.settings import ConfluenceSettings

PRODUCT = register_product()


async def test_cql_finds_pages_with_plain_titles_and_excerpts(ada: User, page_id: PageId) -> None:
    answer = await ada.read("searchConfluenceUsingCql", cql='type = page and text ~ "refunds"')

    first = answer["results"][0]
    assert first["id"] == page_id("Refunds are stuck")
    assert first["title"] == "Refunds are stuck"
    assert first["type"] == "page"
    assert first["space"] == "Demo documentation"
    assert first["spaceKey"] == "DEMO"
    assert "@@@" not in str(answer)
    assert first["url"].startswith("https://ferry.example.com/wiki/spaces/DEMO/pages/")
    assert answer["totalSize"] == len(answer["results"])


@pytest.mark.parametrize(
    ("cql", "page"),
    [
        ('type = attachment and title ~ "fares"', "Fares"),
        ('type = comment and text ~ "invoice"', "Release plan"),
        ('type = comment and text ~ "done"', "The seat map is live"),
    ],
)
async def test_a_file_or_comment_is_found_with_the_page_and_space_it_is_in(
    ada: User, page_id: PageId, cql: str, page: str
) -> None:
    [found] = (await ada.read("searchConfluenceUsingCql", cql=cql))["results"]
    [place] = (await ada.read("searchConfluenceUsingCql", cql=f'title = "{page}"'))["results"]

    assert found["pageId"] == page_id(page)
    assert found["spaceKey"] == "DEMO"
    assert place["pageId"] is None


def test_the_container_that_a_result_names_says_the_page_where_its_address_does_not() -> None:
    item = {
        "content": {"id": "att1", "type": "attachment"},
        "url": "/download/1",
        "resultParentContainer": {"title": "P", "displayUrl": "/spaces/DEMO/pages/7/P"},
        "resultGlobalContainer": {"title": "Demo", "displayUrl": "/display/DEMO"},
    }

    found = result(Confluence(api=FakeApi(), settings=ConfluenceSettings()), item)

    assert (found["pageId"], found["spaceKey"]) == ("7", "DEMO")


async def test_the_query_is_passed_as_it_is_in_one_request(ada: User) -> None:
    cql = 'title ~ "release" ORDER BY created DESC'

    await ada.call("searchConfluenceUsingCql", cql=cql)

    [sent] = ada.api.requests
    assert sent.query["cql"] == [cql]


async def test_results_are_paged_by_cursor(ada: User) -> None:
    titles: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        answer = await ada.read(
            "searchConfluenceUsingCql", cql="type = page order by title", limit=5, **cursor
        )
        titles += [result["title"] for result in answer["results"]]
        if answer["cursor"] is None:
            break
        cursor = {"cursor": answer["cursor"]}

    assert titles == sorted(titles, key=str.casefold)
    assert len(titles) == answer["totalSize"] > 20


async def test_somebody_finds_only_what_they_may_see(ada: User, ben: User) -> None:
    cql = 'title = "Budget" or title = "Salary bands"'

    everything = await ada.read("searchConfluenceUsingCql", cql=cql)
    nothing = await ben.read("searchConfluenceUsingCql", cql=cql)

    assert len(everything["results"]) == 2
    assert nothing["results"] == []


async def test_what_expand_brought_is_given_without_noise(ada: User) -> None:
    plain = await ada.read("searchConfluenceUsingCql", cql="title = Roadmap")
    expanded = await ada.read(
        "searchConfluenceUsingCql", cql="title = Roadmap", expand="content.version"
    )

    assert "expanded" not in plain["results"][0]
    assert set(expanded["results"][0]["expanded"]) == {"id", "type", "status", "title"}


async def test_a_query_that_is_no_cql_is_confluences_error(ada: User) -> None:
    with pytest.raises(Rejected, match="Could not parse cql"):
        await ada.call("searchConfluenceUsingCql", cql="title ~")


@pytest.mark.row("SEC-I08")
async def test_a_query_that_is_too_long_never_reaches_a_request(ada: User) -> None:
    with pytest.raises(ValidationError):
        await ada.call("searchConfluenceUsingCql", cql="x" * 4001)

    assert ada.api.requests == []


async def test_search_gives_hits_with_aris_and_addresses(ada: User, page_id: PageId) -> None:
    assert PRODUCT.search is not None

    found = await PRODUCT.search.run(ada.client, "seat map", 10)

    assert {hit.kind for hit in found} == {"page", "blogpost"}
    post = next(hit for hit in found if hit.kind == "blogpost")
    assert post.title == "The seat map is live"
    assert post.ari == (
        f"ari:cloud:confluence:{ada.api.site.cloud_id}:blogpost/{page_id(post.title)}"
    )
    assert post.url.startswith("https://ferry.example.com/wiki/")


@pytest.mark.row("SEC-I07")
@pytest.mark.parametrize(
    "typed",
    [
        'seat" or space = LEADS or title ~ "budget',
        "seat map\\",
        'seat\\" map',
        "seat AND map",
        "+seat -map",
        "seat* (map)",
        "\u201cseat map\u201d",
        "seat\x00map\u202e",
    ],
)
async def test_what_is_typed_is_searched_for_and_never_obeyed(typed: str) -> None:
    api = FakeApi(answers={("GET", "/wiki/rest/api/search"): {"results": []}})
    assert PRODUCT.search is not None

    await PRODUCT.search.run(Confluence(api=api, settings=ConfluenceSettings()), typed, 10)

    cql = str(api.requests[0].query["cql"])
    head, _, rest = cql.partition('"')
    inside, _, tail = rest.rpartition('"')
    assert head == "siteSearch ~ "
    assert tail == " and type in (page, blogpost)"
    assert not set(inside) & set('"\\+-*()&|!\x00\u202e')
    assert " AND " not in inside


async def test_a_search_without_a_word_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="no word"):
        words('"()*"')


def test_quotes_and_backslashes_are_escaped() -> None:
    assert quoted('a "b" \\ c\n') == '"a \\"b\\" \\\\ c "'


async def test_hits_without_content_or_with_a_foreign_address_are_left_out() -> None:
    api = FakeApi(
        answers={
            ("GET", "/wiki/rest/api/search"): {
                "results": [
                    {"title": "no content", "url": "/spaces/X"},
                    {"content": {"id": "1", "type": "page"}, "url": "https://evil.example.com/"},
                    {"content": {"id": "2", "type": "page"}, "url": "//evil.example.com/"},
                    {"content": {"id": "3", "type": "page"}, "url": "/spaces/X/pages/3/T"},
                ]
            }
        }
    )
    assert PRODUCT.search is not None

    found = await PRODUCT.search.run(Confluence(api=api, settings=ConfluenceSettings()), "x", 10)

    assert [hit.ari.rpartition("/")[2] for hit in found] == ["3"]


async def test_a_page_is_fetched_by_its_ari(ada: User, page_id: PageId) -> None:
    assert PRODUCT.fetch is not None
    number = page_id("Fares")
    item = Ari(product="confluence", cloud_id=ada.api.site.cloud_id, kind="page", id=number)

    assert PRODUCT.fetch.claims(item)
    answer: Any = await PRODUCT.fetch.run(ada.client, item)

    assert answer["title"] == "Fares"
    assert "North Pier" in answer["body"]


async def test_an_ari_of_another_site_is_not_found(ada: User) -> None:
    assert PRODUCT.fetch is not None
    item = Ari(product="confluence", cloud_id="elsewhere", kind="page", id="1")

    with pytest.raises(NotFound, match="not of Ferry"):
        await PRODUCT.fetch.run(ada.client, item)
    assert ada.api.requests == []


async def test_a_page_is_fetched_by_every_form_of_its_address(ada: User, page_id: PageId) -> None:
    assert PRODUCT.fetch is not None
    number = page_id("Fares")
    tiny = next(
        item["_links"]["tinyui"]
        for item in [await ada.api.get("/wiki/api/v2/pages/{id}", id=number)]
    )
    for address in (
        f"/wiki/spaces/DEMO/pages/{number}/Fares",
        f"/wiki/spaces/DEMO/pages/{number}",
        f"/wiki/spaces/DEMO/pages/edit-v2/{number}",
        f"/wiki/pages/viewpage.action?pageId={number}",
        f"/wiki{tiny}",
    ):
        assert PRODUCT.fetch.claims(address)
        answer: Any = await PRODUCT.fetch.run(ada.client, address)
        assert answer["title"] == "Fares"


@pytest.mark.parametrize(
    "item", ["/browse/DEMO-1", "/wikis/x", Ari(product="jira", cloud_id="c", kind="page", id="1")]
)
def test_what_is_not_of_confluence_is_not_claimed(item: Any) -> None:
    assert PRODUCT.fetch is not None

    assert not PRODUCT.fetch.claims(item)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("/wiki/home", "names no page"),
        ("/wiki", "names no page"),
        ("/wiki/x/", "names no page"),
        ("/wiki/x/AAAA", "names no page"),
        ("/wiki/x/A", "names no page"),
        ("/wiki/pages/viewpage.action", "names no page"),
        ("/wiki/pages/viewpage.action?pageId=1&pageId=2", "names no page"),
        ("/wiki/pages/viewpage.action?pageId=../1", "names no page"),
        ("/wiki/spaces/DEMO", "the space DEMO: getConfluenceSpace reads it"),
        ("/wiki/spaces/~5b1/overview?homepageId=7", "the space ~5b1: getConfluenceSpace"),
        ("/wiki/display/DEMO", "the space DEMO: getConfluenceSpace"),
        ("/wiki/spaces/viewspace.action?key=DEMO", "the space DEMO: getConfluenceSpace"),
        ("/wiki/display/DEMO/Release+plan", "spaceId DEMO and title Release plan"),
        ("/wiki/spaces/DEMO/pages/abc/T", "the space DEMO"),
        ("/wiki/spaces/DEMO/blog", "listConfluenceBlogPosts with spaceId DEMO"),
        ("/wiki/spaces/DEMO/blog/2026/03", "listConfluenceBlogPosts with spaceId DEMO"),
        ("/wiki/spaces/DEMO/folder/77?x=1", "getConfluenceFolder reads 77"),
        ("/wiki/spaces/DEMO/whiteboard/7/Ideas", "a whiteboard, which can be opened in a browser"),
        ("/wiki/download/attachments/7/a.png?version=1", "listConfluenceAttachments of page 7"),
        ("ari space 1", "getConfluenceSpace reads it"),
        ("ari folder 1", "getConfluenceFolder reads it"),
        ("ari whiteboard 1", "open it in a browser"),
        ("ari page 1/../2", "names no page"),
    ],
)
async def test_what_is_no_page_is_refused_with_what_reads_it(
    ada: User, item: str, said: str
) -> None:
    assert PRODUCT.fetch is not None
    asked: Ari | str = item
    if item.startswith("ari "):
        _, kind, number = item.split()
        asked = Ari(product="confluence", cloud_id=ada.api.site.cloud_id, kind=kind, id=number)

    assert PRODUCT.fetch.claims(asked)
    with pytest.raises(InvalidArgument, match=said):
        await PRODUCT.fetch.run(ada.client, asked)
    if isinstance(asked, str):
        with pytest.raises((InvalidArgument, ValidationError)):
            await ada.call("getConfluencePage", pageId=ada.api.site.url + item)

    assert ada.api.requests == []


def test_noise_is_taken_out_of_whatever_was_expanded() -> None:
    expanded = {
        "id": "1",
        "_links": {"self": "x"},
        "history": {"createdBy": {"displayName": "Ada", "profilePicture": {}}, "empty": []},
        "ancestors": [{"id": "2", "_expandable": {}, "title": None}],
    }

    assert without_noise(expanded) == {
        "id": "1",
        "history": {"createdBy": {"displayName": "Ada"}},
        "ancestors": [{"id": "2"}],
    }
