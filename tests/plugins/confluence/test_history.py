import re
from collections.abc import Sequence

import pytest
from fakes.confluence_user import BEN, PageId, User
from pydantic import ValidationError

from telamon.plugin import InvalidArgument, NotFound
from telamon.plugin.testing import FakeApi, FakeCall
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools.history import compare_confluence_page_versions
from telamon_confluence.tools.trees import get_confluence_page_ancestors
from telamon_confluence.versions import missing


async def test_versions_come_newest_first_with_who_made_them(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePageVersions", pageId=page_id("Release plan"))

    assert [version["number"] for version in answer["versions"]] == [3, 2, 1]
    assert answer["versions"][0]["author"]["name"] == "Ada Example"
    assert answer["versions"][0]["message"] == "Brought up to date"
    assert answer["versions"][2]["message"] is None


async def test_the_versions_of_a_blog_post_are_listed_too(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePageVersions", pageId=page_id("The seat map is live"))

    assert [version["author"]["accountId"] for version in answer["versions"]] == [BEN.account_id]


async def test_two_versions_are_compared_line_by_line(ada: User, page_id: PageId) -> None:
    answer = await ada.read(
        "compareConfluencePageVersions",
        pageId=page_id("Release plan"),
        fromVersion=1,
        toVersion=2,
    )

    assert answer["from"]["number"] == 1
    assert answer["to"]["number"] == 2
    assert "-Ship version 2 of the booking page." in answer["diff"]
    assert "+Ship version 2 of the booking page before the summer timetable." in answer["diff"]
    assert answer["from"]["author"]["name"] == answer["to"]["author"]["name"] == "Ada Example"
    assert len(ada.api.requests) == 3


async def test_a_version_is_not_compared_with_itself(ada: User, page_id: PageId) -> None:
    with pytest.raises(InvalidArgument, match="two versions"):
        await ada.call(
            "compareConfluencePageVersions",
            pageId=page_id("Release plan"),
            fromVersion=1,
            toVersion=1,
        )

    assert ada.api.requests == []


async def test_of_a_version_that_never_was_it_is_said_which_ones_there_are(
    ada: User, page_id: PageId
) -> None:
    with pytest.raises(NotFound, match="has no version 9, only 1 to 3"):
        await ada.call(
            "compareConfluencePageVersions",
            pageId=page_id("Release plan"),
            fromVersion=1,
            toVersion=9,
        )


async def test_versions_of_a_page_that_is_not_there_are_not_compared(ada: User) -> None:
    with pytest.raises(NotFound, match="no page or blog post 1 "):
        await ada.call("compareConfluencePageVersions", pageId="1", fromVersion=1, toVersion=2)


@pytest.mark.parametrize(
    ("there", "said"),
    [([5, 3], "only 5, 3"), (range(40, 1, -1), r"only 40, 39, .*, 21, …"), ([1], "only 1")],
)
async def test_versions_with_gaps_are_named_one_by_one(there: Sequence[int], said: str) -> None:
    listed = {"results": [{"number": number} for number in there]}
    api = FakeApi(answers={("GET", "/wiki/api/v2/pages/7/versions"): listed})

    gone = await missing(Confluence(api=api, settings=ConfluenceSettings()), "7", [99])

    assert re.search(said, str(gone))


async def test_a_version_that_is_there_but_not_given_stays_not_found() -> None:
    versions = {"results": [{"number": 2}, {"number": 1}]}
    api = FakeApi(answers={("GET", "/wiki/api/v2/pages/7/versions"): versions})
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(NotFound, match="no page or blog post 7"):
        await compare_confluence_page_versions.call(
            confluence, FakeCall(), {"pageId": 7, "fromVersion": 1, "toVersion": 2}
        )


async def test_views_are_counted(ada: User, page_id: PageId) -> None:
    number = page_id("Booking page is down")

    answer = await ada.read("getConfluencePageViews", pageId=number, fromDate="2026-01-01")

    assert answer == {"id": number, "views": 310}


@pytest.mark.parametrize("day", ["2026-13-45", "2026-02-30", "20260101", "yesterday"])
async def test_views_since_a_day_that_is_none_are_refused_before_any_request(
    ada: User, day: str
) -> None:
    with pytest.raises(ValidationError):
        await ada.call("getConfluencePageViews", pageId="1", fromDate=day)

    assert ada.api.requests == []


async def test_ancestors_come_from_the_top_with_their_titles(ada: User, page_id: PageId) -> None:
    decision = page_id("Decision: one booking page")

    answer = await ada.read("getConfluencePageAncestors", pageId=decision)

    assert [(item["type"], item["title"]) for item in answer["ancestors"]] == [
        ("page", "Demo documentation"),
        ("page", "Release plan"),
        ("folder", "Decisions"),
    ]


async def test_a_folder_above_that_cannot_be_read_has_no_title() -> None:
    api = FakeApi(
        answers={
            ("GET", "/wiki/api/v2/pages/7/ancestors"): {"results": [{"id": "5", "type": "folder"}]}
        }
    )
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    answer = await get_confluence_page_ancestors.call(confluence, FakeCall(), {"pageId": "7"})

    assert answer == {"ancestors": [{"id": "5", "type": "folder", "title": None}]}


async def test_nothing_is_above_a_home_page(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePageAncestors", pageId=page_id("Demo documentation"))

    assert answer == {"ancestors": []}
    assert len(ada.api.requests) == 1


async def test_a_folder_is_read_with_what_is_in_it(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluenceFolder", folderId=page_id("Decisions"), limit=2)
    rest = await ada.read(
        "getConfluenceFolder", folderId=page_id("Decisions"), limit=2, cursor=answer["cursor"]
    )

    assert answer["title"] == "Decisions"
    assert answer["author"]["name"] == "Ada Example"
    assert [child["title"] for child in answer["children"] + rest["children"]] == [
        "Decision: one booking page",
        "Decision: cents, not euros",
        "Decision: no accounts for guests",
    ]
    assert set(answer["children"][0]) == {"id", "type", "title", "status"}


async def test_blog_posts_are_listed_newest_first(ada: User) -> None:
    everywhere = await ada.read("listConfluenceBlogPosts")
    in_space = await ada.read("listConfluenceBlogPosts", spaceId="DEMO", limit=1)
    named = await ada.read("listConfluenceBlogPosts", title="The seat map is live")

    assert [post["title"] for post in everywhere["blogPosts"]] == [
        "The seat map is live",
        "A quiet summer for the on-call team",
    ]
    assert len(in_space["blogPosts"]) == 1
    assert in_space["cursor"] is not None
    assert len(named["blogPosts"]) == 1


async def test_labels_are_listed(ada: User, page_id: PageId) -> None:
    answer = await ada.read("listConfluenceContentLabels", pageId=page_id("Release plan"))

    assert answer["labels"] == [
        {"name": "planning", "prefix": "global"},
        {"name": "release", "prefix": "global"},
    ]


async def test_templates_are_listed_by_space_and_for_the_whole_site(ada: User) -> None:
    of_space = await ada.read("listConfluenceTemplates", spaceKey="DEMO")
    of_site = await ada.read("listConfluenceTemplates")

    assert [template["name"] for template in of_space["templates"]] == ["Meeting notes"]
    assert of_space["templates"][0]["spaceKey"] == "DEMO"
    assert [template["name"] for template in of_site["templates"]] == ["Decision record"]
    assert of_site["nextStart"] is None


async def test_a_template_is_read_with_its_body(ada: User) -> None:
    [found] = (await ada.read("listConfluenceTemplates", spaceKey="DEMO"))["templates"]

    answer = await ada.read("getConfluenceTemplate", templateId=found["id"])

    assert answer["name"] == "Meeting notes"
    assert answer["body"].startswith("<h2>Who was there</h2>")


async def test_the_templates_of_a_space_that_is_invisible_are_not_found(ben: User) -> None:
    with pytest.raises(NotFound):
        await ben.call("listConfluenceTemplates", spaceKey="LEADS")
    with pytest.raises(NotFound):
        await ben.call("getConfluenceTemplate", templateId="1")
