"""What the tool lists of the real products cost a model's context."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from telamon.demo.clients import StatelessClient
from telamon.demo.journey import Journey
from telamon.demo.running import demo

ACCESS = {"access": ["read", "write", "delete", "manage"]}
DEFAULT_BYTES = 32 * 1024
ALL_BYTES = 90 * 1024


@pytest.fixture
async def journey() -> AsyncIterator[Journey]:
    """Somebody with every scope there is."""
    async with (
        demo(0, policy=ACCESS) as telamon,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        found = Journey(http=http, home=telamon.settings.public_url, say=lambda *_: None)
        await found.discover()
        await found.register()
        await found.sign_in()
        await found.redeem()
        yield found


async def listed(journey: Journey, query: str) -> list[dict[str, Any]]:
    url, token = journey.state["resource"] + query, journey.state["pair"]["access_token"]
    tools: list[dict[str, Any]] = (
        await StatelessClient(journey.http, url, token).call("tools/list")
    )["tools"]
    return tools


def size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize(("query", "most"), [("", DEFAULT_BYTES), ("?tools=all", ALL_BYTES)])
async def test_a_tool_list_leaves_room_for_work(journey: Journey, query: str, most: int) -> None:
    tools = await listed(journey, query)
    longest = sorted(((size(tool), tool["name"]) for tool in tools), reverse=True)
    assert {"getJiraIssue", "getConfluencePage"} <= {name for _, name in longest}
    assert size(tools) <= most, "\n".join(f"{n:5} {name}" for n, name in longest)
