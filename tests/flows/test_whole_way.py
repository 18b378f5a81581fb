"""What the whole of it is for: from the first 401 to a second user, on one running server."""

import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from fakes.demo_process import Demo, running_demo

from telamon.demo.browser import Browser
from telamon.demo.clients import StatelessClient
from telamon.demo.journey import Journey


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


def quiet(_step: str, _outcome: str) -> None:
    pass


async def signed_in(http: aiohttp.ClientSession, demo: Demo, person: str = "Ada") -> Journey:
    """Return a journey that has its tokens."""
    journey = Journey(http=http, home=demo.home, say=quiet, person=person)
    await journey.discover()
    await journey.register()
    await journey.sign_in()
    await journey.redeem()
    return journey


async def text_of(journey: Journey, tool: str, **arguments: Any) -> tuple[str, bool]:
    """Call a tool; returns its text and whether it failed."""
    client = StatelessClient(
        journey.http, journey.state["resource"], journey.state["pair"]["access_token"]
    )
    result = await client.call("tools/call", {"name": tool, "arguments": arguments})
    return result["content"][0]["text"], bool(result.get("isError"))


@pytest.mark.row("R1", "R7")
async def test_each_user_sees_what_that_user_may_see(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    ada = await signed_in(http, demo)
    everything, _ = await text_of(ada, "getVisibleJiraProjects", action="view")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as other:
        ben = await signed_in(other, demo, "Ben")
        less, _ = await text_of(ben, "getVisibleJiraProjects", action="view")
    assert "DEMO" in everything
    assert "DEMO" in less
    assert len(less) < len(everything)


@pytest.mark.row("R1")
async def test_nobody_without_a_token_gets_anything(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    for method, url in (("POST", demo.mcp), ("GET", demo.mcp), ("GET", demo.sse)):
        async with http.request(method, url) as answer:
            assert answer.status == 401
            assert "resource_metadata=" in answer.headers["WWW-Authenticate"]


@pytest.mark.row("R6", "SEC-G02")
async def test_a_token_is_for_one_site_and_no_other_is_asked(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    ada = await signed_in(http, demo)
    sites, _ = await text_of(ada, "getAccessibleAtlassianResources")
    assert "demo-site" in sites
    assert "second-site" not in sites
    before = len(journal(demo))
    told, failed = await text_of(
        ada, "getJiraIssue", issueIdOrKey="DEMO-1", cloudId="second-site.example.com"
    )
    assert failed
    assert "site" in told
    assert len(journal(demo)) == before


@pytest.mark.row("R10")
async def test_starting_the_sign_in_again_works_and_nothing_is_half_done(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    abandoned = Journey(http=http, home=demo.home, say=quiet)
    await abandoned.discover()
    await abandoned.register()
    again = await signed_in(http, demo)
    _, failed = await text_of(again, "getJiraIssue", issueIdOrKey="DEMO-1")
    assert not failed


@pytest.mark.row("R8")
async def test_a_revoked_connection_needs_a_new_sign_in(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    journey = await signed_in(http, demo)
    await journey.revoke()
    again = await signed_in(http, demo)
    _, failed = await text_of(again, "getJiraIssue", issueIdOrKey="DEMO-1")
    assert not failed


@pytest.mark.row("R13")
async def test_what_a_tool_cannot_find_is_told_with_the_remedy(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    journey = await signed_in(http, demo)
    told, failed = await text_of(journey, "getJiraIssue", issueIdOrKey="DEMO-99999")
    assert failed
    assert "may not see" in told


@pytest.mark.row("R12")
async def test_a_permission_that_the_user_lacks_is_told_as_such(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    ben = await signed_in(http, demo, "Ben")
    _, failed = await text_of(ben, "getJiraIssue", issueIdOrKey="OPS-1")
    assert not failed
    told, failed = await text_of(
        ben, "addCommentToJiraIssue", issueIdOrKey="OPS-1", commentBody="Hello"
    )
    assert failed
    assert "lacks the permission" in told
    assert "site administrator" in told


async def test_every_page_of_ours_forbids_framing_and_script(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    browser = Browser(http, demo.home)
    for path in ("/", "/connections", "/authorize", "/site?t=none", "/no-such-page"):
        page = await browser.open(demo.home + path)
        if page.url.startswith(f"{demo.home}/_atlassian"):
            continue
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'none'" in policy
        assert page.headers["X-Frame-Options"] == "DENY"


def journal(demo: Demo) -> list[dict[str, Any]]:
    """Return what the sandbox was asked so far."""
    with urllib.request.urlopen(  # noqa: S310 - loopback
        f"{demo.home}/_atlassian/_sandbox/requests"
    ) as answer:
        found: list[dict[str, Any]] = json.load(answer)["requests"]
    return found
