"""What a revocation ends, from outside, on a running server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from fakes.demo_process import Demo, running_demo
from fakes.mcp_client import Client, call, initialize, read_event, request

from telamon.demo.journey import Journey

AT_MOST = 35.0


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def signed_in(http: aiohttp.ClientSession, demo: Demo) -> Journey:
    journey = Journey(http=http, home=demo.home, say=lambda *_: None)
    await journey.discover()
    await journey.register()
    await journey.sign_in()
    await journey.redeem()
    return journey


async def refresh(http: aiohttp.ClientSession, journey: Journey) -> tuple[int, Any]:
    fields = {
        "grant_type": "refresh_token",
        "client_id": journey.state["client_id"],
        "refresh_token": journey.state["pair"]["refresh_token"],
    }
    async with http.post(journey.state["server"]["token_endpoint"], data=fields) as answer:
        return answer.status, await answer.json()


@pytest.mark.row("SEC-V01", "SEC-V06", "SEC-N17", "R8")
async def test_a_revoked_connection_loses_its_streams_and_another_keeps_them(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    gone, kept = await signed_in(http, demo), await signed_in(http, demo)
    clients = [
        Client(http, demo.sse, journey.state["pair"]["access_token"]) for journey in (gone, kept)
    ]
    async with clients[0].listening() as ended, clients[1].listening() as goes_on:
        addresses = []
        for stream in (ended, goes_on):
            first = await read_event(stream)
            assert first is not None
            addresses.append(f"{demo.home}{first.data}")
        await gone.revoke()
        async with asyncio.timeout(AT_MOST):
            while await read_event(ended) is not None:
                pass
        assert (await clients[0].post(request("ping"), addresses[0])).status == 401
        assert (await clients[1].post(initialize("2024-11-05"), addresses[1])).status == 202
        answer = await read_event(goes_on)
        assert answer is not None
        assert answer.message["result"]["serverInfo"]["name"] == "telamon"
    status, said = await refresh(http, gone)
    assert (status, said["error"]) == (400, "invalid_grant")
    assert (await refresh(http, kept))[0] == 200


@pytest.mark.row("SEC-U12", "SEC-U17", "SEC-T31", "R13")
async def test_when_the_app_is_removed_at_atlassian_everything_asks_for_a_new_sign_in(
    demo: Demo, http: aiohttp.ClientSession
) -> None:
    journey = await signed_in(http, demo)
    client = Client(http, demo.mcp, journey.state["pair"]["access_token"])
    read = call("getJiraIssue", issueIdOrKey="DEMO-1")
    assert (await client.modern(read)).result["isError"] is False
    demo.switch(revoke_app=True, expire_access_tokens=True)
    try:
        told = await client.modern(read)
        assert told.status == 401 or "sign in" in told.text.lower()
        async with asyncio.timeout(AT_MOST):
            while (again := await client.modern(read)).status != 401:
                assert again.result["isError"] is True
        assert 'error="invalid_token"' in again.headers["WWW-Authenticate"]
        status, said = await refresh(http, journey)
        assert (status, said["error"]) == (400, "invalid_grant")
        anew = await signed_in(http, demo)
        fresh = Client(http, demo.mcp, anew.state["pair"]["access_token"])
        assert (await fresh.modern(read)).result["isError"] is False
    finally:
        demo.switch(reset=True)
