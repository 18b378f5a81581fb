import base64
from typing import Any

import pytest
from fakes.confluence_user import ADA, BEN, PageId, User
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, NotFound, TooLarge
from telamon.plugin.testing import FakeApi, FakeCall
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools.restrictions import get_confluence_page_restrictions


async def test_a_deleted_page_is_in_the_trash_and_can_come_back(ada: User, page_id: PageId) -> None:
    number = page_id("Glossary")

    answer = await ada.read("deleteConfluencePage", pageId=number)
    trash = await ada.read("getPagesInConfluenceSpace", spaceId="DEMO", status="trashed")

    assert answer == {"id": number, "deleted": True}
    assert [page["id"] for page in trash["pages"]] == [number]
    with pytest.raises(NotFound):
        await ada.call("getConfluencePage", pageId=number)


async def test_a_blog_post_and_a_draft_are_deleted_too(ada: User, page_id: PageId) -> None:
    post = page_id("The seat map is live")
    draft = await ada.read("createConfluencePage", spaceId="DEMO", body="x", status="draft")

    await ada.call("deleteConfluencePage", pageId=post, contentType="blogpost")
    await ada.call("deleteConfluencePage", pageId=draft["id"], draft=True)

    for number in (post, draft["id"]):
        with pytest.raises(NotFound):
            await ada.call("getConfluencePage", pageId=number)


async def test_the_wrong_kind_of_content_is_not_deleted(ada: User, page_id: PageId) -> None:
    with pytest.raises(NotFound, match="contentType says"):
        await ada.call("deleteConfluencePage", pageId=page_id("The seat map is live"))


async def test_somebody_who_may_only_read_cannot_delete(ben: User, page_id: PageId) -> None:
    with pytest.raises(Forbidden):
        await ben.call("deleteConfluencePage", pageId=page_id("Holidays"))


async def test_a_deleted_file_is_no_longer_listed(ada: User, page_id: PageId) -> None:
    number = page_id("Fares")
    [file] = (await ada.read("listConfluenceAttachments", pageId=number))["attachments"]

    await ada.call("deleteConfluenceAttachment", attachmentId=file["id"])

    assert (await ada.read("listConfluenceAttachments", pageId=number))["attachments"] == []


async def test_a_deleted_comment_takes_its_replies_along(ada: User, page_id: PageId) -> None:
    plan = page_id("Release plan")
    top = (await ada.read("getConfluencePageFooterComments", pageId=plan))["comments"][0]

    await ada.call("deleteConfluenceComment", commentId=top["id"], commentType="footer")

    with pytest.raises(NotFound):
        await ada.call("getConfluenceCommentChildren", commentId=top["id"], commentType="footer")


async def test_a_file_is_attached_and_replaced_by_name(ada: User, page_id: PageId) -> None:
    number = page_id("Glossary")
    upload = {"pageId": number, "filename": "words.csv", "mediaType": "text/csv"}

    first = await ada.read(
        "uploadConfluenceAttachment",
        contentBase64=base64.b64encode(b"berth").decode(),
        comment="First",
        **upload,
    )
    second = await ada.read(
        "uploadConfluenceAttachment", contentBase64=base64.b64encode(b"quay").decode(), **upload
    )
    [file] = (await ada.read("listConfluenceAttachments", pageId=number))["attachments"]

    assert first["attachments"][0]["size"] == 5
    assert second["attachments"][0]["version"] == 2
    assert file["id"] == first["attachments"][0]["id"]
    assert ada.api.requests[0].fields == {"minorEdit": "true", "comment": "First"}


@pytest.mark.row("SEC-I11")
async def test_the_name_of_an_attached_file_is_cleaned(ada: User, page_id: PageId) -> None:
    answer = await ada.read(
        "uploadConfluenceAttachment",
        pageId=page_id("Glossary"),
        filename="../../a\r\nb.txt",
        contentBase64="",
    )

    assert answer["attachments"][0]["filename"] == "_ab.txt"


@pytest.mark.parametrize(
    ("content", "error"),
    [("not base64!", InvalidArgument), ("A" * 64, TooLarge), ("QUFBQUFBQUFBQUE=", TooLarge)],
)
async def test_content_that_is_no_base64_or_over_the_cap_never_reaches_a_request(
    ada: User, content: str, error: type[Exception]
) -> None:
    ada.settings = ConfluenceSettings(attachment_upload_limit=10)

    with pytest.raises(error):
        await ada.call(
            "uploadConfluenceAttachment", pageId="1", filename="a.bin", contentBase64=content
        )

    assert ada.api.requests == []


