"""The MCP SDK's own Python client, with its own OAuth provider, on each revision."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import aiohttp
import httpx2
import pytest
from fakes.demo_process import Demo
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)

from telamon.demo.browser import Browser

REDIRECT = "http://localhost:3334/oauth/callback"


@dataclass
class Kept(TokenStorage):
    """Where the SDK keeps its tokens."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class User:
    """Clicks through the pages that the SDK opens, and hands back the answer."""

    home: str
    person: str = "ada"
    kept: Kept = field(default_factory=Kept)
    answer: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def open(self, url: str) -> None:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            browser = Browser(http, self.home)
            page = await browser.open(url)
            for _ in range(5):
                if page.location is not None:
                    break
                form = page.forms[0]
                chosen = form.labelled(self.person) | form.agreed()
                page = await browser.submit(page, form, **chosen)
            assert page.location is not None
            self.answer.put_nowait(page.location)

    async def result(self) -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(await self.answer.get()).query)
        return AuthorizationCodeResult(
            code=query["code"][0], state=query["state"][0], iss=query["iss"][0]
        )

    def provider(self, url: str) -> OAuthClientProvider:
        return OAuthClientProvider(
            url,
            OAuthClientMetadata.model_validate(
                {"client_name": "Python SDK", "redirect_uris": [REDIRECT]}
            ),
            self.kept,
            redirect_handler=self.open,
            callback_handler=self.result,
        )


async def use(client: Client) -> str:
    """List the tools and read an issue; returns the issue's text."""
    tools = {tool.name for tool in (await client.list_tools()).tools}
    assert {"getJiraIssue", "getConfluencePage", "atlassianUserInfo", "search"} <= tools
    result = await client.call_tool("getJiraIssue", {"issueIdOrKey": "DEMO-1"})
    assert not result.is_error
    (block,) = result.content
    assert block.type == "text"
    return block.text


@pytest.mark.parametrize(("mode", "revision"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_the_sdk_signs_in_and_reads_an_issue_over_streamable_http(
    demo: Demo, mode: str, revision: str
) -> None:
    user = User(demo.home)
    async with (
        httpx2.AsyncClient(auth=user.provider(demo.mcp), follow_redirects=True) as http,
        Client(streamable_http_client(demo.mcp, http_client=http), mode=mode) as client,
    ):
        assert client.protocol_version == revision
        assert "DEMO-1" in await use(client)
    assert user.kept.tokens is not None
    assert user.kept.tokens.refresh_token is not None


async def test_the_sdk_signs_in_and_reads_an_issue_over_http_and_sse(demo: Demo) -> None:
    user = User(demo.home)
    async with Client(sse_client(demo.sse, auth=user.provider(demo.sse)), mode="legacy") as client:
        assert "DEMO-1" in await use(client)


async def test_a_tool_acts_as_the_user_who_signed_in(demo: Demo) -> None:
    names = {}
    for person in ("ada", "ben"):
        user = User(demo.home, person)
        async with (
            httpx2.AsyncClient(auth=user.provider(demo.mcp)) as http,
            Client(streamable_http_client(demo.mcp, http_client=http)) as client,
        ):
            result = await client.call_tool("atlassianUserInfo", {})
            assert result.content[0].type == "text"
            names[person] = result.content[0].text
    assert "Ada Example" in names["ada"]
    assert "Ben Example" in names["ben"]
    assert "Ada" not in names["ben"]
