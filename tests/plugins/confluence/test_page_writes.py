import json
from typing import Any

import pytest
from fakes.confluence_user import PageId, User
from pydantic import ValidationError

from telamon.plugin import Conflict, Forbidden, InvalidArgument, NotFound, Rejected, Unavailable
from telamon.plugin.testing import FakeApi, FakeCall, InTurn
from telamon_confluence.client import Confluence
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools.page_writes import create_confluence_page, update_confluence_page


async def test_a_page_is_created_below_the_home_page_of_its_space(
    ada: User, page_id: PageId
) -> None:
    made = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="Lost property", body="# Rules\n\nAsk first."
    )
    read = await ada.read("getConfluencePage", pageId=made["id"])

    assert read["title"] == "Lost property"
    assert read["parentId"] == page_id("Demo documentation")
    assert read["version"] == 1
    assert read["body"].split() == ["#", "Rules", "Ask", "first."]
    assert "body" not in made
    assert made["author"]["name"] == made["updatedBy"]["name"] == "Ada Example"


async def test_a_page_that_was_created_is_told_even_if_its_authors_name_is_not() -> None:
    made = {"id": "8", "title": "T", "authorId": "account-ada", "version": {"number": 1}}
    api = FakeApi(
        answers={
            ("POST", "/wiki/api/v2/pages"): made,
            ("POST", "/wiki/api/v2/users-bulk"): Unavailable("Try later."),
        }
    )
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    answer = await create_confluence_page.call(
        confluence, FakeCall(), {"spaceId": 1, "title": "T", "body": "x"}
    )

    assert isinstance(answer, dict)
    assert answer["id"] == "8"
    assert answer["author"] == {"name": None, "accountId": "account-ada"}


async def test_the_body_is_sent_as_an_adf_document(ada: User) -> None:
    space = (await ada.read("getConfluenceSpaces", keys="DEMO"))["spaces"][0]["id"]
    ada.api.requests.clear()

    await ada.call("createConfluencePage", spaceId=space, title="One", body="Hello **you**")

    sent, _ = ada.api.requests
    assert (sent.method, sent.path) == ("POST", "/wiki/api/v2/pages")
    assert sent.query == {}
    assert sent.body["spaceId"] == space
    assert sent.body["body"]["representation"] == "atlas_doc_format"
    assert json.loads(sent.body["body"]["value"])["type"] == "doc"
    assert "parentId" not in sent.body


async def test_a_page_is_created_below_the_parent_that_was_named(
    ada: User, page_id: PageId
) -> None:
    made = await ada.read(
        "createConfluencePage",
        spaceId="DEMO",
        title="Child",
        body="x",
        parentId=page_id("Runbooks"),
    )

    assert made["parentId"] == page_id("Runbooks")


async def test_a_private_page_is_invisible_to_others(ada: User, ben: User) -> None:
    made = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="Mine", body="x", isPrivate=True
    )

    assert (await ada.read("getConfluencePage", pageId=made["id"]))["title"] == "Mine"
    with pytest.raises(NotFound):
        await ben.call("getConfluencePage", pageId=made["id"])


async def test_live_docs_and_blog_posts_are_created_too(ada: User) -> None:
    live = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="Live", body="x", subtype="live"
    )
    post = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="Post", body="x", contentType="blogpost"
    )

    assert live["subtype"] == "live"
    assert post["type"] == "blogpost"
    assert "/blog/" in post["url"]


async def test_a_draft_needs_no_title_and_only_its_author_sees_it(ada: User, ben: User) -> None:
    draft = await ada.read("createConfluencePage", spaceId="DEMO", body="Soon", status="draft")

    assert draft["status"] == "draft"
    with pytest.raises(NotFound):
        await ben.call("updateConfluencePage", pageId=draft["id"], body="Mine", status="draft")


async def test_a_draft_is_published_as_version_one(ada: User) -> None:
    draft = await ada.read("createConfluencePage", spaceId="DEMO", body="Soon", status="draft")

    published = await ada.read(
        "updateConfluencePage", pageId=draft["id"], title="Soon here", body="Now"
    )

    assert published["status"] == "current"
    assert published["version"] == 1
    assert (await ada.read("getConfluencePage", pageId=draft["id"]))["body"].strip() == "Now"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"body": "x"}, "pass title"),
        ({"body": "x", "title": "T", "contentType": "blogpost", "parentId": "1"}, "neither"),
        ({"body": "x", "title": "T", "contentType": "blogpost", "subtype": "live"}, "neither"),
    ],
)
async def test_what_confluence_would_refuse_is_refused_before_any_request(
    ada: User, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said):
        await ada.call("createConfluencePage", spaceId="DEMO", **arguments)

    assert ada.api.requests == []


