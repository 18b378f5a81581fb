"""``contentFormat``: Markdown, ADF or the storage format, read and written."""

import json
from typing import Any

import pytest
from fakes.confluence_user import TOOLS, PageId, User

from telamon.plugin import InvalidArgument
from telamon_confluence import bodies, macros
from telamon_confluence.sandbox.documents import doc, macro, para

FORMATS = ["markdown", "adf", "storage"]
WITH_FORMAT = [
    "compareConfluencePageVersions",
    "createConfluenceFooterComment",
    "createConfluenceInlineComment",
    "createConfluencePage",
    "getConfluenceCommentChildren",
    "getConfluencePage",
    "getConfluencePageFooterComments",
    "getConfluencePageInlineComments",
    "listConfluenceTasks",
    "updateConfluenceComment",
    "updateConfluencePage",
]
WRITTEN: dict[str, Any] = {
    "markdown": "Hello **you**",
    "adf": doc(para("Hello ", {"type": "text", "text": "you", "marks": [{"type": "strong"}]})),
    "storage": "<p>Hello <strong>you</strong></p>",
}


def test_the_tools_that_read_or_write_bodies_offer_the_three_formats() -> None:
    offering = [
        name for name, tool in TOOLS.items() if "contentFormat" in tool.schema["properties"]
    ]

    assert sorted(offering) == WITH_FORMAT
    for name in offering:
        assert TOOLS[name].schema["properties"]["contentFormat"]["enum"] == FORMATS


@pytest.mark.parametrize("kind", ["page", "blogpost"])
@pytest.mark.parametrize("form", FORMATS)
async def test_a_page_or_blog_post_is_written_and_read_in_each_format(
    ada: User, form: str, kind: str
) -> None:
    made = await ada.read(
        "createConfluencePage",
        spaceId="DEMO",
        title="One",
        body=WRITTEN[form],
        contentFormat=form,
        contentType=kind,
    )
    number = made["id"]

    for other in FORMATS:
        read = await ada.read("getConfluencePage", pageId=number, contentFormat=other)
        body = read["body"]
        assert (body.strip() if isinstance(body, str) else body) == WRITTEN[other]
    same = await ada.read(
        "updateConfluencePage", pageId=number, body=WRITTEN[form], contentFormat=form
    )
    changed = json.loads(json.dumps(WRITTEN[form]).replace("Hello", "Good day"))
    saved = await ada.read("updateConfluencePage", pageId=number, body=changed, contentFormat=form)

    assert same["unchanged"] is True
    assert saved["version"] == 2
    read = await ada.read("getConfluencePage", pageId=number, contentFormat=form)
    assert json.dumps(read["body"]).strip('"').replace("\\n", "") == json.dumps(changed).strip('"')


@pytest.mark.parametrize("place", ["Footer", "Inline"])
@pytest.mark.parametrize("form", FORMATS)
async def test_a_comment_is_written_read_and_edited_in_each_format(
    ada: User, page_id: PageId, form: str, place: str
) -> None:
    number = page_id("Release plan")
    more: dict[str, Any] = {}
    if place == "Inline":
        more["inlineCommentProperties"] = {"textSelection": "Risks"}
    made = await ada.read(
        f"createConfluence{place}Comment",
        pageId=number,
        body=WRITTEN[form],
        contentFormat=form,
        **more,
    )
    named = {"commentId": made["id"], "commentType": place.lower(), "contentFormat": form}
    same = await ada.read("updateConfluenceComment", body=WRITTEN[form], **named)
    reply = await ada.read(
        f"createConfluence{place}Comment",
        parentCommentId=made["id"],
        body=WRITTEN[form],
        contentFormat=form,
    )
    changed = json.loads(json.dumps(WRITTEN[form]).replace("Hello", "Hi"))
    edited = await ada.read("updateConfluenceComment", body=changed, **named)

    listed = await ada.read(f"getConfluencePage{place}Comments", pageId=number, contentFormat=form)
    [read] = [each for each in listed["comments"] if each["id"] == made["id"]]
    children = await ada.read(
        "getConfluenceCommentChildren",
        commentId=made["id"],
        commentType=place.lower(),
        contentFormat=form,
    )
    assert same["unchanged"] is True
    assert edited["version"] == 2
    assert "body" not in made
    assert "body" not in edited
    assert json.dumps(read["body"]).replace("\\n", "") == json.dumps(changed)
    [answer] = children["comments"]
    assert answer["id"] == reply["id"]
    assert json.dumps(answer["body"]).replace("\\n", "") == json.dumps(WRITTEN[form])


