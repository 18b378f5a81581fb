"""A balancer of connections: each new one goes to the next replica that accepts it."""

import asyncio
import contextlib
from collections.abc import Sequence

CHUNK = 65_536


class Balancer:
    """Listens on the public port; a connection stays with its replica, as at a network balancer."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = 0
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        self._server = await asyncio.start_server(self._accept, "localhost", port, backlog=1024)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in self._ports:
                port = self._ports[self._turn % len(self._ports)]
                self._turn += 1
                with contextlib.suppress(OSError):
                    there = await asyncio.open_connection("localhost", port)
                    break
            else:
                return
            ways = [
                asyncio.ensure_future(_copy(reader, there[1])),
                asyncio.ensure_future(_copy(there[0], writer)),
            ]
            try:
                # Whoever ends first ends both: HTTP/1.1 needs no half-closed connection.
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                there[1].close()
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
