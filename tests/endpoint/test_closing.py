"""The end of a process, as its clients see it."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from fakes.endpoint_server import McpServer
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import (
    COME_BACK,
    Answer,
    Client,
    all_events,
    call,
    initialize,
    read_answer,
    read_event,
    request,
)
from fakes.replica_pair import eventually

SAID = "The server stopped before this request was finished; its outcome is unknown."


def is_unknown(answer: Answer, id_: object) -> bool:
    error = {"code": -32603, "message": SAID}
    return bool(answer.last == {"jsonrpc": "2.0", "id": id_, "error": error})


@pytest.mark.row("SEC-P11")
async def test_while_the_server_stops_every_new_request_is_sent_away(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    await client.start()
    running = asyncio.ensure_future(client.post(call("wait")))
    await workshop.started.wait()
    closing = asyncio.ensure_future(server.endpoint.close(30))
    await asyncio.sleep(0)
    refused = [
        await client.post(request("ping", None, 2)),
        await Client(client.http, server.mcp, client.token).post(initialize()),
        await Client(client.http, server.mcp, client.token).modern(request("tools/list")),
        await Client(client.http, server.mcp, None).post(request("ping")),
    ]
    for answer in refused:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
        assert answer.headers["Connection"] == "close"
        assert answer.error["code"] == -32000
    workshop.release.set()
    assert (await running).text == "wait was released"
    await closing


@pytest.mark.row("SEC-P11")
async def test_a_request_that_was_on_its_way_when_the_server_stops_is_waited_for(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    await client.start()
    rest = asyncio.Event()
    text = json.dumps(call("wait")).encode()

    async def body() -> AsyncIterator[bytes]:
        yield text[:10]
        await rest.wait()
        yield text[10:]

    headers = {**client.headers(), "Content-Type": "application/json"}

    async def post() -> Answer:
        async with client.http.post(client.url, data=body(), headers=headers) as response:
            return await read_answer(response)

    posting = asyncio.ensure_future(post())
    await eventually(lambda: server.endpoint._answering == 1)
    closing = asyncio.ensure_future(server.endpoint.close(30))
    await asyncio.sleep(0)
    rest.set()
    await workshop.started.wait()
    assert not closing.done()
    workshop.release.set()
    assert (await posting).text == "wait was released"
    await closing


@pytest.mark.row("SEC-P11")
async def test_a_refusal_that_is_told_late_is_told_before_the_server_stops(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, held = asyncio.Event(), asyncio.Event()

    async def pause(_: float) -> None:
        held.set()
        await over.wait()

    monkeypatch.setattr(server.endpoint._allowance, "_pause", pause)
    calls = server.endpoint._settings.limits.calls_per_minute
    monkeypatch.setattr("telamon.endpoint.allowance._REQUESTS_TO_A_CALL", 1 / calls)
    monkeypatch.setattr("telamon.endpoint.allowance._REFUSED_AT_ONCE", 1)
    statuses = [(await client.modern(request("tools/list"))).status for _ in range(2)]
    assert statuses == [200, 429]
    refused = asyncio.ensure_future(client.modern(request("tools/list")))
    await held.wait()
    closing = asyncio.ensure_future(server.endpoint.close(30))
    await asyncio.sleep(0)
    sent_away = await client.modern(request("tools/list"))
    assert sent_away.status == 503
    assert not closing.done()
    over.set()
    assert (await refused).status == 429
    await closing


@pytest.mark.row("SEC-P11")
@pytest.mark.parametrize("tool", ["wait", "knock"])
async def test_a_call_that_is_cut_is_answered_that_its_outcome_is_unknown(
    server: McpServer, client: Client, workshop: Workshop, tool: str
) -> None:
    await client.start()
    running = asyncio.ensure_future(client.post(call(tool, "mine")))
    await workshop.started.wait()
    await server.endpoint.close(0)
    answer = await running
    assert answer.status == 200
    assert is_unknown(answer, "mine")
    assert workshop.cancelled == 1


@pytest.mark.row("SEC-P11")
@pytest.mark.parametrize("tool", ["wait", "knock"])
async def test_a_call_of_2026_that_is_cut_hears_the_same(
    server: McpServer, client: Client, workshop: Workshop, tool: str
) -> None:
    meta = {"progressToken": 1} if tool == "knock" else None
    running = asyncio.ensure_future(client.modern(call(tool, 7), meta=meta))
    await workshop.started.wait()
    await server.endpoint.close(0)
    answer = await running
    assert answer.status == 200
    assert is_unknown(answer, 7)
    assert bool(answer.events) is (tool == "knock")
    assert workshop.cancelled == 1


@pytest.mark.row("SEC-P11")
@pytest.mark.parametrize("cut", [True, False])
async def test_the_stream_of_http_sse_ends_behind_its_last_answer(
    server: McpServer, http: aiohttp.ClientSession, workshop: Workshop, cut: bool
) -> None:
    client = Client(http, server.sse, await server.token(resource=server.addresses.sse))
    async with client.listening() as stream:
        first = await read_event(stream)
        assert first is not None
        address = f"{server.url}{first.data}"
        await client.post(initialize("2024-11-05"), address)
        await read_event(stream)
        await client.post(call("wait", 5), address)
        await workshop.started.wait()
        closing = asyncio.ensure_future(server.endpoint.close(0 if cut else 30))
        if not cut:
            workshop.release.set()
        last = await read_event(stream)
        assert last is not None
        assert last.message["id"] == 5
        assert ("error" in last.message) is cut
        assert await all_events(stream) == [COME_BACK]
        await closing