@pytest.mark.parametrize(
    ("form", "line"),
    [("markdown", "+Two"), ("storage", "+<p>Two</p>"), ("adf", '+     "text": "Two"')],
)
async def test_versions_are_compared_in_each_format(ada: User, form: str, line: str) -> None:
    made = await ada.read("createConfluencePage", spaceId="DEMO", title="V", body="One")
    await ada.call("updateConfluencePage", pageId=made["id"], body="Two")

    answer = await ada.read(
        "compareConfluencePageVersions",
        pageId=made["id"],
        fromVersion=1,
        toVersion=2,
        contentFormat=form,
    )

    assert line in answer["diff"].splitlines()
    assert answer["linesLeftOut"] is None


async def test_a_long_comparison_is_cut_and_says_how_to_read_the_rest(ada: User) -> None:
    made = await ada.read("createConfluencePage", spaceId="DEMO", title="V", body="One")
    await ada.call(
        "updateConfluencePage", pageId=made["id"], body="\n\n".join(f"l{at}" for at in range(900))
    )
    named = {"pageId": made["id"], "fromVersion": 1, "toVersion": 2}

    answer = await ada.read("compareConfluencePageVersions", **named)
    assert len(answer["diff"].splitlines()) == 1000
    assert answer["linesLeftOut"] > 700
    assert "getConfluencePage" in answer["note"]

    await ada.call(
        "updateConfluencePage", pageId=made["id"], body="\n\n".join(f"m{at}" for at in range(3000))
    )
    with pytest.raises(Exception, match="differ in too much"):
        await ada.call("compareConfluencePageVersions", **named | {"toVersion": 3})


@pytest.mark.parametrize("form", FORMATS)
async def test_tasks_are_read_in_each_format(ada: User, page_id: PageId, form: str) -> None:
    answer = await ada.read(
        "listConfluenceTasks", pageId=page_id("On-call handover"), contentFormat=form
    )

    body = answer["tasks"][0]["body"]
    assert isinstance(body, dict) == (form == "adf")
    assert "Read the open incidents" in json.dumps(body)
    assert answer["tasks"][0]["url"] == (
        f"{ada.api.site.url}/wiki/pages/viewpage.action?pageId={page_id('On-call handover')}"
    )


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"type": "paragraph"}', "[" * 50_000])
async def test_what_is_no_adf_document_is_refused_before_any_request(ada: User, body: str) -> None:
    with pytest.raises(InvalidArgument, match="no ADF document"):
        await ada.call(
            "createConfluencePage", spaceId="DEMO", title="T", body=body, contentFormat="adf"
        )

    assert ada.api.requests == []


@pytest.mark.row("SEC-I14")
@pytest.mark.parametrize(
    ("form", "body", "named"),
    [
        ("adf", doc(macro("include", "i")), "include"),
        ("adf", doc({"type": "panel", "content": [macro("html", "h")]}), "html"),
        (
            "adf",
            doc({"type": "extension", "attrs": {"extensionType": "app"}}),
            "app without a name",
        ),
        ("storage", '<ac:structured-macro ac:name="include" />', "include"),
        ("storage", "<p><ac:macro ac:name='html'></ac:macro></p>", "html"),
        ("storage", '<ac:structured-macro ac:name="&#106;ira" />', "jira"),
        ("storage", '<ac:structured-macro a=">" ac:name="toc" />', "without a name"),
        ("storage", "<ac:adf-extension/>", "without a name"),
    ],
)
async def test_no_format_brings_a_macro_that_reads_other_things(
    ada: User, form: str, body: Any, named: str
) -> None:
    with pytest.raises(InvalidArgument, match=f"may show what is not on the page: .*{named}"):
        await ada.call(
            "createConfluencePage", spaceId="DEMO", title="T", body=body, contentFormat=form
        )

    assert ada.api.requests == []


