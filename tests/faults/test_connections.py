"""Clients that dawdle, crowd, or send everything at once, on a real listener."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.serve_process import PATIENCE, Served, served

ASK = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
NOFILE = 200


@pytest.fixture
async def brisk(tmp_path: Path) -> AsyncIterator[Served]:
    """A server that waits for a second only."""
    async with served(tmp_path, {"TELAMON_LISTEN__KEEPALIVE_SECONDS": "1"}) as server:
        await server.start()
        yield server


async def until_closed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drip: bytes = b""
) -> bytes:
    """Send *drip* byte by byte for as long as somebody listens; what came meanwhile."""
    came = b""
    async with asyncio.timeout(PATIENCE):
        for byte in drip:
            with contextlib.suppress(OSError):
                writer.write(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                came += (got := await asyncio.wait_for(reader.read(4096), 0.1))
                if not got:
                    break
        else:
            came += await reader.read()
    writer.close()
    return came


@pytest.mark.row("SEC-R03")
async def test_headers_that_drip_do_not_hold_a_connection(brisk: Served) -> None:
    reader, writer = await asyncio.open_connection("localhost", brisk.port)
    dripped = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Long: " + b"x" * 10_000
    assert await until_closed(reader, writer, dripped) == b""
    assert await brisk.ready()


@pytest.mark.row("SEC-R03")
async def test_neither_do_the_headers_of_a_later_request(brisk: Served) -> None:
    reader, writer = await asyncio.open_connection("localhost", brisk.port)
    writer.write(ASK + b"\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    came = await until_closed(reader, writer, ASK + b"X-Long: " + b"x" * 10_000)
    assert came == b'{"status":"ok"}'


@pytest.mark.row("SEC-R03")
async def test_a_connection_that_says_nothing_is_closed(brisk: Served) -> None:
    reader, writer = await asyncio.open_connection("localhost", brisk.port)
    assert await until_closed(reader, writer) == b""


@pytest.mark.row("SEC-R06")
async def test_requests_sent_all_at_once_are_answered_in_turn(brisk: Served) -> None:
    reader, writer = await asyncio.open_connection("localhost", brisk.port)
    pages = [b"/livez", b"/no-such-page"] * 100
    writer.write(
        b"".join(b"GET %b HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % (p, brisk.port) for p in pages)
    )
    came = await until_closed(reader, writer)
    statuses = [part[:3] for part in came.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404"] * 100


@pytest.mark.row("SEC-R06")
async def test_requests_without_end_and_without_reading_are_not_taken_in(server: Served) -> None:
    await server.start()
    before = resident(server)
    reader, writer = await asyncio.open_connection("localhost", server.port, limit=1024)
    pages = (ASK + b"X-Filling: " + b"x" * 4000 + b"\r\n\r\n") * 100
    with pytest.raises(TimeoutError):
        # The server stops to read once its queue is full and its answers are not taken.
        await asyncio.wait_for(flood(writer, pages), 2)
    assert resident(server) - before < 64 * 1024 * 1024
    assert (await server.ready())[0] == 200
    writer.transport.abort()
    reader.feed_eof()


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    """What comes before the connection is closed; nothing if it stays open."""
    with contextlib.suppress(TimeoutError, ConnectionError):
        return await asyncio.wait_for(reader.read(), 3)
    return b""


async def flood(writer: asyncio.StreamWriter, pages: bytes) -> None:
    for _ in range(1000):
        writer.write(pages)
        await writer.drain()


def resident(server: Served) -> int:
    """Bytes of memory that the process has."""
    fields = Path(f"/proc/{server.pid}/statm").read_text().split()
    return int(fields[1]) * 4096


@pytest.mark.row("SEC-R06")
async def test_when_descriptors_run_out_new_connections_are_refused_and_old_ones_live(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, nofile=NOFILE) as server:
        await server.start()
        ada = await server.signed_in()
        stream = await ada.http.get(
            f"{server.home}/v1/sse", headers={**ada.bearer, "Accept": "text/event-stream"}
        )
        assert stream.status == 200
        await ada.call()  # from here on there is a second connection that stands
        idle = [await asyncio.open_connection("localhost", server.port) for _ in range(3 * NOFILE)]
        try:
            answers = await asyncio.gather(*(answer_of(reader) for reader, _ in idle))
            refused = sum(answer.startswith(b"HTTP/1.1 503") for answer in answers)
            assert refused >= 2 * NOFILE
            # The connections that stand are served, upstream included.
            for _ in range(5):
                text, failed = await ada.call()
                assert not failed, text
            assert not stream.content.at_eof()
        finally:
            for _, writer in idle:
                writer.transport.abort()
        assert "out of system resource" not in server.log
        (few,) = server.events("server.few_descriptors")
        assert (few["nofile"], few["connections"]) == (NOFILE, NOFILE // 2)
        assert server.events("server.full")[0]["level"] == "warning"
        stream.close()
