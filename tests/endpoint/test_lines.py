import asyncio
import json
import socket
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from conftest import FakeClock
from fakes.endpoint_server import McpServer, mcp_server
from fakes.endpoint_workshop import Workshop, make_workshop
from fakes.mcp_client import (
    COME_BACK,
    MODERN,
    PREFIX,
    Client,
    all_events,
    call,
    initialize,
    read_event,
    request,
)
from structlog.testing import capture_logs
from yarl import URL

from telamon.endpoint.lines import every, notice_loss
from telamon.plugin import LimitHit
from telamon.storage import StorageUnavailable

KNOCK = call("knock")
KNOCK["params"]["_meta"] = {"progressToken": 1}
LISTEN = request("subscriptions/listen", {"notifications": {"toolsListChanged": True}})


async def beats(server: McpServer, number: int) -> None:
    for _ in range(number):
        await server.endpoint.beat()
        await asyncio.sleep(0)


@pytest.mark.row("SEC-N29", "MCP-C27", "MCP-C38")
async def test_a_silent_stream_gets_a_keep_alive_every_second_beat(
    server: McpServer, client: Client
) -> None:
    await client.start()
    async with client.listening() as stream:
        for _ in range(3):
            await beats(server, 2)
            ping = await read_event(stream)
            assert ping is not None
            assert ping.comment == "ping"


@pytest.mark.row("SEC-N29", "MCP-C27")
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_long_call_becomes_a_stream_with_keep_alives(
    server: McpServer, client: Client, workshop: Workshop, era: str
) -> None:
    if era == "legacy":
        await client.start("2025-06-18")
    sending = client.sent_modern(call("wait")) if era == "modern" else client.sent(call("wait"))

    async def both() -> Any:
        await workshop.started.wait()
        await beats(server, 2)

    beating = asyncio.ensure_future(both())
    async with sending as response:
        assert response.content_type == "text/event-stream"
        ping = await read_event(response)
        assert ping is not None
        assert ping.comment == "ping"
        workshop.release.set()
        last = await read_event(response)
    await beating
    assert last is not None
    assert last.message["result"]["content"][0]["text"] == "wait was released"


@pytest.mark.row("SEC-N17", "SEC-V06", "SEC-V07")
@pytest.mark.parametrize("how", ["expired", "revoked"])
@pytest.mark.parametrize("kind", ["get", "listen", "sse"])
async def test_an_open_stream_ends_with_its_token(
    server: McpServer, client: Client, clock: FakeClock, how: str, kind: str
) -> None:
    client.token = await server.token(family="family-x", seconds=100)
    if kind == "listen":
        opening = client.sent_modern(LISTEN)
    else:
        await client.start()
        client.url = server.sse if kind == "sse" else client.url
        opening = client.listening()
    async with opening as stream:
        assert stream.status == 200
        if kind != "get":
            assert await read_event(stream) is not None
        if how == "expired":
            clock.advance(101)
        else:
            await server.storage.tokens.revoke_family("family-x", "by a test", clock())
            clock.advance(30)
        await server.endpoint.beat()
        # Between two requests it is ended in good order; a listening request is cut.
        with suppress(aiohttp.ClientError):
            assert await read_event(stream) is None
    assert (await client.modern(request("tools/list"))).status == 401


