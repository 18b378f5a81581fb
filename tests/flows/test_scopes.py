"""Scopes, from a plugin's declaration to the consent page, the token, the step-up."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.wheels import installed, wheels

from telamon.demo.browser import Browser
from telamon.demo.clients import ProtocolError, StatelessClient
from telamon.demo.journey import Journey
from telamon.demo.running import demo

__all__ = ["installed", "wheels"]
READING = "read:jira-work"


def quiet(_step: str, _outcome: str) -> None:
    pass


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def connected(
    http: aiohttp.ClientSession, home: str, *, scope: str | None = None, person: str = "Ada"
) -> Journey:
    journey = Journey(http=http, home=home, say=quiet, person=person)
    await journey.discover()
    if scope is not None:
        journey.state["scope"] = scope
    await journey.register()
    await journey.sign_in()
    await journey.redeem()
    return journey


def client_of(journey: Journey) -> StatelessClient:
    token = journey.state["pair"]["access_token"]
    return StatelessClient(journey.http, journey.state["resource"], token)


async def call(journey: Journey, tool: str, **arguments: Any) -> dict[str, Any]:
    return await client_of(journey).call("tools/call", {"name": tool, "arguments": arguments})


@pytest.mark.row("R18")
async def test_an_enabled_plugin_brings_its_tools_and_its_scopes_to_the_consent_page(
    installed: Path, http: aiohttp.ClientSession
) -> None:
    async with demo(0, ("marbles",)) as telamon:
        home = telamon.settings.public_url
        journey = Journey(http=http, home=home, say=quiet)
        await journey.discover()
        assert journey.state["scope"] == "read:marbles"
        await journey.register()
        page = await Browser(http, home).open(journey.authorize_url()[0])
        assert "read the marbles" in page.text.lower()
        assert "confluence" not in page.text.lower()
        await journey.sign_in()
        await journey.redeem()
        tools = (await client_of(journey).call("tools/list"))["tools"]
        assert "getMarble" in {tool["name"] for tool in tools}
        answer = await call(journey, "getMarble", key="blue")
        assert answer["content"][0]["text"] == "blue"


@pytest.mark.row("R16", "SEC-N18")
async def test_a_client_can_ask_for_more_and_keeps_what_it_had(
    http: aiohttp.ClientSession,
) -> None:
    async with demo(0) as telamon:
        home = telamon.settings.public_url
        journey = await connected(http, home, scope=READING)
        listed = {t["name"] for t in (await client_of(journey).call("tools/list"))["tools"]}
        assert "getJiraIssue" in listed
        assert "createJiraIssue" not in listed
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": "addCommentToJiraIssue",
                "arguments": {"issueIdOrKey": "DEMO-1", "commentBody": "Hello"},
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientCapabilities": {},
                },
            },
        }
        headers = {
            "Authorization": f"Bearer {journey.state['pair']['access_token']}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": "addCommentToJiraIssue",
        }
        async with http.post(journey.state["resource"], json=body, headers=headers) as refused:
            assert refused.status == 403
            challenge = refused.headers["WWW-Authenticate"]
        assert 'error="insufficient_scope"' in challenge
        needed = re.search(r'scope="([^"]+)"', challenge)
        assert needed is not None
        assert "write:jira-work" in needed[1].split()
        before = client_of(journey)
        journey.state["scope"] = f"{READING} {needed[1]}"
        await journey.sign_in()
        await journey.redeem()
        answer = await call(
            journey, "addCommentToJiraIssue", issueIdOrKey="DEMO-1", commentBody="Hello"
        )
        assert not answer.get("isError")
        # The first token still does what it did.
        assert (await before.call("tools/list"))["tools"]


@pytest.mark.row("R4")
async def test_what_the_user_unticks_the_token_does_not_get(http: aiohttp.ClientSession) -> None:
    async with demo(0) as telamon:
        journey = Journey(http=http, home=telamon.settings.public_url, say=quiet)
        await journey.discover()
        await journey.register()
        journey.untick = frozenset({"write:jira-work"})
        await journey.sign_in()
        await journey.redeem()
        listed = {t["name"] for t in (await client_of(journey).call("tools/list"))["tools"]}
        assert "getJiraIssue" in listed
        assert "createConfluencePage" in listed
        assert "createJiraIssue" not in listed


@pytest.mark.row("R14", "SEC-G04", "SEC-N07")
async def test_two_users_calling_at_once_never_see_each_other(
    http: aiohttp.ClientSession,
) -> None:
    async with (
        demo(0) as telamon,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as other,
    ):
        home = telamon.settings.public_url
        ada = await connected(http, home)
        ben = await connected(other, home, person="Ben")
        names = {"Ada Example": ada, "Ben Example": ben}

        at_once = {
            name: asyncio.Semaphore(telamon.settings.limits.concurrent_calls) for name in names
        }

        async def ask(name: str) -> tuple[str, str]:
            async with at_once[name]:
                answer = await call(names[name], "atlassianUserInfo")
            return name, answer["content"][0]["text"]

        answers = await asyncio.gather(*(ask(name) for name in names for _ in range(100)))
        for name, text in answers:
            (foreign,) = set(names) - {name}
            assert name in text
            assert foreign not in text


@pytest.mark.row("R5")
async def test_a_token_of_nobody_is_refused(http: aiohttp.ClientSession) -> None:
    async with demo(0) as telamon:
        home = telamon.settings.public_url
        client = StatelessClient(http, f"{home}/v1/mcp", "tlm_at_made-up")
        with pytest.raises(ProtocolError):
            await client.call("tools/list")
