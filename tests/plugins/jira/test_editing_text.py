"""Editing texts: what an edit leaves alone stays as it is stored, and what goes is named."""

from typing import Any

import pytest
from fakes.jira_api import Sandbox

from telamon.plugin import InvalidArgument
from telamon_jira.writing import document

MACRO = {
    "type": "extension",
    "attrs": {
        "extensionType": "com.example.charts",
        "extensionKey": "burndown",
        "parameters": {"board": 1},
    },
}


def paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


DOCUMENT = {
    "type": "doc",
    "version": 1,
    "content": [paragraph("First"), MACRO, paragraph("Last")],
}


async def stored(jira: Sandbox, key: str, field: str = "description") -> Any:
    raw = await jira.api().get("/rest/api/3/issue/{issueIdOrKey}", issueIdOrKey=key)
    return raw["fields"][field]


async def read(jira: Sandbox, key: str, field: str = "description") -> str:
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": key, "fields": [field]})
    return str(shown["fields"][field])


async def edit(jira: Sandbox, key: str, **fields: Any) -> Any:
    return await jira.call("editJiraIssue", {"issueIdOrKey": key, "fields": fields})


async def test_an_edit_of_one_word_leaves_everything_else_as_it_was(jira: Sandbox) -> None:
    before = await stored(jira, "DEMO-3")
    text = await read(jira, "DEMO-3")
    answer = await edit(jira, "DEMO-3", description=text.replace("What happens", "What is wrong"))
    after = await stored(jira, "DEMO-3")
    assert "dropped" not in answer
    assert after["content"][0]["content"][0]["text"] == "What is wrong"
    assert after["content"][1:] == before["content"][1:]


async def test_writing_back_what_was_read_changes_nothing(jira: Sandbox) -> None:
    for key in ("DEMO-1", "DEMO-3", "DEMO-4"):
        before = await stored(jira, key)
        await edit(jira, key, description=await read(jira, key))
        assert await stored(jira, key) == before


async def test_a_macro_stays_by_its_reference(jira: Sandbox) -> None:
    await edit(jira, "DEMO-7", description=DOCUMENT)
    text = await read(jira, "DEMO-7")
    assert "adf ref=" in text
    assert "parameters" not in text
    await edit(jira, "DEMO-7", description=text.replace("First", "Firstly"))
    after = await stored(jira, "DEMO-7")
    assert after["content"] == [paragraph("Firstly"), MACRO, paragraph("Last")]


async def test_what_an_edit_drops_is_named(jira: Sandbox) -> None:
    await edit(jira, "DEMO-7", description=DOCUMENT)
    answer = await edit(jira, "DEMO-7", description="First")
    assert len(answer["dropped"]) == 1
    assert answer["dropped"][0].startswith("description: macro")


async def test_a_reference_to_nothing_is_refused_before_anything_is_written(
    jira: Sandbox,
) -> None:
    api = jira.api()
    text = "```adf ref=0a1b2c3d4e\nx\n```"
    with pytest.raises(InvalidArgument, match="has no block with the reference"):
        await jira.call(
            "editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": {"description": text}}, api=api
        )
    assert {request.method for request in api.requests} == {"GET"}


async def test_text_brings_in_no_macro(jira: Sandbox) -> None:
    text = '```adf\n{"type":"extension","attrs":{"extensionType":"x","extensionKey":"y"}}\n```'
    await edit(jira, "DEMO-7", description=text)
    assert "extension" not in {node["type"] for node in (await stored(jira, "DEMO-7"))["content"]}


async def test_a_text_area_is_edited_likewise(jira: Sandbox) -> None:
    area = "customfield_10051"
    before = await stored(jira, "DEMO-4", area)
    text = await read(jira, "DEMO-4", area)
    await edit(jira, "DEMO-4", **{area: text + "\n- Is fast"})
    after = await stored(jira, "DEMO-4", area)
    assert after["content"][0]["content"][:2] == before["content"][0]["content"]
    assert len(after["content"][0]["content"]) == 3


async def test_a_comment_is_edited_likewise(jira: Sandbox) -> None:
    page = await jira.call("listJiraIssueComments", {"issueIdOrKey": "DEMO-3"})
    newest = page["comments"][0]
    body = newest["body"].replace("shipping", "the shipping fee")
    answer = await jira.call(
        "addCommentToJiraIssue",
        {"issueIdOrKey": "DEMO-3", "commentId": newest["id"], "commentBody": body},
    )
    assert "dropped" not in answer
    comments = (await stored(jira, "DEMO-3", "comment"))["comments"]
    assert comments[-1]["body"]["content"][0]["content"][0]["type"] == "mention"
    assert "the shipping fee" in str(comments[-1]["body"])
    again = await jira.call(
        "addCommentToJiraIssue",
        {"issueIdOrKey": "DEMO-3", "commentId": newest["id"], "commentBody": "gone"},
    )
    assert "mention" in again["dropped"][0]


async def test_a_field_without_text_gets_its_first(jira: Sandbox) -> None:
    api = jira.api()
    await jira.call(
        "editJiraIssue",
        {"issueIdOrKey": "DEMO-7", "fields": {"environment": "here", "summary": "x"}},
        api=api,
    )
    assert [(r.method, r.query) for r in api.requests] == [
        ("GET", {"fields": "environment"}),
        ("PUT", {}),
    ]
    assert await read(jira, "DEMO-7", "environment") == "here"


def test_a_new_text_cannot_refer_to_a_block_of_another_one() -> None:
    with pytest.raises(InvalidArgument, match="exists only in the page it came from"):
        document("```adf ref=0000000000\nextension toc\n```")
