"""The operator's policy on a whole server: what the person is shown, what a client then reaches."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from flows.test_scopes import call, client_of, connected

from telamon.demo.browser import Browser
from telamon.demo.clients import ProtocolError, StatelessClient
from telamon.demo.journey import Journey
from telamon.demo.running import demo

POLICY: Mapping[str, Any] = {
    "access": ["read", "write", "delete"],
    "products": {
        "jira": {"only_in": ["DEMO"]},
        "confluence": {"access": ["read"], "only_in": ["TEAM"]},
    },
}


@asynccontextmanager
async def limited() -> AsyncIterator[tuple[Journey, str]]:
    """Sign in as Ada, who sees everything, on a server with :data:`POLICY`."""
    async with (
        demo(0, policy=POLICY) as telamon,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        yield await connected(http, telamon.settings.public_url), telamon.settings.public_url


def text(answer: Mapping[str, Any]) -> str:
    return str(answer["content"][0]["text"])


async def written(journey: Journey, home: str) -> list[str]:
    """Which writes have reached the emulated Atlassian."""
    async with journey.http.get(f"{home}/_atlassian/_sandbox/requests") as answer:
        asked = (await answer.json())["requests"]
    return [
        f"{each['method']} {each['path']}"
        for each in asked
        if each["product"] and each["method"] != "GET" and "/search" not in each["path"]
    ]


@pytest.mark.row("SEC-G08")
async def test_only_the_allowed_projects_and_spaces_are_reached() -> None:
    async with limited() as (journey, home):
        page = await Browser(journey.http, home).open(journey.authorize_url()[0])
        assert "Only in the projects DEMO" in page.text
        assert "Only in the spaces TEAM" in page.text
        assert "write:page:confluence" not in page.text

        everything = await call(
            journey, "searchJiraIssuesUsingJql", jql="project = SEC OR key != OPS-1", maxResults=50
        )
        assert '"DEMO-' in text(everything)
        assert '"OPS-' not in text(everything)
        assert '"SEC-' not in text(everything)
        inside = await call(journey, "getJiraIssue", issueIdOrKey="DEMO-1")
        assert not inside.get("isError")
        for tool, arguments in (
            ("getJiraIssue", {"issueIdOrKey": "OPS-1"}),
            ("addCommentToJiraIssue", {"issueIdOrKey": "OPS-1", "commentBody": "x"}),
            ("deleteJiraIssue", {"issueIdOrKey": "OPS-1"}),
            ("fetch", {"id": "https://ferry.example.com/browse/OPS-1"}),
        ):
            refused = await call(journey, tool, **arguments)
            assert refused.get("isError"), tool
        assert await written(journey, home) == []

        spaces = await call(journey, "getConfluenceSpaces")
        assert '"key":"TEAM"' in text(spaces)
        assert text(spaces).count('"key":') == 1
        client = client_of(journey)
        uri = f"jira://{journey.state['resource'].split('/')[2]}/issue/OPS-1"
        with pytest.raises(ProtocolError):
            await client.call("resources/read", {"uri": uri})


async def test_a_product_that_is_for_reading_has_no_writing_tools() -> None:
    async with limited() as (journey, home):
        url, token = journey.state["resource"], journey.state["pair"]["access_token"]
        client = StatelessClient(journey.http, f"{url}?tools=all", token)
        names = {tool["name"] for tool in (await client.call("tools/list"))["tools"]}
        assert {"getConfluencePage", "editJiraIssue", "deleteJiraIssue"} <= names
        assert not {"updateConfluencePage", "createConfluencePage"} & names
        with pytest.raises(ProtocolError, match="Unknown tool"):
            await call(journey, "createConfluencePage", spaceId="1", title="x", body="y")
        assert await written(journey, home) == []
