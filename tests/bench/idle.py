"""Resident memory of idle SSE streams: Telamon's GET stream beside a bare aiohttp handler's."""

import asyncio
import resource
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.servers import LOAD_CORE, SERVER_CORE, Server, script, started, telamon
from fakes.ports import free_port

WAVE = 100
SETTLE_SECONDS = 2.0


async def opened(port: int, requests: Sequence[bytes]) -> list[asyncio.StreamWriter]:
    """Open one stream for each request, a wave at a time; the caller closes them."""
    writers: list[asyncio.StreamWriter] = []

    async def one(request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        writer.write(request)
        first = await reader.read(12)
        if not first.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a stream was refused: {first!r}")
        writers.append(writer)

    for start in range(0, len(requests), WAVE):
        await asyncio.gather(*(one(request) for request in requests[start : start + WAVE]))
    return writers


async def per_stream(server: Server, request: Callable[[int], bytes], streams: int) -> float:
    """Return KiB of resident memory for each of *streams* idle streams."""
    warm = await opened(server.port, [request(n) for n in range(50)])
    await asyncio.sleep(SETTLE_SECONDS)
    before = server.resident
    writers = await opened(server.port, [request(n) for n in range(streams)])
    await asyncio.sleep(SETTLE_SECONDS)
    grown = server.resident - before
    for writer in [*warm, *writers]:
        writer.close()
    return grown / 1024 / streams


def memory_table(counts: Sequence[int]) -> list[str]:
    """Measure and return the table."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    lines = [
        "| idle streams | bare aiohttp | HTTP+SSE stream | ratio |",
        "| --- | --- | --- | --- |",
    ]
    for streams in counts:
        plain = _bare(streams)
        ours = _telamon(streams)
        lines.append(
            f"| {streams:,} | {plain:.1f} KiB each | {ours:.1f} KiB each | {ours / plain:.2f} |"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return lines


def _bare(streams: int) -> float:
    port = free_port()
    with started(script("bare.py", port, port), port, SERVER_CORE) as server:
        request = b"GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return asyncio.run(per_stream(server, lambda _: request, streams))


def _telamon(streams: int) -> float:
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        started(script("upstream.py", port, 0), port, LOAD_CORE),
        telamon(Path(folder), port) as (server, token),
    ):
        request = (
            f"GET /v1/sse HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
            f"Accept: text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
        return asyncio.run(per_stream(server, lambda _: request, streams))