async def test_a_title_that_is_taken_is_refused(ada: User) -> None:
    with pytest.raises(Rejected, match="title already exists"):
        await ada.call("createConfluencePage", spaceId="DEMO", title="roadmap", body="x")


async def test_somebody_who_may_only_read_cannot_create_or_change(
    ben: User, page_id: PageId
) -> None:
    with pytest.raises(Forbidden):
        await ben.call("createConfluencePage", spaceId="TEAM", title="Mine", body="x")
    with pytest.raises(Forbidden):
        await ben.call("updateConfluencePage", pageId=page_id("Holidays"), body="Every day.")


async def test_an_update_writes_the_next_version(ada: User, page_id: PageId) -> None:
    number = page_id("Glossary")
    saved = await ada.read(
        "updateConfluencePage",
        pageId=number,
        body="Berth: where a ferry lies.",
        title="Words",
        versionMessage="Shorter",
    )
    read = await ada.read("getConfluencePage", pageId=number)

    assert saved["version"] == 2
    assert saved["updatedBy"] == {"name": "Ada Example", "accountId": ada.api.account_id}
    assert saved["updatedAt"] == read["updatedAt"]
    assert saved["versionMessage"] == "Shorter"
    assert read["title"] == "Words"
    assert read["body"].strip() == "Berth: where a ferry lies."


async def test_an_update_is_one_read_one_write_and_a_look_for_names(
    ada: User, page_id: PageId
) -> None:
    await ada.call("updateConfluencePage", pageId=page_id("Glossary"), body="x")

    assert [sent.method for sent in ada.api.requests] == ["GET", "PUT", "POST"]
    assert ada.api.requests[-1].path == "/wiki/api/v2/users-bulk"


async def test_what_the_markdown_leaves_alone_stays_as_it_was(ada: User, page_id: PageId) -> None:
    number = page_id("Release plan")
    before = await ada.read("getConfluencePage", pageId=number, contentFormat="adf")
    text = (await ada.read("getConfluencePage", pageId=number))["body"]

    await ada.call(
        "updateConfluencePage", pageId=number, body=text.replace("same month", "same week")
    )
    after = await ada.read("getConfluencePage", pageId=number, contentFormat="adf")

    old, new = before["body"]["content"], after["body"]["content"]
    assert new[:-1] == old[:-1]
    assert new[-1] != old[-1]
    assert "same week" in json.dumps(new[-1])


async def test_an_update_that_changes_nothing_writes_nothing(ada: User, page_id: PageId) -> None:
    number = page_id("Release plan")
    read = await ada.read("getConfluencePage", pageId=number)
    ada.api.requests.clear()

    saved = await ada.read(
        "updateConfluencePage", pageId=number, body=read["body"], title=read["title"]
    )

    assert saved["unchanged"] is True
    assert saved["version"] == read["version"]
    assert {sent.path.rpartition("/")[2] for sent in ada.api.requests} == {number, "users-bulk"}
    assert "PUT" not in {sent.method for sent in ada.api.requests}


async def test_a_new_title_alone_is_written(ada: User, page_id: PageId) -> None:
    number = page_id("Release plan")
    body = (await ada.read("getConfluencePage", pageId=number))["body"]

    saved = await ada.read("updateConfluencePage", pageId=number, body=body, title="Plan")

    assert saved["title"] == "Plan"
    assert saved["version"] == 4


