"""A stream of HTTP+SSE at one replica, and messages for it that come to another."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from fakes.mcp_client import Client, call, initialize, read_event, request
from fakes.replica_pair import SECOND, Pair, eventually

from telamon.storage import StorageUnavailable

pytestmark = pytest.mark.postgres


@asynccontextmanager
async def opened(client: Client, sse: str) -> AsyncIterator[tuple[aiohttp.ClientResponse, str]]:
    """Open a stream; give it, and where to post to."""
    client.url = sse
    async with client.listening() as stream:
        first = await read_event(stream)
        assert first is not None
        assert first.data is not None
        yield stream, first.data


async def said(stream: aiohttp.ClientResponse) -> Any:
    event = await read_event(stream)
    assert event is not None
    return event.message


@pytest.mark.row("MCP-A6")
async def test_a_message_finds_its_way_to_the_replica_that_holds_the_stream(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    async with opened(client, here.server.sse) as (stream, path):
        elsewhere = there.at(client, path)
        for message in (
            initialize("2024-11-05", elicitation={}),
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
        ):
            assert (await elsewhere.post(message)).status == 202
        assert (await said(stream))["result"]["protocolVersion"] == "2024-11-05"
        large = "x" * 500_000
        assert (await elsewhere.post(call("echo", 1, text=large))).status == 202
        assert (await said(stream))["result"]["content"][0]["text"] == large
        assert (await elsewhere.post(request("tools/list", None, "2"))).status == 202
        assert len((await said(stream))["result"]["tools"]) > 3
        running = call("wait", 3)
        assert (await elsewhere.post(running)).status == 202
        await here.workshop.started.wait()
        again = await elsewhere.post(running)
        assert (again.status, again.last["id"]) == (400, 3)
        assert "still running" in again.error["message"]
        note = {
            "jsonrpc": "2.0",
            "method": "notifications/cancelled",
            "params": {"requestId": 3},
        }
        assert (await elsewhere.post(note)).status == 202
        assert (await said(stream))["error"]["code"] == -32800
    assert there.server.endpoint.sessions == 0


async def test_the_choice_of_tools_travels_with_the_message(replicas: Pair, client: Client) -> None:
    here, there = replicas
    async with opened(client, here.server.sse) as (stream, path):
        everything = there.at(client, f"{path}&tools=all")
        await everything.post(initialize())
        await said(stream)
        await everything.post(request("tools/list", None, 1))
        names = {tool["name"] for tool in (await said(stream))["result"]["tools"]}
        assert "order" in names


@pytest.mark.row("SEC-N04")
async def test_nobody_else_reaches_the_stream_through_another_replica(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    async with opened(client, here.server.sse) as (stream, path):
        thief = there.at(client, path)
        thief.token = await here.server.token(account="ben")
        foreign = await thief.post(initialize())
        unknown = await thief.post(initialize(), thief.url + "x")
        assert foreign.status == unknown.status == 404
        assert foreign.body == unknown.body
        thief = there.at(client, "/v1/mcp")
        thief.session = path.partition("=")[2]
        assert (await thief.post(request("ping"))).status == 404
        read_only = there.at(client, path)
        read_only.token = await here.server.token(["read:workshop"])
        lacking = await read_only.post(call("order", 1, thing="boat"))
        assert lacking.status == 403
        await there.at(client, path).post(initialize())
        assert (await said(stream))["id"] == 0


@pytest.mark.row("MCP-A11")
async def test_a_stream_that_has_ended_is_not_found_anywhere(
    replicas: Pair, client: Client
) -> None:
    here, _there = replicas
    async with opened(client, here.server.sse) as (stream, path):
        stream.close()
    await eventually(lambda: not here.server.endpoint.sessions, SECOND)
    await here.server.tasks.drain(5)
    for replica in replicas:
        assert (await replica.at(client, path).post(initialize())).status == 404


async def test_a_stream_whose_replica_has_died_is_not_found(replicas: Pair, client: Client) -> None:
    here, there = replicas
    async with opened(client, here.server.sse) as (_, path):
        here.die()
        presence = here.server.endpoint._elsewhere._presence
        await here.server.storage.replicas.leave(presence.id)
        assert (await there.at(client, path).post(initialize())).status == 404


async def test_a_message_that_nobody_takes_is_withdrawn_and_refused(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    monkeypatch.setattr("telamon.endpoint.crossing._RECEIPT_SECONDS", 0.05)
    async with opened(client, here.server.sse) as (_, path):
        crossing = here.server.endpoint._elsewhere.crossing
        monkeypatch.setattr(crossing, "_taking", asyncio.current_task())
        assert (await there.at(client, path).post(initialize())).status == 404
        assert await here.server.storage.replicas.take(crossing._presence.id) == []


async def test_a_receipt_that_comes_before_its_letter_is_known_to_be_sent_is_heard(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    elsewhere = there.server.endpoint._elsewhere.crossing
    async with opened(client, here.server.sse) as (_, path):
        await there.at(client, path).post(initialize())
        await there.at(client, path).post(call("wait", 3))
        send = there.server.storage.replicas.send

        async def slow(*arguments: Any, **more: Any) -> str:
            letter = await send(*arguments, **more)
            await eventually(lambda: all(each.done() for each in elsewhere._receipts.values()))
            return letter

        monkeypatch.setattr(there.server.storage.replicas, "send", slow)
        again = await there.at(client, path).post(call("wait", 3))
        assert (again.status, again.last["id"]) == (400, 3)
        assert elsewhere._receipts == {}


async def test_a_message_whose_token_dies_on_the_way_is_refused(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    async with opened(client, here.server.sse) as (_, path):

        async def dead(_: str) -> None:
            return None

        async def unavailable(_: str) -> None:
            raise StorageUnavailable

        crossing = here.server.endpoint._elsewhere.crossing
        monkeypatch.setattr(crossing._bearer, "look_up", dead)
        assert (await there.at(client, path).post(initialize())).status == 404
        monkeypatch.setattr(crossing._bearer, "look_up", unavailable)
        assert (await there.at(client, path).post(initialize())).status == 503


@pytest.mark.row("SEC-N25")
async def test_only_so_many_messages_are_under_way(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    monkeypatch.setattr("telamon.endpoint.crossing.MOST_RUNNING", 0)
    async with opened(client, here.server.sse) as (_, path):
        refused = await there.at(client, path).post(initialize())
        assert refused.status == 429
        assert json.loads(refused.headers["Retry-After"]) == 1


async def test_a_change_of_a_list_is_told_on_the_stream(replicas: Pair, client: Client) -> None:
    here, there = replicas
    async with opened(client, here.server.sse) as (stream, path):
        await there.at(client, path).post(initialize())
        await said(stream)
        await there.server.endpoint.changes.publish("resources", "prompts")
        told = [(await said(stream))["method"] for _ in range(2)]
    assert told == [f"notifications/{kind}/list_changed" for kind in ("resources", "prompts")]


async def test_a_receipt_that_cannot_be_sent_does_not_keep_the_next_letter_back(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    monkeypatch.setattr("telamon.endpoint.crossing._RECEIPT_SECONDS", 0.5)
    async with opened(client, here.server.sse) as (stream, path):
        notifications = here.server.storage.notifications
        with monkeypatch.context() as patch:

            async def unavailable(*_: str) -> None:
                raise StorageUnavailable

            patch.setattr(notifications, "publish", unavailable)
            assert (await there.at(client, path).post(initialize())).status == 202
            assert (await said(stream))["id"] == 0
        assert (await there.at(client, path).post(request("ping", None, 5))).status == 202
        assert (await said(stream))["id"] == 5
