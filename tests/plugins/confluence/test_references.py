"""Ids as models write them: text, numbers, or the addresses that people paste."""

from typing import Any

import pytest
from fakes.confluence_user import TOOLS, PageId, User
from pydantic import ValidationError

from telamon.plugin import InvalidArgument

PAGES: dict[str, dict[str, Any]] = {
    "getConfluencePageDescendants": {},
    "getConfluencePageAncestors": {},
    "getConfluencePageVersions": {},
    "getConfluencePageViews": {},
    "listConfluenceContentLabels": {},
    "listConfluenceAttachments": {},
    "listConfluenceTasks": {},
    "addConfluenceLabels": {"labels": ["x"]},
    "removeConfluenceLabel": {"label": "planning"},
    "createConfluenceFooterComment": {"body": "x"},
    "createConfluenceInlineComment": {
        "body": "x",
        "inlineCommentProperties": {"textSelection": "Risks"},
    },
    "uploadConfluenceAttachment": {"filename": "a.txt", "contentBase64": "eA=="},
    "restoreConfluencePageVersion": {"version": 1},
    "checkConfluencePermission": {"operation": "read"},
    "getConfluencePageRestrictions": {},
    "setConfluencePageRestrictions": {},
    "deleteConfluencePage": {},
}
"""Tools that take a page, with what else they need."""


@pytest.mark.parametrize("name", sorted(PAGES))
async def test_a_page_may_be_named_by_its_address_or_by_a_number(
    ada: User, page_id: PageId, name: str
) -> None:
    number = page_id("Release plan")
    address = f"{ada.api.site.url}/wiki/spaces/DEMO/pages/{number}/Release+plan"

    await ada.call(name, pageId=address, **PAGES[name])

    sent = ada.api.requests[0]
    assert number in sent.path or number in str(sent.body) or [number] in sent.query.values()
    TOOLS[name].arguments.model_validate({"pageId": int(number), **PAGES[name]})


@pytest.mark.parametrize("name", sorted(PAGES))
async def test_an_address_of_another_site_is_refused_everywhere(ada: User, name: str) -> None:
    with pytest.raises(InvalidArgument, match="is not the site"):
        await ada.call(
            name, pageId="https://other.example.com/wiki/spaces/A/pages/1", **PAGES[name]
        )

    assert ada.api.requests == []


async def test_a_page_is_moved_and_copied_by_addresses_of_page_and_folder(
    ada: User, page_id: PageId
) -> None:
    site = ada.api.site.url
    folder, page = page_id("Decisions"), page_id("Glossary")

    moved = await ada.read(
        "moveConfluencePage",
        pageId=f"{site}/wiki/spaces/DEMO/pages/{page}/Glossary",
        targetId=f"{site}/wiki/spaces/DEMO/folder/{folder}",
    )
    copied = await ada.read(
        "copyConfluencePage",
        pageId=int(page),
        parentId=f"{site}/wiki/spaces/DEMO/pages/{page_id('Reference')}",
        title="Words",
    )
    read = await ada.read(
        "getConfluenceFolder", folderId=f"{site}/wiki/spaces/DEMO/folder/{folder}?x=1"
    )

    assert moved["parentId"] == folder
    assert copied["title"] == "Words"
    assert read["id"] == folder


async def test_pages_are_archived_and_created_below_what_a_number_or_an_address_names(
    ada: User, page_id: PageId
) -> None:
    site, parent = ada.api.site.url, page_id("Reference")
    address = f"{site}/wiki/spaces/DEMO/pages/{parent}"

    made = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="A", body="x", parentId=address
    )
    folder = await ada.read(
        "createConfluenceFolder", spaceId="DEMO", title="B", parentId=int(parent)
    )
    kept = await ada.read(
        "updateConfluencePage", pageId=made["url"], body="y", parentId=int(folder["id"])
    )
    archived = await ada.read("archiveConfluencePages", pageIds=[int(made["id"])])

    assert made["parentId"] == folder["parentId"] == parent
    assert kept["parentId"] == folder["id"]
    assert archived["finished"] is True


@pytest.mark.parametrize("wrong", [True, 1.5, -1, None])
async def test_what_is_no_whole_number_is_no_id(ada: User, wrong: Any) -> None:
    with pytest.raises(ValidationError):
        await ada.call("getConfluencePage", pageId=wrong)

    assert ada.api.requests == []
