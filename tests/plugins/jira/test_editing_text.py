"""Editing texts: what an edit leaves alone stays as it is stored, and what goes is named."""

from typing import Any

import pytest
from fakes.jira_api import Sandbox

from telamon.plugin import InvalidArgument
from telamon_jira.writing import document, losses

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


async def test_an_edit_that_would_lose_something_is_refused_with_what_it_is(jira: Sandbox) -> None:
    before = await stored(jira, "DEMO-3")
    api = jira.api()
    with pytest.raises(InvalidArgument) as refusal:
        await jira.call(
            "editJiraIssue",
            {"issueIdOrKey": "DEMO-3", "fields": {"description": "Short", "summary": "x"}},
            api=api,
        )
    for part in ("mention: @Ben Example", "medium: cart.png", "description: panel", "allowLoss"):
        assert part in str(refusal.value)
    assert {request.method for request in api.requests} == {"GET"}
    assert await stored(jira, "DEMO-3") == before


async def test_what_an_edit_may_drop_is_named(jira: Sandbox) -> None:
    await edit(jira, "DEMO-7", description=DOCUMENT)
    fields = {"description": "First"}
    with pytest.raises(InvalidArgument, match="description: macro: extension burndown"):
        await edit(jira, "DEMO-7", **fields)
    answer = await jira.call(
        "editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": fields, "allowLoss": True}
    )
    assert len(answer["dropped"]) == 1
    assert answer["dropped"][0].startswith("description: macro")


@pytest.mark.parametrize("value", [None, {"type": "doc", "version": 1, "content": []}, ""])
@pytest.mark.parametrize("field", ["description", "customfield_10051"])
async def test_emptying_a_text_counts_what_goes_with_it(
    jira: Sandbox, field: str, value: Any
) -> None:
    there = {"issueIdOrKey": "DEMO-4", "fields": {field: DOCUMENT}, "allowLoss": True}
    await jira.call("editJiraIssue", there)
    with pytest.raises(InvalidArgument, match=f"{field}: macro"):
        await edit(jira, "DEMO-4", **{field: value})
    answer = await jira.call(
        "editJiraIssue", {"issueIdOrKey": "DEMO-4", "fields": {field: value}, "allowLoss": True}
    )
    assert "macro" in answer["dropped"][0]


async def test_emptying_a_field_without_text_loses_nothing(jira: Sandbox) -> None:
    answer = await edit(jira, "DEMO-4", customfield_10016=None, environment=None)
    assert "dropped" not in answer


async def test_panels_and_expands_are_kept_or_named(jira: Sandbox) -> None:
    expand = {"type": "expand", "attrs": {"title": "More"}, "content": [paragraph("in")]}
    panel = {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph("note")]}
    body: dict[str, Any] = {
        "type": "doc",
        "version": 1,
        "content": [panel, panel, expand, paragraph("End")],
    }
    await edit(jira, "DEMO-7", description=body)
    text = await read(jira, "DEMO-7")
    await edit(jira, "DEMO-7", description=text.replace("End", "The end"))
    assert (await stored(jira, "DEMO-7"))["content"][:3] == body["content"][:3]
    with pytest.raises(InvalidArgument, match=r"description: panel \(2 times\)\."):
        await edit(jira, "DEMO-7", description="The end")


async def test_a_text_that_is_too_deep_to_compare_is_not_overwritten(jira: Sandbox) -> None:
    deep: dict[str, Any] = paragraph("deep")
    for _ in range(3000):
        deep = {"type": "blockquote", "content": [deep]}
    with pytest.raises(InvalidArgument, match="cannot be edited"):
        await losses({"type": "doc", "version": 1, "content": [deep]}, None)


async def test_a_step_loses_no_text_either(jira: Sandbox) -> None:
    await edit(jira, "DEMO-7", description=DOCUMENT)
    step: dict[str, Any] = {"issueIdOrKey": "DEMO-7", "transition": {"name": "Start work"}}
    for texts in (
        {"fields": {"description": "gone"}},
        {"update": {"description": [{"set": "gone"}]}},
    ):
        with pytest.raises(InvalidArgument, match="description: macro"):
            await jira.call("transitionJiraIssue", {**step, **texts})
    with pytest.raises(InvalidArgument, match="description in fields or update, not in both"):
        await jira.call(
            "transitionJiraIssue",
            {**step, "fields": {"description": "a"}, "update": {"description": [{"set": "b"}]}},
        )


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
    gone = {"issueIdOrKey": "DEMO-3", "commentId": newest["id"], "commentBody": "gone"}
    with pytest.raises(InvalidArgument, match="mention: @Ben Example"):
        await jira.call("addCommentToJiraIssue", gone)
    again = await jira.call("addCommentToJiraIssue", {**gone, "allowLoss": True})
    assert "mention" in again["dropped"][0]


async def test_the_text_of_a_work_log_is_edited_likewise(jira: Sandbox) -> None:
    where = {"issueIdOrKey": "DEMO-7", "timeSpent": "1h"}
    body = {"type": "doc", "version": 1, "content": [paragraph("First"), MACRO]}
    api = jira.api()
    made = await api.post(
        "/rest/api/3/issue/{issueIdOrKey}/worklog",
        {"timeSpent": "1h", "comment": body},
        issueIdOrKey="DEMO-7",
    )
    entry = {**where, "worklogId": made["id"]}
    page = await jira.call("listJiraIssueWorklogs", {"issueIdOrKey": "DEMO-7"})
    text = page["worklogs"][-1]["comment"]
    changed = await jira.call(
        "addWorklogToJiraIssue", {**entry, "commentBody": text.replace("First", "Firstly")}
    )
    assert changed["comment"].startswith("Firstly\n")
    for gone in ("Firstly", ""):
        with pytest.raises(InvalidArgument, match="macro: extension burndown"):
            await jira.call("addWorklogToJiraIssue", {**entry, "commentBody": gone})
    kept = await jira.call("addWorklogToJiraIssue", entry)
    assert "adf ref=" in kept["comment"]
    emptied = await jira.call(
        "addWorklogToJiraIssue", {**entry, "commentBody": "", "allowLoss": True}
    )
    assert "comment" not in emptied
    assert emptied["dropped"] == ["macro: extension burndown"]


@pytest.mark.parametrize("estimate", [{"adjustEstimate": "new"}, {"newEstimate": "1h"}])
async def test_a_new_estimate_is_said_in_full(jira: Sandbox, estimate: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match="newEstimate together with"):
        await jira.call(
            "addWorklogToJiraIssue", {"issueIdOrKey": "DEMO-7", "timeSpent": "1h", **estimate}
        )


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


async def test_a_text_that_was_cut_is_not_written_back_as_if_it_were_the_whole(
    jira: Sandbox,
) -> None:
    await edit(jira, "DEMO-7", description="x" * 30_000)
    page = await jira.call("searchJiraIssuesUsingJql", {"jql": "project = DEMO"})
    cut = next(one for one in page["issues"] if one["key"] == "DEMO-7")["fields"]["description"]
    with pytest.raises(InvalidArgument, match="only the beginning was shown"):
        await edit(jira, "DEMO-7", description=f"New words.\n\n{cut}")
    assert await read(jira, "DEMO-7") == "x" * 30_000
