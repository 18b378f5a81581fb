"""Two people saving at once: the later one learns who was first, when, why, and what changed."""

from typing import Any

import pytest
from fakes.confluence_user import PageId, User

from telamon.plugin import Conflict
from telamon_confluence.conflicts import changed_headings, diff_lines
from telamon_confluence.sandbox.documents import doc, head, para

PLAN = "# Plan\n\nIntro.\n\n## Milestones\n\nMay.\n\n## Risks\n\nFog.\n\n## People\n\nAda."


async def plan(user: User) -> str:
    page = await user.read("createConfluencePage", spaceId="DEMO", title="Ours", body=PLAN)
    return str(page["id"])


async def test_who_saves_in_between_is_named_with_time_message_and_headings(
    ada: User, ben: User
) -> None:
    number = await plan(ada)

    async def save() -> None:
        await ben.call(
            "updateConfluencePage",
            pageId=number,
            body=PLAN.replace("Fog.", "Ice.").replace("## People", "## Crew"),
            versionMessage="Winter",
        )

    ada.api.before_put = save
    with pytest.raises(Conflict) as refused:
        await ada.call("updateConfluencePage", pageId=number, body=f"{PLAN}\n\nMine.")

    said = str(refused.value)
    saved = (await ada.read("getConfluencePage", pageId=number))["updatedAt"]
    assert f"the page is at version 2, saved by Ben Example at {saved} (Winter)." in said
    assert saved.endswith("Z")
    assert "Changed below: ## Risks, ## Crew." in said
    assert "-Fog.\n+Ice." in said
    assert "Mine." not in (await ada.read("getConfluencePage", pageId=number))["body"]


@pytest.mark.parametrize("body_format", ["storage", "adf", "markdown"])
async def test_an_edit_in_any_format_of_a_version_that_is_past_is_refused(
    ada: User, ben: User, body_format: str
) -> None:
    number = await plan(ada)
    await ben.call("updateConfluencePage", pageId=number, body=PLAN.replace("May", "June"))
    body = '{"type": "doc", "version": 1, "content": []}' if body_format == "adf" else "x"

    with pytest.raises(Conflict, match=r"Ben Example .*Changed below: ## Milestones\."):
        await ada.call(
            "updateConfluencePage",
            pageId=number,
            body=body,
            contentFormat=body_format,
            version=1,
        )


async def test_storage_that_was_overtaken_while_it_was_written_is_compared_too(
    ada: User, ben: User
) -> None:
    number = await plan(ada)

    async def save() -> None:
        await ben.call("updateConfluencePage", pageId=number, body=PLAN.replace("May", "June"))

    ada.api.before_put = save
    with pytest.raises(Conflict, match=r"-May\."):
        await ada.call(
            "updateConfluencePage", pageId=number, body="<p>Mine</p>", contentFormat="storage"
        )


async def test_a_section_edit_meets_the_same_refusal(ada: User, ben: User) -> None:
    number = await plan(ada)

    async def save() -> None:
        await ben.call(
            "updateConfluencePageSection", pageId=number, heading="Risks", body="Pirates."
        )

    ada.api.before_put = save
    with pytest.raises(Conflict, match=r"Ben Example .*Changed below: ## Risks\."):
        await ada.call("updateConfluencePageSection", pageId=number, heading="People", body="Cleo.")


async def test_a_comment_that_was_edited_in_between_is_not_overwritten(
    ada: User, page_id: PageId
) -> None:
    comment = await ada.read(
        "createConfluenceFooterComment", pageId=page_id("Glossary"), body="First."
    )
    named: dict[str, Any] = {"commentId": comment["id"], "commentType": "footer"}

    async def save() -> None:
        await ada.call("updateConfluenceComment", body="Second.", **named)

    ada.api.before_put = save
    with pytest.raises(Conflict) as refused:
        await ada.call("updateConfluenceComment", body="Third.", **named)

    said = str(refused.value)
    assert "the comment is at version 2, saved by Ada Example" in said
    assert "-First.\n+Second." in said


def test_texts_that_differ_in_too_much_are_not_compared() -> None:
    older = [f"line {at}" for at in range(6000)]

    assert diff_lines(older, [f"other {at}" for at in range(6000)]) is None
    assert diff_lines(older, [*older, "more"], around=0) == [
        "--- ",
        "+++ ",
        "@@ -6000,0 +6001 @@",
        "+more",
    ]
    assert diff_lines(older, older) == []


async def test_a_conflict_about_too_much_says_only_that(ada: User, ben: User) -> None:
    page = await ada.read("createConfluencePage", spaceId="DEMO", title="Long", body="x")
    number = page["id"]
    await ben.call(
        "updateConfluencePage", pageId=number, body="\n\n".join(f"l{at}" for at in range(3000))
    )

    with pytest.raises(Conflict, match="Too much changed meanwhile to show it"):
        await ada.call("updateConfluencePage", pageId=number, body="y", version=1)


def test_headings_are_named_where_something_came_went_or_changed() -> None:
    before = doc(para("Top"), head(1, "A"), para("a"), head(2, "B"), para("b"))
    after = doc(para("New top"), head(1, "A"), para("a!"), head(2, "C"), para("b"))

    assert changed_headings(before, after) == ["# A", "## C"]
    assert changed_headings(before, before) == []
    assert changed_headings(before, doc(*before["content"][:3])) == ["## B"]
    assert changed_headings({"type": "doc"}, before) == ["# A", "## B"]


def test_of_too_many_headings_none_is_named() -> None:
    many = doc(*(head(1, f"H{at}") for at in range(1001)))

    assert changed_headings(doc(), many) == []


async def test_a_version_that_is_gone_leaves_who_and_when(ada: User, ben: User) -> None:
    number = await plan(ada)
    await ben.call("updateConfluencePage", pageId=number, body="Other.")
    await ben.call("updateConfluencePage", pageId=number, body="Another.")
    state = ada.api.emulator._sites[ada.api.site.cloud_id]  # type: ignore[attr-defined]  # the emulator's own state
    del state.contents[int(number)].versions[0]

    with pytest.raises(Conflict, match=r"saved by Ben Example .*then repeat the edit\.$"):
        await ada.call("updateConfluencePage", pageId=number, body="x", version=1)
