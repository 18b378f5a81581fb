"""Long pages: what one answer shows, how to get the rest, and who waits meanwhile."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from fakes.confluence_user import PageId, User

from telamon.plugin import InvalidArgument, NotFound, TooLarge
from telamon_confluence import bodies, parts
from telamon_confluence.resources import confluence_page

PARAGRAPH = "The ferry leaves at six and comes back at nine, unless there is fog. " * 4


def long_text(chapters: int = 120) -> str:
    return "\n\n".join(
        f"## Chapter {at}\n\n" + "\n\n".join([f"{at}: {PARAGRAPH}".strip()] * 8)
        for at in range(chapters)
    )


async def long_page(user: User, chapters: int = 120) -> str:
    page = await user.read(
        "createConfluencePage", spaceId="DEMO", title="Long", body=long_text(chapters)
    )
    return str(page["id"])


async def whole(user: User, number: str, **more: Any) -> list[dict[str, Any]]:
    answers = [await user.read("getConfluencePage", pageId=number, **more)]
    while answers[-1].get("nextStart"):
        answers.append(
            await user.read(
                "getConfluencePage", pageId=number, start=answers[-1]["nextStart"], **more
            )
        )
    return answers


async def test_a_long_page_comes_in_parts_that_are_together_the_whole(ada: User) -> None:
    number = await long_page(ada)

    answers = await whole(ada, number)

    text = "".join(answer["body"] for answer in answers)
    assert len(answers) == 3
    assert all(len(answer["body"]) <= parts.LONGEST for answer in answers)
    assert {answer["characters"] for answer in answers} == {len(text)}
    assert answers[0]["body"].endswith("\n")
    assert answers[0]["headings"][:2] == ["## Chapter 0", "## Chapter 1"]
    assert "nextStart" in answers[0]["note"]
    assert answers[-1]["nextStart"] is None
    assert answers[1]["headings"] is None
    same = await ada.read("updateConfluencePage", pageId=number, body=text)
    assert same["unchanged"] is True


async def test_a_short_page_is_not_cut_and_says_nothing_of_parts(
    ada: User, page_id: PageId
) -> None:
    read = await ada.read("getConfluencePage", pageId=page_id("Glossary"))

    assert not {"characters", "nextStart", "note", "headings"} & read.keys()


async def test_storage_comes_in_parts_too(ada: User) -> None:
    answers = await whole(ada, await long_page(ada), contentFormat="storage")

    assert len(answers) > 1
    assert "".join(answer["body"] for answer in answers).endswith("</p>")


async def test_a_part_beyond_the_end_is_refused(ada: User, page_id: PageId) -> None:
    with pytest.raises(InvalidArgument, match=r"only \d+ characters"):
        await ada.call("getConfluencePage", pageId=page_id("Glossary"), start=1_000_000)


async def test_one_section_is_read_and_written_back(ada: User) -> None:
    number = await long_page(ada)

    read = await ada.read("getConfluencePage", pageId=number, section="Chapter 77")
    as_adf = await ada.read(
        "getConfluencePage", pageId=number, section="## Chapter 77", contentFormat="adf"
    )
    await ada.call(
        "updateConfluencePageSection", pageId=number, heading="Chapter 77", body="Short now."
    )
    after = await ada.read("getConfluencePage", pageId=number, section="Chapter 77")

    assert read["body"].startswith("## Chapter 77\n\n77: The ferry")
    assert "Chapter 78" not in read["body"]
    assert len(as_adf["body"]["content"]) == 9
    assert after["body"].split("\n\n")[1].strip() == "Short now."


async def test_of_sections_alike_one_can_be_named(ada: User) -> None:
    page = await ada.read(
        "createConfluencePage",
        spaceId="DEMO",
        title="Alike",
        body="# Linux\n\n## Set-up\n\nUnpack.\n\n# Windows\n\n## Set-up\n\nInstall.",
    )
    named = {"pageId": page["id"]}

    for tool, more in (
        ("getConfluencePage", {"section": "Set-up"}),
        ("updateConfluencePageSection", {"heading": "Set-up", "body": "New."}),
    ):
        with pytest.raises(
            InvalidArgument,
            match=r"occurrence 1: # Linux > ## Set-up .*occurrence 2: # Windows > ## Set-up",
        ):
            await ada.call(tool, **named, **more)
    read = await ada.read("getConfluencePage", section="Set-up", occurrence=2, **named)
    await ada.call(
        "updateConfluencePageSection", heading="Set-up", body="New.", occurrence=2, **named
    )

    assert "Install." in read["body"]
    assert " ".join((await ada.read("getConfluencePage", **named))["body"].split()) == (
        "# Linux ## Set-up Unpack. # Windows ## Set-up New."
    )


async def test_a_section_that_is_not_there_is_answered_with_those_that_are(
    ada: User, page_id: PageId
) -> None:
    with pytest.raises(InvalidArgument, match=r"Headings: .*Milestones"):
        await ada.call("getConfluencePage", pageId=page_id("Release plan"), section="Weather")


async def test_a_section_has_no_storage_format(ada: User) -> None:
    with pytest.raises(InvalidArgument, match="markdown or adf"):
        await ada.call("getConfluencePage", pageId="1", section="x", contentFormat="storage")

    assert ada.api.requests == []


async def test_adf_that_is_too_long_is_refused_but_a_section_of_it_is_not(ada: User) -> None:
    number = await long_page(ada, 350)

    with pytest.raises(TooLarge, match="one section of it"):
        await ada.call("getConfluencePage", pageId=number, contentFormat="adf")
    read = await ada.read(
        "getConfluencePage", pageId=number, contentFormat="adf", section="Chapter 3"
    )

    assert len(read["body"]["content"]) == 9


@pytest.mark.parametrize("body_format", [None, "storage"])
async def test_a_part_written_back_as_the_whole_is_refused(
    ada: User, body_format: str | None
) -> None:
    more = {} if body_format is None else {"contentFormat": body_format}
    number = await long_page(ada)
    part = await ada.read("getConfluencePage", pageId=number, **more)
    body = part["body"].replace("at six", "at five", 1)

    with pytest.raises(InvalidArgument, match="only a part of it"):
        await ada.call("updateConfluencePage", pageId=number, body=body, **more)

    assert "PUT" not in {sent.method for sent in ada.api.requests}


@pytest.mark.parametrize(
    ("body", "cut"),
    [
        (lambda whole: whole[: parts.LONGEST], True),
        (lambda whole: whole[: parts.LONGEST] + "And more." * 100, True),
        (lambda whole: whole, False),
        (lambda whole: whole.replace("six", "five"), False),
        (lambda whole: whole[5000:], False),
        (lambda whole: whole[:-100], False),
        (lambda _: "Short.", True),
    ],
)
def test_what_lacks_the_rest_is_told_from_an_edit(body: Callable[[str], str], *, cut: bool) -> None:
    whole = long_text(80)

    assert parts.is_cut(whole, body(whole)) is cut
    assert not parts.is_cut("Short.", "")


async def test_the_rest_of_a_long_page_goes_where_that_is_allowed(ada: User) -> None:
    number = await long_page(ada)

    saved = await ada.read("updateConfluencePage", pageId=number, body="Short.", allowLoss=True)

    assert saved["version"] == 2


async def test_a_line_without_an_end_is_cut_all_the_same(ada: User) -> None:
    page = await ada.read(
        "createConfluencePage", spaceId="DEMO", title="One line", body="x" * 150_000
    )

    read = await ada.read("getConfluencePage", pageId=page["id"])

    assert read["nextStart"] == parts.LONGEST


async def test_a_long_page_as_a_resource_says_how_to_read_on(ada: User) -> None:
    number = await long_page(ada)

    text = await confluence_page.run(ada.client, id=number)

    assert isinstance(text, str)
    assert len(text) < parts.LONGEST + 1000
    assert "nextStart" in text


async def test_an_old_version_is_read(ada: User, page_id: PageId) -> None:
    number = page_id("Release plan")

    read = await ada.read("getConfluencePage", pageId=number, version=1)

    assert read["version"] == 1
    assert read["status"] == "historical"
    assert "Ship version 2 of the booking page." in read["body"]
    with pytest.raises(NotFound, match="has no version 9, only 1 to 3"):
        await ada.call("getConfluencePage", pageId=number, version=9)
    with pytest.raises(NotFound, match="no page or blog post 1 "):
        await ada.call("getConfluencePage", pageId="1", version=9)


async def test_long_bodies_leave_the_event_loop_free(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[threading.Thread] = set()
    convert = bodies.text

    def noted(adf: Mapping[str, Any]) -> str:
        threads.add(threading.current_thread())
        return convert(adf)

    number = await long_page(ada)
    monkeypatch.setattr(bodies, "text", noted)
    await ada.call("getConfluencePage", pageId=number)
    assert threading.main_thread() not in threads
    assert threads

    threads.clear()
    short = await ada.read("createConfluencePage", spaceId="DEMO", title="Short", body="x")
    await ada.call("getConfluencePage", pageId=short["id"])
    assert threads == {threading.main_thread()}


async def test_only_long_work_is_done_aside() -> None:
    assert await bodies.aside(bodies.LARGE, threading.current_thread) is threading.main_thread()
    other = await bodies.aside(bodies.LARGE + 1, threading.current_thread)
    assert other is not threading.main_thread()


async def test_many_short_bodies_are_long_together(monkeypatch: pytest.MonkeyPatch) -> None:
    value = json.dumps(
        {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": "y" * 4000}]}],
        }
    )
    items = [{"body": {"atlas_doc_format": {"value": value}}}] * 20
    sent: list[object] = []
    real = asyncio.to_thread

    async def to_thread(work: Any, *given: Any) -> Any:
        sent.append(work)
        return await real(work, *given)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)

    read = await bodies.read_all(items)

    assert len(sent) == 1
    assert [str(each).strip() for each in read] == ["y" * 4000] * 20


async def commented(user: User, number: str, *texts: str) -> None:
    for text in texts:
        await user.call("createConfluenceFooterComment", pageId=number, body=text)


async def test_long_comments_are_cut_and_fewer_at_a_time_are_not(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Glossary")
    await commented(ada, number, "x" * 60_000, "Short.", "y" * 60_000)

    answer = await ada.read("getConfluencePageFooterComments", pageId=number)
    one = await ada.read("getConfluencePageFooterComments", pageId=number, limit=1)

    assert [len(each["body"].strip()) for each in answer["comments"]] == [33_333, 6, 33_333]
    assert "33333 characters are cut; ask for fewer" in answer["note"]
    assert [len(each["body"].strip()) for each in one["comments"]] == [60_000]
    assert one["note"] is None


async def test_comments_that_are_too_long_as_adf_are_refused_together(
    ada: User, page_id: PageId
) -> None:
    number = page_id("Glossary")
    await commented(ada, number, "x" * 500_000, "y" * 500_000)

    with pytest.raises(TooLarge, match="ask for fewer with limit"):
        await ada.call("getConfluencePageFooterComments", pageId=number, contentFormat="adf")
    one = await ada.read(
        "getConfluencePageFooterComments", pageId=number, contentFormat="adf", limit=1
    )
    assert len(one["comments"]) == 1
