"""Thousands of open streams on one process: idle, told something, come back at once, ended."""

import asyncio
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
from bench.servers import LOAD_CORE, Server, script, served, started
from bench.variants import BOTH, META, post, rpc
from fakes.ports import free_port
from fakes.postgres import Postgres

from telamon.storage import KeyRing, open_storage

WAVE = 100
SETTLE_SECONDS = 3.0
LONGEST_SECONDS = 120.0
TOLD = b"tools/list_changed"
PORTS = 5000
"""Connections from one address of ours."""


class Stream(asyncio.Protocol):
    """One ``subscriptions/listen`` of revision 2026-07-28."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._seen = b""
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.told: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self.opened.set_result(data.startswith(b"HTTP/1.1 200"))
        self._seen = self._seen[-len(TOLD) :] + data
        if TOLD in self._seen and not self.told.done():
            self.told.set_result(time.perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        if not self.opened.done():
            self.opened.set_result(False)


class Crowd:
    """All streams of this process to one server."""

    def __init__(self, server: Server, token: str) -> None:
        envelope = {
            f"{META}/protocolVersion": "2026-07-28",
            f"{META}/clientCapabilities": {},
            f"{META}/clientInfo": {"name": "bench", "version": "1"},
        }
        wanted = {"notifications": {"toolsListChanged": True}, "_meta": envelope}
        self._port = server.port
        self._request = post(
            "/v1/mcp",
            rpc(1, "subscriptions/listen", wanted),
            Accept=BOTH,
            Authorization=f"Bearer {token}",
            MCP_Protocol_Version="2026-07-28",
            Mcp_Method="subscriptions/listen",
        ).replace(b"Host: localhost", f"Host: localhost:{server.port}".encode())
        self.streams: list[Stream] = []
        self.failures = 0

    async def grow(self, number: int, *, at_once: bool = False) -> None:
        """Open so many more; who fails tries again, and is counted."""
        wave = number if at_once else WAVE
        for _ in range(0, number, wave):
            await asyncio.gather(*(self._one(len(self.streams) + n) for n in range(wave)))

    async def _one(self, number: int) -> None:
        source = (f"127.0.0.{2 + number // PORTS}", 0)
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, stream = await loop.create_connection(
                    lambda: Stream(self._request), "127.0.0.1", self._port, local_addr=source
                )
                if await stream.opened:
                    self.streams.append(stream)
                    return
            except OSError:
                pass
            self.failures += 1
            await asyncio.sleep(0.1)

    def vanish(self) -> None:
        """Break every connection at once."""
        for stream in self.streams:
            stream.transport.abort()
        self.streams = []

    async def hear(self) -> list[float]:
        """Wait until everybody was told; when each was."""
        async with asyncio.timeout(LONGEST_SECONDS):
            return list(await asyncio.gather(*(stream.told for stream in self.streams)))


async def _idle(server: Server, token: str, number: int) -> str:
    crowd = Crowd(server, token)
    await crowd.grow(WAVE)
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = server.resident, time.perf_counter()
    await crowd.grow(number - WAVE)
    seconds = time.perf_counter() - began
    await asyncio.sleep(SETTLE_SECONDS)
    each = (server.resident - before) / 1024 / (number - WAVE)
    total = server.resident / 2**20
    broken = sum(stream.transport.is_closing() for stream in crowd.streams)
    crowd.vanish()
    await asyncio.sleep(SETTLE_SECONDS)
    return (
        f"| {number:,} idle streams on one process | {each:.1f} KiB each, {total:.0f} MiB in all; "
        f"opened in {seconds:.0f} s; refused {crowd.failures}, broken {broken} |"
    )


async def _busy(server: Server, token: str, database: str, key: str, *, number: int) -> list[str]:
    crowd = Crowd(server, token)
    await crowd.grow(number)
    await asyncio.sleep(SETTLE_SECONDS)
    async with AsyncExitStack() as stack:
        storage = await open_storage(database, keys=KeyRing.parse([key]), migrate=False)
        stack.push_async_callback(storage.close)
        began = time.perf_counter()
        await storage.replicas.change_lists(("tools",))
        delays = sorted(at - began for at in await crowd.hear())
    p50, p99 = (1000 * delays[int(len(delays) * share)] for share in (0.5, 0.99))
    crowd.vanish()
    began = time.perf_counter()
    await crowd.grow(number, at_once=True)
    herd = time.perf_counter() - began
    failures = crowd.failures
    began = time.perf_counter()
    server.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(_ended, server.process)
    ending = time.perf_counter() - began
    return [
        f"| one `list_changed` to {number:,} streams | p50 {p50:.0f} ms, p99 {p99:.0f} ms |",
        f"| {number:,} reconnect at once | all back after {herd:.1f} s; {failures} tried again |",
        f"| SIGTERM with {number:,} streams open | {ending:.1f} s until the exit with {code} |",
    ]


def _ended(process: psutil.Popen) -> int:
    code: int = process.wait(LONGEST_SECONDS)
    return code


def crowd_table(idle: int, busy: int) -> list[str]:
    """Measure and return the table."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows: list[str] = []

    def with_server(measure: Callable[[Server, str, str, str], None]) -> None:
        port = free_port()
        with (
            tempfile.TemporaryDirectory() as folder,
            started(script("upstream.py", port, 0), port, LOAD_CORE),
        ):
            database = postgres.new_database()
            with served(Path(folder), port, database) as (server, pairs, key):
                measure(server, pairs[0].access, database, key)

    with Postgres() as postgres:
        with_server(lambda server, token, *_: rows.append(asyncio.run(_idle(server, token, idle))))
        print(rows[-1], flush=True)
        with_server(lambda *given: rows.extend(asyncio.run(_busy(*given, number=busy))))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return ["| streams (`subscriptions/listen`, 2026-07-28) | |", "| --- | --- |", *rows]


def main(arguments: Sequence[str]) -> None:
    """Print the table by itself: ``python -m bench.crowd [IDLE BUSY]``."""
    idle, busy = map(int, arguments or ("10000", "5000"))
    print("\n".join(crowd_table(idle, busy)))


if __name__ == "__main__":
    main(sys.argv[1:])
