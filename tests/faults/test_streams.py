"""Clients that stop in the middle: of a body, of reading a stream, of everything."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.serve_process import PATIENCE, Served, Walk, served, until

JSON = {"Content-Type": "application/json"}
MOST = 32 * 1024 * 1024


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path, {"TELAMON_LIMITS__BODY_SECONDS": "1"}) as server:
        await server.start()
        yield server


def head(server: Served, method: str, path: str, *more: str) -> bytes:
    lines = (f"{method} {path} HTTP/1.1", f"Host: localhost:{server.port}", *more)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.row("SEC-R04")
@pytest.mark.parametrize("path", ["/token", "/register", "/v1/mcp", "/revoke"])
async def test_a_body_that_drips_is_refused_and_its_connection_closed(
    server: Served, path: str
) -> None:
    ada = await server.signed_in()
    kind = (
        "application/x-www-form-urlencoded" if path in {"/token", "/revoke"} else "application/json"
    )
    reader, writer = await asyncio.open_connection("localhost", server.port)
    writer.write(
        head(
            server,
            "POST",
            path,
            f"Content-Type: {kind}",
            "Accept: application/json, text/event-stream",
            f"Authorization: Bearer {ada.access_token}" if path == "/v1/mcp" else "X-None: none",
            "Content-Length: 1000",
        )
    )
    dripping = asyncio.ensure_future(drip(writer))
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()
    dripping.cancel()
    assert answer.startswith(b"HTTP/1.1 408"), answer
    writer.transport.abort()


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.1)


@pytest.mark.row("SEC-N25")
async def test_a_client_that_never_reads_its_stream_is_dropped_and_costs_bounded_memory(
    server: Served,
) -> None:
    ada = await server.signed_in()
    other = await server.signed_in("Ben")
    reader, writer = await asyncio.open_connection("localhost", server.port, limit=1024)
    writer.write(head(server, "GET", "/v1/sse", "Accept: text/event-stream", bearer(ada)))
    async with asyncio.timeout(PATIENCE):
        while not (line := await reader.readline()).startswith(b"data: "):
            pass
    address = server.home + line.removeprefix(b"data: ").decode().strip()
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a plain socket's transport
    before = resident(server)
    statuses: dict[int, int] = {}
    for number in range(4000):
        body = {"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": {}}
        if number == 0:
            body |= {
                "method": "initialize",
                "params": {
                    "protocolVersion": "2024-11-05",
                    "capabilities": {},
                    "clientInfo": {"name": "x", "version": "1"},
                },
            }
        async with ada.http.post(
            address, data=json.dumps(body), headers=ada.bearer | JSON
        ) as answer:
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            if answer.status == 404:
                break
    # The stream was dropped, and the session with it.
    assert statuses[404] == 1
    assert resident(server) - before < MOST
    # Nobody else noticed.
    text, failed = await other.call()
    assert not failed, text
    writer.transport.abort()


def bearer(walk: Walk) -> str:
    return f"Authorization: {walk.bearer['Authorization']}"


def resident(server: Served) -> int:
    """Bytes of memory that the process has."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.row("SEC-R03")
async def test_half_open_connections_are_all_gone_in_the_end(tmp_path: Path) -> None:
    async with served(tmp_path, {"TELAMON_LISTEN__KEEPALIVE_SECONDS": "1"}) as server:
        await server.start()
        before = descriptors(server)
        beginnings = (b"", b"GET", b"GET / HTTP/1.1\r\nHost: localh", b"\x16\x03\x01\x02")
        pairs = [await asyncio.open_connection("localhost", server.port) for _ in range(100)]
        for number, (_, writer) in enumerate(pairs):
            writer.write(beginnings[number % 4])
            if number % 3 == 0:
                writer.write_eof()
        await until(lambda: descriptors(server) >= before + 50)
        await until(lambda: descriptors(server) <= before)
        for _, writer in pairs:
            writer.transport.abort()
        assert (await server.ready())[0] == 200


def descriptors(server: Served) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
