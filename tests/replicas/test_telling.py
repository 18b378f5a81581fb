"""Revocations and changes of lists reach whoever listens at any replica, outages included."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from conftest import FakeClock
from fakes.mcp_client import Client, Event, read_event, request
from fakes.postgres import Postgres
from fakes.replica_pair import SECOND, Pair, Replica, eventually

from telamon.endpoint.subscriptions import ListKind
from telamon.storage import Storage

pytestmark = pytest.mark.postgres
FAMILY = "family-x"
KINDS: tuple[ListKind, ...] = ("resources", "tools", "prompts")
LISTEN = request(
    "subscriptions/listen",
    {"notifications": {"toolsListChanged": True, "promptsListChanged": True}},
)


async def ends(stream: aiohttp.ClientResponse) -> bool:
    """Whether the stream ends within a second; a listening request is cut and not finished."""
    with suppress(aiohttp.ClientError):
        async with asyncio.timeout(SECOND):
            while await read_event(stream) is not None:
                pass
    return True


@asynccontextmanager
async def three_streams(
    client: Client, replica: Replica
) -> AsyncIterator[list[aiohttp.ClientResponse]]:
    """One open stream of each kind at *replica*."""
    async with AsyncExitStack() as stack:
        mine = replica.at(client)
        await mine.start()
        old = replica.at(client, "/v1/sse")
        streams = [
            await stack.enter_async_context(opening)
            for opening in (mine.listening(), old.listening(), mine.sent_modern(LISTEN))
        ]
        for stream in streams[1:]:
            assert await read_event(stream) is not None
        yield streams


@asynccontextmanager
async def deaf(storage: Storage, postgres: Postgres) -> AsyncIterator[None]:
    """Let a replica hear nothing from the others within the block, and find so out behind it."""
    notifications = storage.notifications
    connect, allowed = notifications._connect, asyncio.Event()

    async def later() -> Any:
        await allowed.wait()
        return await connect()

    notifications._connect = later  # type: ignore[method-assign]
    name = storage._database.engine.url.database
    postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - a test's own
        "WHERE query LIKE 'LISTEN%' "
        f"AND datname = '{name}'"
    )
    await eventually(lambda: not notifications.connected)
    yield
    allowed.set()
    await eventually(lambda: notifications.connected)


@pytest.mark.row("SEC-P17", "SEC-V01", "SEC-N17")
@pytest.mark.parametrize("how", ["family", "access token", "surplus"])
async def test_a_revocation_ends_every_stream_of_every_replica_within_a_second(
    replicas: Pair, client: Client, how: str
) -> None:
    here, there = replicas
    client.token = await here.server.token(family=FAMILY)
    stays = there.at(client)
    stays.token = await here.server.token(client="client-2")
    async with (
        three_streams(client, here) as ours,
        three_streams(client, there) as theirs,
        three_streams(stays, there) as others,
    ):
        storage, now = here.server.storage, here.server.clock()
        match how:
            case "family":
                await storage.tokens.revoke_family(FAMILY, "by a test", now)
            case "access token":
                await storage.tokens.revoke_access(str(client.token))
            case _:
                await storage.tokens.keep_newest("ada", "client-1", 0, now)
        assert all(await asyncio.gather(*(ends(stream) for stream in [*ours, *theirs])))
        await here.server.endpoint.changes.publish("tools")
        for stream in others:
            assert await read_event(stream) is not None
    assert (await there.at(client).modern(request("tools/list"))).status == 401


@pytest.mark.row("SEC-P17")
async def test_a_token_that_another_replica_has_just_used_is_refused_within_a_second(
    replicas: Pair, client: Client, clock: FakeClock
) -> None:
    here, there = replicas
    client.token = await here.server.token(family=FAMILY)
    elsewhere = there.at(client)
    assert (await elsewhere.modern(request("tools/list"))).status == 200
    bearer = there.server.endpoint._bearer
    assert bearer._known
    await here.server.storage.tokens.revoke_family(FAMILY, "by a test", clock())
    await eventually(lambda: not bearer._known, SECOND)  # the clock stands still meanwhile
    assert (await elsewhere.modern(request("tools/list"))).status == 401


@pytest.mark.row("SEC-P17", "SEC-P06")
async def test_what_was_missed_in_an_outage_is_made_up_for(
    replicas: Pair, client: Client, postgres: Postgres, clock: FakeClock
) -> None:
    here, there = replicas
    client.token = await here.server.token(family=FAMILY)
    stays = there.at(client)
    stays.token = await here.server.token(client="client-2")
    await stays.start()
    deleted = there.at(stays)
    await deleted.start()
    await here.at(deleted).post(request("ping"))
    async with three_streams(client, there) as streams, stays.listening() as listening:
        async with deaf(there.server.storage, postgres):
            await here.server.storage.tokens.revoke_family(FAMILY, "by a test", clock())
            await here.server.endpoint.changes.publish("prompts")
            level = request("logging/setLevel", {"level": "error"})
            assert (await here.at(stays).post(level)).status == 200
            ending = here.at(deleted)
            async with ending.http.delete(ending.url, headers=ending.headers()) as response:
                assert response.status == 204
        assert all(await asyncio.gather(*(ends(stream) for stream in streams)))
        told = await read_event(listening)
        assert told is not None
        assert told.message["method"] == "notifications/prompts/list_changed"
    sessions = there.server.endpoint._sessions
    await eventually(lambda: str(deleted.session) not in sessions._sessions, SECOND)
    kept = sessions._sessions[str(stays.session)]
    await eventually(lambda: kept.log_level == "error", SECOND)
    assert (await deleted.post(request("ping"))).status == 404


async def test_an_outage_in_which_nothing_happened_tells_nobody_anything(
    replicas: Pair, client: Client, postgres: Postgres
) -> None:
    here, there = replicas
    await there.at(client).start()
    await here.server.endpoint.changes.publish("tools")
    mine = there.at(client)
    await mine.start()
    async with mine.listening() as listening:
        async with deaf(there.server.storage, postgres):
            pass
        await there.server.tasks.drain(5)
        await here.server.endpoint.changes.publish("resources")
        told = await read_event(listening)
    assert told is not None
    assert told.message["method"] == "notifications/resources/list_changed"


async def test_a_letter_that_came_in_an_outage_is_taken_behind_it(
    replicas: Pair, client: Client, postgres: Postgres
) -> None:
    here, there = replicas
    old = here.at(client, "/v1/sse")
    async with old.listening() as stream:
        first = await read_event(stream)
        assert first is not None
        async with deaf(here.server.storage, postgres):
            elsewhere = there.at(client, str(first.data))
            posting = asyncio.ensure_future(elsewhere.post(request("ping")))
            crossing = there.server.endpoint._elsewhere.crossing
            await eventually(lambda: crossing._receipts)
        assert (await posting).status == 202
        answer = await read_event(stream)
    assert answer is not None
    assert answer.message["result"] == {}


@pytest.mark.row("MCP-C36", "MCP-C37")
async def test_a_changed_list_is_told_once_on_every_stream_that_asked(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    answer = await client.start()
    for kind in ("tools", "prompts", "resources"):
        assert answer.result["capabilities"][kind]["listChanged"] is True
    async with three_streams(client, here) as ours, three_streams(client, there) as theirs:
        for kind in KINDS:
            await there.server.endpoint.changes.publish(kind)
        told = [await methods(stream) for stream in (*ours, *theirs)]
    expected = [f"notifications/{kind}/list_changed" for kind in KINDS]
    assert told[0] == told[1] == told[3] == told[4] == expected
    assert told[2] == told[5] == expected[1:]


async def methods(stream: aiohttp.ClientResponse) -> list[str]:
    found: list[str] = []
    while not found or "prompts" not in found[-1]:
        event = await read_event(stream)
        assert isinstance(event, Event)
        found.append(event.message["method"])
    return found
