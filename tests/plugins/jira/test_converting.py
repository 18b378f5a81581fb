"""Large documents are converted beside the event loop, small ones at once."""

import asyncio
import threading
from typing import Any

import pytest
from fakes.jira_api import Sandbox

from telamon_jira import converting, writing
from telamon_jira.client import Jira
from telamon_jira.tools.search import issue_page
from telamon_jira.wanted import Wanted


def body(size: int) -> dict[str, Any]:
    text = {"type": "text", "text": "word " * (size // 5)}
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}


@pytest.mark.parametrize(("size", "elsewhere"), [(1_000, False), (70_000, True)])
async def test_a_thread_converts_what_is_large(size: int, *, elsewhere: bool) -> None:
    here = threading.get_ident()
    for weighed in (body(size), [body(size // 10) for _ in range(10)], "x" * size):
        there = await converting.converted(threading.get_ident, weighed)
        assert (there != here) is elsewhere


def test_many_small_values_are_large_too() -> None:
    assert converting.larger([1] * 5000, converting.LARGE)
    assert not converting.larger({"a": [1, None, True, {"b": "c"}]}, 1000)


@pytest.mark.parametrize(("size", "waits"), [(1_000, False), (100_000, True)])
async def test_others_are_served_while_a_page_with_a_large_text_is_converted(
    jira: Sandbox, size: int, *, waits: bool
) -> None:
    client = Jira(api=jira.api(), settings=jira.settings)
    served: list[str] = []
    asyncio.get_running_loop().call_soon(served.append, "somebody else")
    raw = {"key": "A-1", "id": "1", "fields": {"description": body(size)}}
    page = await issue_page(client, {"issues": [raw]}, Wanted(given=("description",)))
    assert bool(served) is waits
    assert len(page["issues"][0]["fields"]["description"]) >= size - 5


async def test_a_large_text_is_written_and_read_back(jira: Sandbox) -> None:
    text = "\n\n".join(f"Paragraph {number} of **many**." for number in range(4000))
    assert converting.larger(text, converting.LARGE)
    await jira.call("editJiraIssue", {"issueIdOrKey": "DEMO-7", "fields": {"description": text}})
    shown = await jira.call("getJiraIssue", {"issueIdOrKey": "DEMO-7"})
    assert shown["fields"]["description"] == text
    assert await writing.losses(body(100_000), body(10)) == []
