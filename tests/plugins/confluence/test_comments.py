from typing import Any

import pytest
from fakes.confluence_user import PageId, User
from pydantic import ValidationError

from telamon.plugin import Forbidden, InvalidArgument, NotFound, Rejected
from telamon.plugin.testing import FakeApi, FakeCall
from telamon_confluence.client import Confluence
from telamon_confluence.sandbox import ConfluenceEmulator
from telamon_confluence.settings import ConfluenceSettings
from telamon_confluence.tools.comment_writes import create_confluence_inline_comment


async def test_footer_comments_come_with_their_authors_names(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePageFooterComments", pageId=page_id("Release plan"))

    first, second = answer["comments"]
    assert first["author"] == {"name": "Ben Example", "accountId": "5b10a0000000000000000002"}
    assert first["body"].strip() == "Do we still need the invoice milestone before summer?"
    assert first["url"].endswith(f"?focusedCommentId={first['id']}")
    assert second["author"]["name"] == "Ada Example"
    assert answer["cursor"] is None
    assert [sent.path.rpartition("/")[2] for sent in ada.api.requests] == [
        "footer-comments",
        "users-bulk",
    ]


async def test_nobody_is_looked_up_where_there_is_no_comment(ada: User, page_id: PageId) -> None:
    answer = await ada.read("getConfluencePageFooterComments", pageId=page_id("Glossary"))

    assert answer["comments"] == []
    assert len(ada.api.requests) == 1


async def test_footer_comments_are_sorted_and_paged(ada: User, page_id: PageId) -> None:
    plan = page_id("Release plan")

    newest = await ada.read(
        "getConfluencePageFooterComments", pageId=plan, sort="-created-date", limit=1
    )
    next_one = await ada.read(
        "getConfluencePageFooterComments",
        pageId=plan,
        sort="-id",
        limit=1,
        cursor=newest["cursor"],
    )

    assert newest["comments"][0]["author"]["name"] == "Ada Example"
    assert next_one["comments"][0]["author"]["name"] == "Ben Example"


async def test_the_comments_of_a_blog_post_are_read_by_its_id(ada: User, page_id: PageId) -> None:
    answer = await ada.read(
        "getConfluencePageFooterComments", pageId=page_id("The seat map is live")
    )

    assert [comment["body"].strip() for comment in answer["comments"]] == ["Well done!"]


async def test_inline_comments_are_the_open_ones_unless_told(ada: User, page_id: PageId) -> None:
    plan = page_id("Release plan")

    opened = await ada.read("getConfluencePageInlineComments", pageId=plan)
    resolved = await ada.read(
        "getConfluencePageInlineComments", pageId=plan, resolutionStatus="resolved"
    )

    assert [(c["selection"], c["resolutionStatus"]) for c in opened["comments"]] == [
        ("payment provider", "open")
    ]
    assert [c["selection"] for c in resolved["comments"]] == ["every Monday"]


async def test_a_reopened_comment_is_among_the_unresolved_ones(ada: User, page_id: PageId) -> None:
    plan = page_id("Release plan")
    [comment] = (await ada.read("getConfluencePageInlineComments", pageId=plan))["comments"]
    await ada.call("resolveConfluenceInlineComment", commentId=comment["id"])
    await ada.call("resolveConfluenceInlineComment", commentId=comment["id"], resolved=False)

    shown = await ada.read("getConfluencePageInlineComments", pageId=plan)

    assert [c["resolutionStatus"] for c in shown["comments"]] == ["reopened"]
    assert ada.api.requests[-2].query["resolution-status"] == ["open", "reopened"]


async def test_a_comment_whose_passage_is_gone_is_dangling(ada: User, page_id: PageId) -> None:
    plan = page_id("Release plan")
    await ada.call("updateConfluencePage", pageId=plan, body="All new.", allowLoss=True)

    dangling = await ada.read(
        "getConfluencePageInlineComments", pageId=plan, resolutionStatus="dangling"
    )

    assert [c["selection"] for c in dangling["comments"]] == ["payment provider"]


@pytest.mark.parametrize("kind", ["footer", "inline"])
async def test_replies_are_read_from_the_comment(ada: User, page_id: PageId, kind: str) -> None:
    tool = f"getConfluencePage{kind.title()}Comments"
    top = (await ada.read(tool, pageId=page_id("Release plan")))["comments"][0]

    answer = await ada.read("getConfluenceCommentChildren", commentId=top["id"], commentType=kind)

    assert [reply["parentCommentId"] for reply in answer["comments"]] == [top["id"]]
    assert answer["comments"][0]["author"]["name"] == "Ada Example"


async def test_comments_of_what_somebody_may_not_see_are_not_found(
    ben: User, page_id: PageId
) -> None:
    with pytest.raises(NotFound):
        await ben.call("getConfluencePageFooterComments", pageId=page_id("Budget"))


async def test_a_footer_comment_is_written_and_then_read(ada: User, page_id: PageId) -> None:
    number = page_id("Glossary")

    made = await ada.read("createConfluenceFooterComment", pageId=number, body="Add **quay**.")
    read = await ada.read("getConfluencePageFooterComments", pageId=number)

    assert [comment["id"] for comment in read["comments"]] == [made["id"]]
    assert made["author"]["name"] == "Ada Example"
    assert read["comments"][0]["body"].strip() == "Add **quay**."


async def test_a_reply_hangs_on_its_comment(ada: User, ben: User, page_id: PageId) -> None:
    top = await ada.read("createConfluenceFooterComment", pageId=page_id("Fares"), body="Old?")

    reply = await ben.read("createConfluenceFooterComment", parentCommentId=top["id"], body="No.")
    children = await ada.read(
        "getConfluenceCommentChildren", commentId=top["id"], commentType="footer"
    )

    assert reply["parentCommentId"] == top["id"]
    assert [child["id"] for child in children["comments"]] == [reply["id"]]


async def test_a_blog_post_is_commented_by_its_id(ada: User, page_id: PageId) -> None:
    number = page_id("The seat map is live")

    await ada.call("createConfluenceFooterComment", pageId=number, body="Again: well done!")

    answer = await ada.read("getConfluencePageFooterComments", pageId=number)
    assert len(answer["comments"]) == 2


@pytest.mark.parametrize("ids", [{}, {"pageId": "1", "parentCommentId": "2"}])
async def test_a_footer_comment_is_about_exactly_one_thing(ada: User, ids: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match="exactly one of"):
        await ada.call("createConfluenceFooterComment", body="x", **ids)

    assert ada.api.requests == []


async def test_a_comment_on_something_missing_is_not_found(ada: User) -> None:
    with pytest.raises(NotFound):
        await ada.call("createConfluenceFooterComment", pageId="1", body="x")
    with pytest.raises(NotFound):
        await ada.call("createConfluenceFooterComment", parentCommentId="1", body="x")


@pytest.mark.parametrize("kind", ["footer", "inline"])
async def test_a_comment_that_is_not_found_may_be_one_of_the_other_kind(
    ada: User, page_id: PageId, kind: str
) -> None:
    other = {"footer": "inline", "inline": "footer"}[kind]
    listed = await ada.read(
        f"getConfluencePage{other.title()}Comments", pageId=page_id("Release plan")
    )
    number = listed["comments"][0]["id"]
    named = {"commentId": number, "commentType": kind}
    calls: list[tuple[str, dict[str, str]]] = [
        ("getConfluenceCommentChildren", named),
        ("updateConfluenceComment", {**named, "body": "x"}),
        ("deleteConfluenceComment", named),
        (f"createConfluence{kind.title()}Comment", {"parentCommentId": number, "body": "x"}),
    ]
    if kind == "inline":
        calls.append(("resolveConfluenceInlineComment", {"commentId": number}))

    for tool, arguments in calls:
        with pytest.raises(NotFound, match=f"no {kind} comment {number}, .* {other} comment"):
            await ada.call(tool, **arguments)


async def test_somebody_who_may_only_read_cannot_comment(ben: User, page_id: PageId) -> None:
    with pytest.raises(Forbidden):
        await ben.call("createConfluenceFooterComment", pageId=page_id("Holidays"), body="x")


async def test_an_inline_comment_marks_its_passage(ada: User, page_id: PageId) -> None:
    number = page_id("Glossary")

    made = await ada.read(
        "createConfluenceInlineComment",
        pageId=number,
        body="Which place?",
        inlineCommentProperties={
            "textSelection": "the place",
            "textSelectionMatchCount": 1,
            "textSelectionMatchIndex": 0,
        },
    )
    storage = await ada.read("getConfluencePage", pageId=number, contentFormat="storage")
    read = await ada.read("getConfluencePageInlineComments", pageId=number)

    assert made["resolutionStatus"] == "open"
    assert "the place</ac:inline-comment-marker> where" in storage["body"]
    assert [comment["id"] for comment in read["comments"]] == [made["id"]]
    assert storage["version"] == 1


async def test_the_counts_may_be_left_out_for_a_passage_that_occurs_once(
    ada: User, page_id: PageId
) -> None:
    made = await ada.read(
        "createConfluenceInlineComment",
        pageId=page_id("Glossary"),
        body="Which?",
        inlineCommentProperties={"textSelection": "a ferry"},
    )

    assert made["selection"] == "a ferry"


@pytest.mark.parametrize(
    "properties",
    [
        {"textSelection": "a dock"},
        {"textSelection": "a ferry", "textSelectionMatchCount": 2},
        {"textSelection": "a ferry", "textSelectionMatchIndex": 1},
    ],
)
async def test_a_passage_that_is_not_there_is_explained(
    ada: User, page_id: PageId, properties: dict[str, Any]
) -> None:
    with pytest.raises(Rejected, match="exactly as it reads"):
        await ada.call(
            "createConfluenceInlineComment",
            pageId=page_id("Glossary"),
            body="Which?",
            inlineCommentProperties=properties,
        )


async def test_an_inline_reply_takes_no_passage(ada: User, page_id: PageId) -> None:
    top = (await ada.read("getConfluencePageInlineComments", pageId=page_id("Release plan")))[
        "comments"
    ][0]

    reply = await ada.read("createConfluenceInlineComment", parentCommentId=top["id"], body="Both.")

    assert reply["parentCommentId"] == top["id"]
    assert reply["selection"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"pageId": "1"},
        {"parentCommentId": "1", "inlineCommentProperties": {"textSelection": "x"}},
    ],
)
async def test_passage_and_page_belong_together(ada: User, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="inlineCommentProperties with pageId"):
        await ada.call("createConfluenceInlineComment", body="x", **arguments)

    assert ada.api.requests == []