@pytest.mark.row("SEC-I04")
async def test_a_media_type_with_a_line_break_never_reaches_a_request(ada: User) -> None:
    with pytest.raises(ValidationError):
        await ada.call(
            "uploadConfluenceAttachment",
            pageId="1",
            filename="a",
            contentBase64="",
            mediaType="text/plain\r\nX: 1",
        )

    assert ada.api.requests == []


async def test_a_space_is_read_by_key_with_its_labels(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluenceSpace", spaceId="DEMO")

    assert answer["name"] == "Demo documentation"
    assert answer["homepageId"] == page_id("Demo documentation")
    assert answer["labels"] == ["product"]
    assert answer["description"] == "How the ferry booking service works."


async def test_the_permissions_of_a_space_are_listed_by_person(ada: User) -> None:
    answer = await ada.read("getConfluenceSpacePermissions", spaceId="TEAM")

    may = {each["name"]: each["may"] for each in answer["permissions"]}
    assert "create page" in may["Ada Example"]
    assert "create page" not in may["Ben Example"]
    assert "read page" in may["Ben Example"]


async def test_people_are_looked_up_by_name(ada: User) -> None:
    answer = await ada.read("lookupConfluenceUser", query='Ben" or user = "x')
    ben = await ada.read("lookupConfluenceUser", query="ben")

    assert answer["people"] == []
    assert ben["people"] == [
        {
            "name": "Ben Example",
            "accountId": BEN.account_id,
            "email": "ben@example.com",
            "status": "active",
        }
    ]


async def test_permissions_are_checked_for_oneself_and_for_others(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Holidays")

    mine = await ada.read("checkConfluencePermission", pageId=number, operation="update")
    his = await ada.read(
        "checkConfluencePermission",
        pageId=number,
        operation="update",
        accountId=BEN.account_id,
    )

    assert mine["hasPermission"] is True
    assert his["hasPermission"] is False
    assert his["reasons"] == ["The user has no permission."]


async def test_restrictions_are_listed_by_right(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePageRestrictions", pageId=page_id("Salary bands"))
    nothing = await ada.read("getConfluencePageRestrictions", pageId=page_id("Holidays"))

    assert answer["restrictions"] == {
        "read": {
            "users": [{"name": "Ada Example", "accountId": ADA.account_id}],
            "groups": None,
        }
    }
    assert nothing["restrictions"] == {}


async def test_nobody_locks_themselves_out(ada: User, ben: User, page_id: PageId) -> None:
    number = page_id("Glossary")

    answer = await ada.read(
        "setConfluencePageRestrictions", pageId=number, updateUsers=[BEN.account_id]
    )

    assert {user["name"] for user in answer["restrictions"]["update"]["users"]} == {
        "Ada Example",
        "Ben Example",
    }
    assert "read" not in answer["restrictions"]
    assert (await ben.read("getConfluencePage", pageId=number))["title"] == "Glossary"


async def test_a_restricted_page_is_hidden_from_others_until_it_is_freed(
    ada: User, ben: User, page_id: PageId
) -> None:
    number = page_id("Glossary")

    await ada.call("setConfluencePageRestrictions", pageId=number, readUsers=[ada.api.account_id])
    with pytest.raises(NotFound):
        await ben.call("getConfluencePage", pageId=number)
    freed = await ada.read("setConfluencePageRestrictions", pageId=number)

    assert freed["restrictions"] == {}
    assert (await ben.read("getConfluencePage", pageId=number))["title"] == "Glossary"


async def test_groups_are_sent_by_id(ada: User, page_id: PageId) -> None:
    with pytest.raises(Exception, match="no groups"):
        await ada.call(
            "setConfluencePageRestrictions", pageId=page_id("Glossary"), readGroups=["g-1"]
        )

    assert ada.api.requests[0].body["results"][0]["restrictions"] == {
        "user": [{"type": "known", "accountId": ada.api.account_id}],
        "group": [{"type": "group", "id": "g-1"}],
    }


async def test_only_those_who_may_change_a_page_restrict_it(ben: User, page_id: PageId) -> None:
    with pytest.raises(Forbidden):
        await ben.call(
            "setConfluencePageRestrictions",
            pageId=page_id("Holidays"),
            readUsers=[BEN.account_id],
        )


async def test_groups_that_alone_may_see_a_page_are_listed() -> None:
    group = {"name": "leads", "id": "g-1"}
    rule = {"operation": "read", "restrictions": {"group": {"results": [group]}}}
    path = "/wiki/rest/api/content/7/restriction"
    api = FakeApi(answers={("GET", path): {"results": [rule]}})
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    answer: Any = await get_confluence_page_restrictions.call(
        confluence, FakeCall(), {"pageId": "7"}
    )

    assert answer["restrictions"] == {"read": {"users": None, "groups": [group]}}
