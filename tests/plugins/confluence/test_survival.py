"""What an edit leaves alone: anchors of inline comments and macros, byte for byte."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.confluence_user import PageId, User

from telamon.plugin import InvalidArgument, Rejected
from telamon_confluence.sandbox.documents import annotation, doc, head, macro, para, text

ANCHOR = annotation("anchor-1")
DOCUMENT = doc(
    macro("toc", "toc-1", maxLevel="2"),
    head(2, "First"),
    para("Ferries ", text("leave at six", ANCHOR), " sharp, they say."),
    macro("children", "children-1", all="true"),
    head(2, "Second"),
    para("Nothing ", text("to see", "strong", ANCHOR), " here."),
    {
        "type": "panel",
        "attrs": {"panelType": "custom", "panelColor": "#ddeeff", "panelIcon": ":boat:"},
        "content": [para("Mind the ", text("gap", ANCHOR), ".")],
    },
)


async def made(user: User, kind: str = "page") -> str:
    """Create content that holds macros and anchors, as an editor would."""
    page = await user.read(
        "createConfluencePage",
        spaceId="DEMO",
        title="Kept",
        body=json.dumps(DOCUMENT),
        contentFormat="adf",
        contentType=kind,
    )
    return str(page["id"])


async def stored(user: User, number: str) -> dict[str, Any]:
    read = await user.read("getConfluencePage", pageId=number, contentFormat="adf")
    body = read["body"]
    assert isinstance(body, dict)
    return body


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def marked(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if ANCHOR in node.get("marks", ()):
            yield node["text"]
        for value in node.values():
            yield from marked(value)
    elif isinstance(node, list):
        for value in node:
            yield from marked(value)


@pytest.mark.parametrize("kind", ["page", "blogpost"])
async def test_a_whole_update_leaves_every_block_that_was_not_changed_as_it_was(
    ada: User, kind: str
) -> None:
    number = await made(ada, kind)
    read = await ada.read("getConfluencePage", pageId=number)

    await ada.call(
        "updateConfluencePage", pageId=number, body=read["body"].replace("they say", "we say")
    )
    after = await stored(ada, number)

    changed = [
        at for at in range(7) if compact(after["content"][at]) != compact(DOCUMENT["content"][at])
    ]
    assert changed == [2]
    assert "we say" in compact(after["content"][2])
    assert list(marked(after)) == ["leave at six", "to see", "gap"]


@pytest.mark.parametrize("kind", ["page", "blogpost"])
async def test_a_section_update_keeps_the_anchors_of_its_own_paragraph(
    ada: User, kind: str
) -> None:
    number = await made(ada, kind)
    read = await ada.read("getConfluencePage", pageId=number, section="Second")

    await ada.call(
        "updateConfluencePageSection",
        pageId=number,
        heading="Second",
        body=read["body"].replace("Nothing", "Little"),
    )
    after = await stored(ada, number)

    for at in (0, 1, 2, 3, 4, 6):
        assert compact(after["content"][at]) == compact(DOCUMENT["content"][at])
    assert list(marked(after)) == ["leave at six", "to see", "gap"]


async def test_an_edit_as_adf_keeps_what_it_was_given(ada: User) -> None:
    number = await made(ada)
    body = await stored(ada, number)
    body["content"][4]["content"][0]["text"] = "Third"

    await ada.call(
        "updateConfluencePage", pageId=number, body=json.dumps(body), contentFormat="adf"
    )

    assert compact(await stored(ada, number)) == compact(body)


@pytest.mark.parametrize("kind", ["page", "blogpost"])
@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("updateConfluencePage", {"body": "Only this."}),
        ("updateConfluencePage", {"body": "<p>Only this.</p>", "contentFormat": "storage"}),
        ("updateConfluencePage", {"body": compact(doc(para("This."))), "contentFormat": "adf"}),
        ("updateConfluencePageSection", {"heading": "First", "body": "Only this."}),
    ],
)
async def test_what_would_drop_anchors_or_macros_is_refused_with_a_list(
    ada: User, kind: str, tool: str, more: dict[str, str]
) -> None:
    number = await made(ada, kind)
    before = await stored(ada, number)

    with pytest.raises(InvalidArgument) as refused:
        await ada.call(tool, pageId=number, **more)

    said = str(refused.value)
    assert "would remove from the page" in said
    assert "macro: " in said
    assert "children" in said
    assert "allowLoss" in said
    assert await stored(ada, number) == before
    await ada.call(tool, pageId=number, allowLoss=True, **more)
    assert "children-1" not in compact(await stored(ada, number))


async def test_an_anchor_alone_is_a_loss_too(ada: User) -> None:
    number = await made(ada)
    read = await ada.read("getConfluencePage", pageId=number)
    body = await stored(ada, number)
    del body["content"][6]
    body["content"][2]["content"] = [text("Ferries leave.")]
    body["content"][5]["content"] = [text("Nothing.")]

    with pytest.raises(InvalidArgument, match="inline comment: on “leave at six"):
        await ada.call(
            "updateConfluencePage", pageId=number, body=json.dumps(body), contentFormat="adf"
        )
    assert (await ada.read("getConfluencePage", pageId=number))["body"] == read["body"]


async def test_a_page_made_from_a_template_is_guarded_like_any_other(ada: User) -> None:
    [found] = (await ada.read("listConfluenceTemplates", spaceKey="DEMO"))["templates"]
    made_page = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="Minutes", templateId=found["id"]
    )
    document = (await stored(ada, made_page["id"]))["content"]
    body = doc(macro("toc", "toc-2"), *document)
    await ada.call(
        "updateConfluencePage",
        pageId=made_page["id"],
        body=json.dumps(body),
        contentFormat="adf",
    )

    with pytest.raises(InvalidArgument, match=r"would remove from the page: macro: .*toc"):
        await ada.call("updateConfluencePage", pageId=made_page["id"], body="Short.")


@pytest.mark.parametrize("place", ["footer", "inline"])
async def test_a_comment_keeps_its_macros_and_mentions_unless_their_loss_is_allowed(
    ada: User, page_id: PageId, place: str
) -> None:
    more: dict[str, Any] = {}
    if place == "inline":
        more["inlineCommentProperties"] = {"textSelection": "Risks"}
    body = doc(para("Ask ", {"type": "mention", "attrs": {"id": "ben", "text": "@Ben"}}, "."))
    comment = await ada.read(
        f"createConfluence{place.title()}Comment",
        pageId=page_id("Release plan"),
        body=body,
        contentFormat="adf",
        **more,
    )
    named = {"commentId": comment["id"], "commentType": place}

    with pytest.raises(InvalidArgument, match="remove from the comment: mention: @Ben"):
        await ada.call("updateConfluenceComment", body="Never mind.", **named)
    await ada.call("updateConfluenceComment", body="Never mind.", allowLoss=True, **named)

    listed = await ada.read(
        f"getConfluencePage{place.title()}Comments", pageId=page_id("Release plan")
    )
    [after] = [each for each in listed["comments"] if each["id"] == comment["id"]]
    assert after["body"].strip() == "Never mind."


async def test_an_edit_of_the_storage_format_keeps_macros_and_anchors(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Release plan")
    before = await ada.read("getConfluencePage", pageId=number, contentFormat="storage")
    body = before["body"].replace("same month", "same week")

    saved = await ada.read(
        "updateConfluencePage", pageId=number, body=body, contentFormat="storage"
    )
    after = await ada.read("getConfluencePage", pageId=number, contentFormat="storage")

    assert saved["version"] == 4
    assert after["body"] == body != before["body"]
    assert "ac:inline-comment-marker" in body
    assert 'ac:name="jira"' in body


async def test_a_link_to_a_page_is_read_as_one_and_keeps_confluences_note(ada: User) -> None:
    note = {"linkType": "page", "contentTitle": "The plan"}
    href = "https://demo-site.example.com/wiki/spaces/DEMO/pages/1"
    mark = {"type": "link", "attrs": {"href": href, "__confluenceMetadata": note}}
    body = doc(para("See ", text("the plan", mark), " today."))
    page = await ada.read(
        "createConfluencePage",
        spaceId="DEMO",
        title="Linked",
        body=json.dumps(body),
        contentFormat="adf",
    )
    read = await ada.read("getConfluencePage", pageId=page["id"])

    await ada.call(
        "updateConfluencePage", pageId=page["id"], body=read["body"].replace("today", "soon")
    )

    assert read["body"] == f"See [the plan]({href}) today."
    assert await stored(ada, page["id"]) == doc(para("See ", text("the plan", mark), " soon."))


async def test_control_characters_never_reach_confluence_from_markdown(ada: User) -> None:
    page = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="Log", body="```\n\x1b[31mred\x0c\n```"
    )

    with pytest.raises(Rejected, match="not an ADF document"):
        await ada.call(
            "updateConfluencePage",
            pageId=page["id"],
            body=json.dumps(doc(para("\x1b[31mred"))),
            contentFormat="adf",
        )

    assert (await ada.read("getConfluencePage", pageId=page["id"]))["body"] == (
        "```\n\ufffd[31mred\ufffd\n```"
    )