async def test_a_section_is_changed_and_everything_else_untouched(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Release plan")
    before = await ada.read("getConfluencePage", pageId=number, contentFormat="adf")

    saved = await ada.read(
        "updateConfluencePageSection",
        pageId=number,
        heading="Risks",
        body="None at all.",
        versionMessage="Solved",
        allowLoss=True,
    )
    after = await ada.read("getConfluencePage", pageId=number, contentFormat="adf")

    assert saved["versionMessage"] == "Solved"
    assert after["body"]["content"][:-1] == before["body"]["content"][:-1]
    assert "None at all." in json.dumps(after["body"]["content"][-1])
    assert [sent.method for sent in ada.api.requests].count("PUT") == 1


async def test_a_section_that_is_not_there_is_answered_with_those_that_are(
    ada: User, page_id: PageId
) -> None:
    with pytest.raises(InvalidArgument, match=r"Headings: .*Milestones"):
        await ada.call(
            "updateConfluencePageSection",
            pageId=page_id("Release plan"),
            heading="Weather",
            body="Rain.",
        )


async def test_a_section_of_a_page_that_changed_is_not_overwritten(
    ada: User, page_id: PageId
) -> None:
    with pytest.raises(Conflict):
        await ada.call(
            "updateConfluencePageSection",
            pageId=page_id("Release plan"),
            heading="Risks",
            body="x",
            version=2,
        )


async def test_markdown_that_refers_to_a_block_that_is_not_there_is_refused(
    ada: User, page_id: PageId
) -> None:
    with pytest.raises(InvalidArgument, match="no block with the reference"):
        await ada.call(
            "updateConfluencePage",
            pageId=page_id("Glossary"),
            body="```adf ref=deadbeef\n```\n",
        )


async def test_an_edit_that_would_drop_a_macro_is_refused_and_names_it(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Demo documentation")

    with pytest.raises(InvalidArgument, match=r"would remove from the page: .*toc") as refused:
        await ada.call("updateConfluencePage", pageId=number, body="Only this.")

    assert "allowLoss" in str(refused.value)
    assert [sent.method for sent in ada.api.requests] == ["GET"]


async def test_a_macro_is_dropped_when_that_is_allowed(ada: User, page_id: PageId) -> None:
    number = page_id("Demo documentation")

    await ada.call("updateConfluencePage", pageId=number, body="Only this.", allowLoss=True)

    body = (await ada.read("getConfluencePage", pageId=number))["body"]
    assert body.strip() == "Only this."


async def test_a_page_moves_below_another_parent_with_the_update(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Glossary")

    saved = await ada.read(
        "updateConfluencePage", pageId=number, body="x", parentId=page_id("Runbooks")
    )

    assert saved["parentId"] == page_id("Runbooks")


async def test_a_page_is_not_moved_below_itself(ada: User, page_id: PageId) -> None:
    with pytest.raises(Rejected, match="below itself"):
        await ada.call(
            "updateConfluencePage",
            pageId=page_id("Runbooks"),
            body="x",
            allowLoss=True,
            parentId=page_id("Refunds are stuck"),
        )


async def test_its_own_space_may_be_named_and_another_is_refused(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Glossary")
    page = await ada.read("getConfluencePage", pageId=number)

    await ada.call("updateConfluencePage", pageId=number, body="a", spaceId="DEMO")
    await ada.call("updateConfluencePage", pageId=number, body="b", spaceId=page["spaceId"])
    with pytest.raises(InvalidArgument, match="cannot move it to another"):
        await ada.call("updateConfluencePage", pageId=number, body="c", spaceId="TEAM")


async def test_a_blog_post_is_updated_but_has_no_parent(ada: User, page_id: PageId) -> None:
    number = page_id("The seat map is live")

    saved = await ada.read("updateConfluencePage", pageId=number, body="It is.")
    with pytest.raises(InvalidArgument, match="no parent"):
        await ada.call("updateConfluencePage", pageId=number, body="x", parentId="1")

    assert saved["type"] == "blogpost"
    assert saved["version"] == 2


async def test_an_archived_page_is_not_edited(ada: User, page_id: PageId) -> None:
    number = page_id("Glossary")
    await ada.call("archiveConfluencePages", pageIds=[number])

    with pytest.raises(InvalidArgument, match="archived"):
        await ada.call("updateConfluencePage", pageId=number, body="x")


async def test_a_page_that_is_not_there_is_not_updated(ada: User) -> None:
    with pytest.raises(NotFound, match="no page or blog post 1"):
        await ada.call("updateConfluencePage", pageId="1", body="x")


async def test_a_draft_of_a_published_page_leaves_the_page_alone(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Glossary")

    draft = await ada.read("updateConfluencePage", pageId=number, body="Soon", status="draft")

    assert draft["status"] == "draft"
    assert "Berth" in (await ada.read("getConfluencePage", pageId=number))["body"]


async def test_a_page_that_changed_since_it_was_read_is_not_overwritten(
    ada: User, ben: User, page_id: PageId
) -> None:
    number = page_id("Glossary")
    read = await ada.read("getConfluencePage", pageId=number)
    await ben.call(
        "updateConfluencePage", pageId=number, body="Quay: a wall.", versionMessage="New word"
    )

    with pytest.raises(Conflict) as refused:
        await ada.call(
            "updateConfluencePage",
            pageId=number,
            body="Berth, again.",
            version=read["version"],
        )

    said = str(refused.value)
    assert "at version 2, saved by Ben Example" in said
    assert "(New word)" in said
    assert "Read it again" in said
    assert "-Berth: the place where a ferry lies." in said
    assert "+Quay: a wall." in said


async def test_a_version_that_never_was_is_a_conflict_too(ada: User, page_id: PageId) -> None:
    with pytest.raises(Conflict, match="at version 1"):
        await ada.call("updateConfluencePage", pageId=page_id("Glossary"), body="x", version=9)


async def test_the_right_version_passes(ada: User, page_id: PageId) -> None:
    saved = await ada.read("updateConfluencePage", pageId=page_id("Glossary"), body="x", version=1)

    assert saved["version"] == 2


def page(number: int, text: str) -> dict[str, Any]:
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    document = {"type": "doc", "version": 1, "content": [paragraph]}
    return {
        "id": "7",
        "title": "T",
        "status": "current",
        "version": {"number": number, "authorId": "b", "createdAt": "2026-01-02T00:00:00.000Z"},
        "body": {"atlas_doc_format": {"value": json.dumps(document)}},
    }


async def test_somebody_who_saves_in_between_is_named_with_what_they_changed() -> None:
    many = "\n\n".join(f"line {at}" for at in range(40))
    changed = page(3, "theirs")
    changed["body"]["atlas_doc_format"]["value"] = json.dumps(
        {
            "type": "doc",
            "version": 1,
            "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": line}]}
                for line in many.split("\n\n")
            ],
        }
    )
    api = FakeApi(
        answers={
            ("GET", "/wiki/api/v2/pages/7"): InTurn(page(2, "before"), changed),
            ("PUT", "/wiki/api/v2/pages/7"): Conflict("Version must be incremented"),
            ("POST", "/wiki/api/v2/users-bulk"): {"results": []},
        }
    )
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(Conflict) as refused:
        await update_confluence_page.call(confluence, FakeCall(), {"pageId": "7", "body": "mine"})

    said = str(refused.value)
    assert "at version 3, saved by somebody at 2026-01-02" in said
    assert "-before" in said
    assert "more lines)" in said


async def test_a_conflict_on_a_page_too_deep_to_compare_says_only_who_and_when() -> None:
    deep = page(3, "x")
    node: dict[str, Any] = {"type": "paragraph", "content": []}
    for _ in range(200):
        node = {"type": "bulletList", "content": [{"type": "listItem", "content": [node]}]}
    document = {"type": "doc", "version": 1, "content": [node]}
    deep["body"]["atlas_doc_format"]["value"] = json.dumps(document)
    api = FakeApi(
        answers={
            ("GET", "/wiki/api/v2/pages/7"): InTurn(page(2, "before"), deep),
            ("PUT", "/wiki/api/v2/pages/7"): Conflict("Version must be incremented"),
            ("POST", "/wiki/api/v2/users-bulk"): {"results": []},
        }
    )
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(Conflict) as refused:
        await update_confluence_page.call(confluence, FakeCall(), {"pageId": "7", "body": "mine"})

    assert str(refused.value).endswith("then repeat the edit.")


async def test_a_conflict_without_a_change_of_the_text_says_only_who_and_when() -> None:
    api = FakeApi(
        answers={
            ("GET", "/wiki/api/v2/pages/7"): InTurn(page(2, "same"), page(3, "same")),
            ("PUT", "/wiki/api/v2/pages/7"): Conflict("Version must be incremented"),
            ("POST", "/wiki/api/v2/users-bulk"): {"results": []},
        }
    )
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(Conflict) as refused:
        await update_confluence_page.call(confluence, FakeCall(), {"pageId": "7", "body": "mine"})

    assert str(refused.value).endswith("Read it again, then repeat the edit.")


async def test_a_body_above_five_megabytes_never_reaches_a_request(ada: User) -> None:
    with pytest.raises(InvalidArgument, match="at most 5 MB"):
        await ada.call(
            "createConfluencePage", spaceId="DEMO", title="Long", body="\u0175" * 3_000_000
        )

    assert ada.api.requests == []


@pytest.mark.row("SEC-I02")
async def test_a_parent_id_that_is_no_number_never_reaches_a_request(ada: User) -> None:
    with pytest.raises(ValidationError):
        await ada.call(
            "createConfluencePage", spaceId="DEMO", title="T", body="x", parentId="1/../2"
        )

    assert ada.api.requests == []


async def test_a_page_is_created_from_a_template(ada: User) -> None:
    [found] = (await ada.read("listConfluenceTemplates", spaceKey="DEMO"))["templates"]

    made = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="Notes of May", templateId=found["id"]
    )
    read = await ada.read("getConfluencePage", pageId=made["id"])

    assert "## Who was there" in read["body"]
    assert "First" in read["body"]


@pytest.mark.parametrize("arguments", [{}, {"body": "x", "templateId": "1"}])
async def test_a_page_comes_from_markdown_or_from_a_template(
    ada: User, arguments: dict[str, str]
) -> None:
    with pytest.raises(InvalidArgument, match="templateId in its place"):
        await ada.call("createConfluencePage", spaceId="DEMO", title="T", **arguments)

    assert ada.api.requests == []


async def test_a_page_may_be_created_empty(ada: User) -> None:
    made = await ada.read("createConfluencePage", spaceId="DEMO", title="Empty", body="")

    assert (await ada.read("getConfluencePage", pageId=made["id"]))["body"] == ""
