"""The listening socket: as many connections as the process can serve, the next ones refused."""

import asyncio
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import structlog
from aiohttp import web

from telamon.clock import Clock

QUEUE = 4096
"""Connections that the system holds until they are taken: a thousand clients come back at once."""
AT_ONCE = 16
"""How many are taken before the others' work goes on; the count of the open ones lags so far."""
RESERVE = 768
"""Descriptors for all else: the connections to Atlassian (512), the database, and ``AT_ONCE``."""
_SAY_AGAIN = 10.0
_TURNS = 2
"""Of the loop, in which asyncio makes a connection of what it has accepted."""
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
log = structlog.get_logger(__name__)


def affordable(wanted: int) -> int:
    """Return how many of the *wanted* connections the process has descriptors for.

    Its soft limit is raised as far as it may be; what is too low then is said in the log.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < min(hard, wanted + RESERVE):
        soft = min(hard, wanted + RESERVE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = soft - min(RESERVE, soft // 2)
    if most < wanted:
        log.warning("server.few_descriptors", wanted=wanted, connections=most, nofile=soft)
    return min(wanted, most)


class BoundedSite(web.BaseSite):
    """Listens for *runner*, and answers 503 to whoever comes when *most* connections are open.

    Without a bound, the process would run out of descriptors, and those it serves would suffer.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        host: str,
        port: int,
        *,
        most: int,
        ticks: Clock = time.monotonic,
    ) -> None:
        super().__init__(runner, backlog=AT_ONCE)
        self._host, self._port, self._most = host, port, most
        self._ticks = ticks
        self._said = float("-inf")
        self.refused = 0

    @property
    def name(self) -> str:
        """Where it listens, as aiohttp says it."""
        return f"http://{self._host}:{self._port}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        server = self._runner.server
        return 0 if server is None else len(server.connections)

    async def start(self) -> None:
        """Begin to listen."""
        await super().start()
        loop = asyncio.get_running_loop()
        self._server = server = await loop.create_server(
            self._take, self._host, self._port, backlog=self._backlog
        )
        for each in server.sockets:
            # asyncio has one number for both: how many wait, and how many are taken in one go.
            with socket.socket(fileno=os.dup(each.fileno())) as same:
                same.listen(QUEUE)

    async def stop(self) -> None:
        """Listen no more: take whoever has connected so far; the system refuses the next ones.

        A proxy hands what was refused to another process, which it must not do with a request that
        it has sent; those who wait to be taken may have sent theirs.
        """
        loop = asyncio.get_running_loop()
        waiting: list[socket.socket] = []
        if isinstance(self._server, asyncio.Server):
            for each in self._server.sockets:
                loop.remove_reader(each.fileno())
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            waiting = [taken for each in self._server.sockets for taken in _queued(each)]
        await super().stop()
        for taken in waiting:
            await loop.connect_accepted_socket(self._take, taken)

    def hang_up(self) -> None:
        """Close every connection that waits for a request, and the others behind their answer."""
        server = self._runner.server
        for each in [] if server is None else server.connections:
            # aiohttp tells nobody which of them wait for a request.
            waits = each._waiter  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]  # above
            if waits is None or waits.done():
                each.close()
            else:
                each.force_close()

    def _take(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        if server is None or self.open >= self._most:
            self._refuse()
            return _Refusing()
        return server()

    def _refuse(self) -> None:
        self.refused += 1
        if self._ticks() - self._said >= _SAY_AGAIN:
            self._said = self._ticks()
            log.warning("server.full", connections=self._most, refused=self.refused)


def _queued(listening: socket.socket) -> Iterator[socket.socket]:
    """Take everybody who waits."""
    with socket.socket(fileno=os.dup(listening.fileno())) as same, suppress(BlockingIOError):
        while True:
            taken, _ = same.accept()
            taken.setblocking(False)
            yield taken


class _Refusing(asyncio.Protocol):
    """Says that there is no room, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.write(_REFUSAL)
        transport.close()
