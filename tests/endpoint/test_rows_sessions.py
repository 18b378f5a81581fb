"""Many clients with the same ids, the ids of sessions, and tokens of any kind."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from itertools import count
from string import ascii_letters, digits

import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import ADA_SITE, BEN_SITE, McpServer, mcp_server
from fakes.endpoint_workshop import Workshop, make_workshop
from fakes.mcp_client import Client, call, request

from telamon.endpoint.session import Session
from telamon.plugin import Site

CLIENTS = 500


@pytest.fixture
async def other(workshop: Workshop, clock: FakeClock) -> AsyncIterator[McpServer]:
    """Another process."""
    async with mcp_server([make_workshop(workshop)], clock=clock) as running:
        yield running


@pytest.mark.row("SEC-N07")
async def test_five_hundred_clients_with_one_id_get_their_own_answers(
    server: McpServer, other: McpServer, http: aiohttp.ClientSession
) -> None:
    servers = (server, other)
    at_once = asyncio.Semaphore(20)

    async def one(number: int) -> str:
        there = servers[number % 2]
        site = (ADA_SITE, BEN_SITE)[number // 2 % 2]
        message = call("echo", 1, text=f"for {number}")
        async with at_once:
            token = await there.token(account=f"user-{number // 4}", site=site)
            mine = Client(http, there.mcp, token)
            if number % 3:
                return (await mine.modern(message)).text
            await mine.start()
            return (await mine.post(message)).text

    texts = await asyncio.gather(*(one(number) for number in range(CLIENTS)))
    assert texts == [f"for {number}" for number in range(CLIENTS)]


def a_session(clock: FakeClock) -> Session:
    return Session(
        owner="ada", account_id="ada", version="2025-11-25", clock=clock, numbers=count(1)
    )


@pytest.mark.row("SEC-N08", "MCP-B19", "MCP-J2")
def test_session_ids_are_all_different_and_have_no_structure(clock: FakeClock) -> None:
    ids = [a_session(clock).id for _ in range(100_000)]
    assert len(set(ids)) == len(ids)
    assert {len(id_) for id_ in ids} == {43}
    alphabet = set(ascii_letters + digits + "-_")
    # At 43 places of 64 letters; the last one holds the four bits that are left of 256.
    for place in range(42):
        assert {id_[place] for id_ in ids} == alphabet
    beginnings = {id_[:8] for id_ in ids}
    assert len(beginnings) == len(ids)


@pytest.mark.row("SEC-T36")
@pytest.mark.parametrize(
    ("token", "statuses"),
    [
        ("tlm_at_" + "A" * 49, {401}),
        ("tlm_at_" + "A" * 6000, {401}),
        ("tlm_at_" + "A" * 1_000_000, {400, 431}),
        ("a b", {400}),
        ("é😀", {400}),
        ("", {400}),
    ],
)
async def test_a_strange_token_is_refused_and_the_server_goes_on(
    server: McpServer, client: Client, token: str, statuses: set[int]
) -> None:
    try:
        answer = await client.post(request("ping"), Authorization=f"Bearer {token}")
    except aiohttp.ClientOSError:  # the rest of a head that is too large is not read
        answer = None
    assert answer is None or answer.status in statuses
    assert server.events == []
    assert (await client.modern(request("tools/list"))).status == 200


@pytest.mark.row("SEC-N20", "SEC-N21", "SEC-G01", "MCP-D7")
async def test_a_call_without_a_token_of_ours_asks_nothing_of_atlassian(
    server: McpServer, client: Client
) -> None:
    foreign = await server.token(resource="https://other.example.com/v1/mcp")
    for token in (None, foreign, "ATATT3xFfGF0", "tlm_at_" + "A" * 49):
        client.token = token
        for message in (call("getToy", toyId="1"), call("search", query="x")):
            assert (await client.modern(message)).status == 401
    assert server.gateway.given == []
    assert server.events == []


@pytest.mark.row("SEC-G03", "SEC-G04", "MCP-C34")
async def test_with_every_cache_warm_each_caller_is_still_served_as_itself(
    server: McpServer, http: aiohttp.ClientSession
) -> None:
    async def caller(account: str, site: Site, *scopes: str) -> tuple[str, Site, Client]:
        token = await server.token(scopes or None, account=account, site=site)
        return account, site, Client(http, server.mcp, token)

    callers = [
        await caller("ada", ADA_SITE),
        await caller("ben", BEN_SITE),
        await caller("ada", BEN_SITE),
        await caller("carl", ADA_SITE, "read:toys"),
    ]

    async def one(account: str, site: Site, client: Client) -> None:
        listed = (await client.modern(request("tools/list"))).result["tools"]
        assert ("paintToy" in {tool["name"] for tool in listed}) is (account != "carl")
        sites = (await client.modern(call("getAccessibleAtlassianResources"))).text
        assert [each.cloud_id in sites for each in (ADA_SITE, BEN_SITE)] == [
            site == ADA_SITE,
            site == BEN_SITE,
        ]
        assert (await client.modern(call("getToy", toyId="1"))).status == 200

    await asyncio.gather(*(one(*each) for each in callers * 10))
    served = [(who.account_id, who.site, api.site) for who, _, api in server.gateway.given]
    assert Counter(served) == {(account, site, site): 10 for account, site, _ in callers}