async def test_a_good_token_keeps_its_stream_when_the_storage_cannot_be_asked(
    server: McpServer, client: Client, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.start()

    async def unavailable(token: str) -> None:
        raise StorageUnavailable(token[:0])

    async with client.listening() as stream:
        with monkeypatch.context() as patch:
            patch.setattr(server.storage.tokens, "access", unavailable)
            clock.advance(30)
            await beats(server, 2)
        ping = await read_event(stream)
        assert ping is not None
        assert ping.comment == "ping"


@pytest.mark.row("SEC-N29")
async def test_streams_are_kept_alive_while_the_storage_hangs(
    server: McpServer, client: Client, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.start()

    async def hanging(_: str) -> None:
        await asyncio.Event().wait()

    async with client.listening() as stream, asyncio.timeout(10):
        with monkeypatch.context() as patch:
            patch.setattr(server.storage.tokens, "access", hanging)
            patch.setattr("telamon.endpoint.lines.BEAT_SECONDS", 0)
            clock.advance(30)
            await beats(server, 2)
        ping = await read_event(stream)
    assert ping is not None
    assert ping.comment == "ping"


@pytest.mark.row("SEC-N24")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_the_kernel_is_told_to_give_up_on_a_peer_that_acknowledges_nothing(
    family: socket.AddressFamily,
) -> None:
    @dataclass
    class Connection:
        found: socket.socket

        def get_extra_info(self, name: str) -> socket.socket | None:
            return self.found if name == "socket" else None

    with socket.socket(family) as connection:
        request = make_mocked_request("GET", "/", transport=Connection(connection))
        notice_loss(request)
        if family == socket.AF_INET:
            told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert told == 30_000


@pytest.mark.row("SEC-N25")
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_client_that_does_not_read_is_dropped_and_others_are_not(
    server: McpServer, client: Client, workshop: Workshop, clock: FakeClock, era: str
) -> None:
    """Its window is full, notifications go on: the stream holds a few of them and lets go."""
    workshop.tick = lambda: clock.advance(0.2)
    message = call("pour", "slow", kilobytes=64)
    headers: dict[str, str | None] = {}
    if era == "legacy":
        await client.start("2025-06-18")
    else:
        message["params"]["_meta"] = {
            f"{PREFIX}/protocolVersion": MODERN,
            f"{PREFIX}/clientCapabilities": {},
            f"{PREFIX}/logLevel": "info",
        }
        headers = {"MCP_Protocol_Version": MODERN, "Mcp_Method": "tools/call", "Mcp_Name": "pour"}
    body = json.dumps(message).encode()
    lines = "".join(
        f"{name}: {value}\r\n"
        for name, value in client.headers(
            Host=URL(server.url).authority,
            Content_Type="application/json",
            Content_Length=str(len(body)),
            **headers,
        ).items()
    )
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("localhost", URL(server.url).port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=4096)
    writer.write(f"POST /v1/mcp HTTP/1.1\r\n{lines}\r\n".encode() + body)
    while not workshop.ended.is_set():
        await beats(server, 1)
    other = Client(client.http, client.url, await server.token())
    assert (await other.modern(call("echo", text="fine"))).text == "fine"
    received = bytearray()
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            received += chunk
    assert 0 < len(received) < 500 * 64 * 1024
    assert b'"text":"poured"' not in received
    assert workshop.cancelled == (era == "modern")
    writer.close()


@pytest.mark.row("SEC-N26", "MCP-B24")
async def test_an_idle_session_ends_after_half_an_hour(
    server: McpServer, client: Client, clock: FakeClock
) -> None:
    await client.start()
    clock.advance(1799)
    await server.endpoint.beat()
    client.token = await server.token()
    assert (await client.post(request("ping"))).status == 200
    clock.advance(1800)
    await server.endpoint.beat()
    client.token = await server.token()
    assert (await client.post(request("ping"))).status == 404


async def test_a_session_with_an_open_stream_is_not_idle(
    server: McpServer, client: Client, clock: FakeClock
) -> None:
    client.token = await server.token(seconds=100_000)
    await client.start()
    async with client.listening():
        for _ in range(4):
            clock.advance(1000)
            await server.endpoint.beat()
    assert (await client.post(request("ping"))).status == 200
    assert client.session is not None
    record = await server.storage.mcp_sessions.get(client.session)
    assert record is not None
    assert record.last_seen_at > record.created_at


@pytest.mark.row("SEC-N26", "MCP-B24")
async def test_a_user_who_leaves_sessions_behind_loses_the_oldest_ones(
    server: McpServer, client: Client, clock: FakeClock
) -> None:
    first = Client(client.http, client.url, client.token)
    await first.start()
    for _ in range(25):
        clock.advance(1)
        await client.start()
    assert (await first.post(request("ping"))).status == 404
    assert (await client.post(request("ping"))).status == 200
    await server.tasks.drain(5)
    assert await server.storage.mcp_sessions.get(first.session or "") is None


@pytest.mark.row("SEC-N26", "MCP-B24")
async def test_a_user_whose_sessions_are_all_in_use_gets_no_other_one(
    workshop: Workshop, client: Client, clock: FakeClock
) -> None:
    limits = {"sessions_per_user": 2}
    async with mcp_server([make_workshop(workshop)], clock=clock, limits=limits) as small:
        busy = [Client(client.http, small.mcp, await small.token()) for _ in range(2)]
        async with AsyncExitStack() as streams:
            for each in busy:
                await each.start()
                await streams.enter_async_context(each.listening())
            refused = await Client(client.http, small.mcp, busy[0].token).post(initialize())
        assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
        assert LimitHit(limit="sessions_per_user", key="ada") in small.events


@pytest.mark.row("MCP-C38")
async def test_the_process_has_only_so_many_streams(
    workshop: Workshop, client: Client, clock: FakeClock
) -> None:
    async with mcp_server([make_workshop(workshop)], clock=clock, limits={"streams": 1}) as small:
        ada = Client(client.http, small.mcp, await small.token())
        ben = Client(client.http, small.mcp, await small.token(account="ben"))
        async with ada.sent_modern(LISTEN) as stream:
            assert await read_event(stream) is not None
            assert (await ben.modern(LISTEN)).status == 429


async def test_closing_ends_streams_and_lets_calls_finish(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    await client.start()
    async with client.listening() as stream:
        running = asyncio.ensure_future(client.post(call("wait")))
        await workshop.started.wait()
        closing = asyncio.ensure_future(server.endpoint.close(30))
        assert await all_events(stream) == [COME_BACK]
        workshop.release.set()
        assert (await running).text == "wait was released"
        await closing


async def test_a_beat_that_fails_is_followed_by_the_next_one() -> None:
    done = asyncio.Event()
    tried = 0

    async def work() -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise ValueError("the first one fails")
        done.set()

    beating = asyncio.ensure_future(every(0, work))
    await done.wait()
    beating.cancel()
    assert tried >= 2


async def test_a_beat_without_the_storage_is_no_fault_of_the_server() -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()
        raise StorageUnavailable

    with capture_logs() as logs:
        beating = asyncio.ensure_future(every(0, work))
        await done.wait()
        beating.cancel()
        await asyncio.wait([beating])
    assert {(each["event"], each["log_level"]) for each in logs} == {("beat.cut_short", "warning")}


async def test_closing_does_not_wait_for_ever(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    await client.start()
    running = asyncio.ensure_future(client.post(call("wait")))
    await workshop.started.wait()
    await server.endpoint.close(0)
    assert (await running).error["code"] == -32603
    assert workshop.cancelled == 1


@pytest.mark.row("SEC-R04")
async def test_a_body_that_drips_is_given_up(workshop: Workshop) -> None:
    async with mcp_server([make_workshop(workshop)], limits={"body_seconds": 1}) as server:
        reader, writer = await asyncio.open_connection("localhost", URL(server.url).port)
        writer.write(
            b"POST /v1/mcp HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
            % (URL(server.url).authority.encode(), (await server.token()).encode())
        )
        answer = (await reader.read()).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 408")
    assert '"jsonrpc":"2.0"' in answer