async def test_a_macro_that_the_page_has_may_stay_and_one_that_shows_the_page_may_come(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Release plan")
    body = (await ada.read("getConfluencePage", pageId=number, contentFormat="adf"))["body"]
    body["content"].append(macro("toc", "toc-new"))

    saved = await ada.read("updateConfluencePage", pageId=number, body=body, contentFormat="adf")

    assert "jira" in json.dumps(body)
    assert saved["version"] == 4


def test_what_storage_holds_is_counted_without_what_is_only_quoted() -> None:
    text = (
        '<p><ac:inline-comment-marker ac:ref="m1">a</ac:inline-comment-marker>'
        '<ac:inline-comment-marker ac:ref="m1"><b>b</b></ac:inline-comment-marker></p>'
        '<ac:image><ri:attachment ri:filename="a.png"/></ac:image>'
        '<ac:image><ri:attachment ri:filename="a.png"/></ac:image>'
        '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[<ac:structured-macro '
        'ac:name="jira">]]></ac:plain-text-body></ac:structured-macro>'
        '<ac:link><ri:user ri:account-id="ben"/></ac:link><ri:userlike ri:account-id="x"/>'
    )

    assert macros.held(text) == {
        "inline comment: m1": 1,
        "medium: a.png": 2,
        "macro: code": 1,
        "mention: ben": 1,
    }
    assert [name for name, _ in macros.in_storage(text)] == ["code"]
    assert macros.dropped(text, "<p/>") == [
        "inline comment: m1",
        "medium: a.png (2 times)",
        "macro: code",
        "mention: ben",
    ]
    assert macros.dropped(text, text) == []


@pytest.mark.row("SEC-I14")
async def test_a_macro_on_the_page_is_not_turned_to_other_things(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Release plan")

    for form in ("adf", "storage"):
        read = await ada.read("getConfluencePage", pageId=number, contentFormat=form)
        before = json.dumps(read["body"])
        body = json.loads(before.replace("project = DEMO", "project = SECRET"))
        assert body != read["body"]
        with pytest.raises(InvalidArgument, match=r"brings or changes macros .*: jira"):
            await ada.call("updateConfluencePage", pageId=number, body=body, contentFormat=form)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ('<ac:structured-macro ac:name="x" /> a', '<ac:structured-macro ac:name="x" /> b', False),
        ('<ac:structured-macro ac:name="x"><p>', '<ac:structured-macro ac:name="x"><q>', True),
        (
            '<ac:structured-macro ac:name="x"><ac:rich-text-body>a',
            '<ac:structured-macro ac:name="x"><ac:rich-text-body>b',
            False,
        ),
        (
            (
                '<ac:macro ac:name="html"><ac:plain-text-body><![CDATA[a]]></ac:plain-text-body>'
                "</ac:macro>"
            ),
            (
                '<ac:macro ac:name="html"><ac:plain-text-body><![CDATA[b]]></ac:plain-text-body>'
                "</ac:macro>"
            ),
            True,
        ),
        (
            '<ac:macro ac:name="x"></ac:macro>',
            '<ac:macro ac:name="x"></ac:macro><ac:macro ac:name="x"></ac:macro>',
            True,
        ),
    ],
)
def test_a_macro_in_storage_is_the_same_if_what_it_does_is(
    before: str, after: str, *, refused: bool
) -> None:
    assert bodies.stored_as(before, before)["value"] == before
    if refused:
        with pytest.raises(InvalidArgument):
            bodies.stored_as(after, before)
    else:
        assert bodies.stored_as(after, before)["value"] == after


@pytest.mark.row("SEC-I13")
@pytest.mark.parametrize(
    "text",
    [
        "<![CDATA[" * 100_000,
        "<ac:macro " + "a" * 1_000_000,
        "<ac:macro " * 100_000,
        "<ac:macro " + "a = '" * 200_000,
        "<ac:macro ac:name=" + " " * 1_000_000 + ">",
        "<ri:user>" * 100_000,
    ],
)
def test_crooked_storage_is_read_in_one_pass(text: str) -> None:
    assert sum(macros.in_storage(text).values()) <= text.count("<ac:")
    assert sum(macros.held(text).values()) <= text.count("<")
