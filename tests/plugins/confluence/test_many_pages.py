"""Long work: what is reported as done is done, page by page."""

from typing import Any

import pytest
from fakes.confluence_user import PageId, User

from telamon.plugin import Rejected
from telamon.plugin.testing import FakeApi, FakeCall, InTurn

ARCHIVE = ("POST", "/wiki/rest/api/content/archive")
COPY = ("POST", "/wiki/rest/api/content/1/pagehierarchy/copy")
TASK = ("GET", "/wiki/rest/api/longtask/t")
PAGES = ("GET", "/wiki/api/v2/pages")
DONE = {"id": "t", "percentageComplete": 100, "finished": True, "successful": True}
FAILED = {
    **DONE,
    "successful": False,
    "percentageComplete": 50,
    "errors": [{"translation": "No permission for 2"}],
}
WAITING = {"id": "t", "percentageComplete": 10, "finished": False}


def user(answers: dict[Any, Any]) -> User:
    return User(api=FakeApi(answers=answers))  # type: ignore[arg-type]  # a User asks any Api


async def archive(who: User, *pages: str) -> dict[str, Any]:
    return await who.read("archiveConfluencePages", pageIds=list(pages))


def page(number: str, status: str) -> dict[str, Any]:
    return {"id": number, "title": f"Page {number}", "status": status}


async def test_each_archived_page_is_named_in_the_order_given(ada: User, page_id: PageId) -> None:
    first, second = page_id("Booking states"), page_id("Glossary")

    answer = await archive(ada, second, first, second)

    assert answer["finished"] is True
    assert answer["pages"] == [
        {"id": second, "title": "Glossary", "archived": True},
        {"id": first, "title": "Booking states", "archived": True},
    ]
    assert ada.progress.reported == [(50, 100, None), (100, 100, None)]
    assert ada.api.requests[0].body == {"pages": [{"id": int(second)}, {"id": int(first)}]}


async def test_one_page_may_be_named_without_a_list(ada: User, page_id: PageId) -> None:
    number = page_id("Booking states")

    answer = await ada.read("archiveConfluencePages", pageIds=number)

    assert [each["archived"] for each in answer["pages"]] == [True]


async def test_of_work_that_failed_half_way_it_is_said_what_is_done_and_what_not() -> None:
    stands = {"results": [page("1", "archived"), page("2", "current")]}

    answer = await archive(user({ARCHIVE: {"id": "t"}, TASK: FAILED, PAGES: stands}), "1", "2", "3")

    assert "No permission for 2" in answer["problem"]
    assert [each["archived"] for each in answer["pages"]] == [True, False, False]
    assert answer["pages"][2]["title"] is None


async def test_work_that_failed_altogether_is_an_error() -> None:
    stands = {"results": [page("1", "current")]}

    with pytest.raises(Rejected, match="No permission for 2"):
        await archive(user({ARCHIVE: {"id": "t"}, TASK: FAILED, PAGES: stands}), "1")


async def test_work_that_goes_on_is_not_reported_as_done() -> None:
    stands = {"results": [page("1", "current")]}

    answer = await archive(user({ARCHIVE: {"id": "t"}, TASK: WAITING, PAGES: stands}), "1")

    assert answer["finished"] is False
    assert "goes on" in answer["note"]
    assert answer["pages"] == [{"id": "1", "title": "Page 1", "archived": False}]


async def copied(answers: dict[Any, Any]) -> dict[str, Any]:
    return await user({COPY: {"id": "t"}, **answers}).read(
        "copyConfluencePage", pageId="1", parentId="2", withDescendants=True
    )


async def test_a_copy_that_goes_on_is_not_reported_as_done() -> None:
    answer = await copied({TASK: WAITING})

    assert answer["finished"] is False
    assert "id" not in answer


@pytest.mark.parametrize(
    ("total", "more", "said"),
    [
        ("4", None, "2 of 4 pages are there so far"),
        ("2", None, None),
        (None, None, None),
        (
            "4",
            "/wiki/api/v2/pages/8/descendants?cursor=x",
            "getConfluencePageDescendants lists all",
        ),
    ],
)
async def test_the_pages_of_a_copied_tree_are_counted(
    total: str | None, more: str | None, said: str | None
) -> None:
    details = {"destinationId": "8", "totalPageNeedToCopy": total}
    answer = await copied(
        {
            TASK: InTurn(WAITING, {**DONE, "additionalDetails": details}),
            ("GET", "/wiki/api/v2/pages/8"): {"id": "8", "title": "Top", "parentId": "2"},
            ("GET", "/wiki/api/v2/pages/8/descendants"): {
                "results": [
                    {"id": "9", "title": "Below", "type": "page"},
                    {"id": "10", "title": "Drawer", "type": "folder"},
                ],
                "_links": {"next": more} if more else {},
            },
        }
    )

    assert (answer["id"], answer["title"]) == ("8", "Top")
    assert answer["pagesBelow"] == [{"id": "9", "title": "Below"}]
    assert (answer["note"] is None) if said is None else (said in answer["note"])


async def test_long_work_reports_progress_to_whoever_called() -> None:
    call = FakeCall()
    who = user({COPY: {"id": "t"}, TASK: InTurn(WAITING, DONE)})
    who.progress = call

    await who.call("copyConfluencePage", pageId="1", parentId="2", withDescendants=True)

    assert [done for done, _, _ in call.reported] == [10, 100]