async def test_a_refused_inline_reply_keeps_its_own_words() -> None:
    api = FakeApi(answers={("POST", "/wiki/api/v2/inline-comments"): Rejected("Too long.")})
    confluence = Confluence(api=api, settings=ConfluenceSettings())

    with pytest.raises(Rejected, match=r"^Too long\.$"):
        await create_confluence_inline_comment.call(
            confluence, FakeCall(), {"parentCommentId": "1", "body": "x"}
        )


@pytest.mark.row("SEC-I02")
@pytest.mark.parametrize("attachment_id", ["att1/../2", "../1", "att", "att1?x=1"])
async def test_a_strange_attachment_id_never_reaches_a_request(
    ada: User, attachment_id: str
) -> None:
    with pytest.raises(ValidationError):
        await ada.call("createConfluenceFooterComment", attachmentId=attachment_id, body="x")

    assert ada.api.requests == []


async def test_a_file_is_commented_on_its_page(
    ada: User, page_id: PageId, emulator: ConfluenceEmulator
) -> None:
    state = emulator._sites[ada.api.site.cloud_id]
    fares = next(item for item in state.attachments.values() if item.name == "fares.csv")

    made = await ada.read(
        "createConfluenceFooterComment", attachmentId=f"att{fares.id}", body="Outdated."
    )

    assert made["id"]
