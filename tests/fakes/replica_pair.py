"""Two endpoints on one database, in one process: faster than two processes, and as far apart."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from fakes.endpoint_server import McpServer
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import Client

SECOND = 1.0
"""Within which the other replicas have to know."""


@dataclass(frozen=True, kw_only=True)
class Replica:
    """One of several endpoints on one database, and what its tools do."""

    server: McpServer
    workshop: Workshop

    def die(self) -> None:
        """Be silent from now on, as after kill -9; what runs here may still try to write."""
        presence = self.server.endpoint._elsewhere._presence
        assert presence._beating is not None
        presence._beating.cancel()

    def at(self, client: Client, path: str = "/v1/mcp") -> Client:
        """The same client, whose next requests come to this replica."""
        home = urlsplit(self.server.addresses.mcp).netloc
        return replace(client, url=f"{self.server.url}{path}", host=home)


async def eventually(holds: Callable[[], object], seconds: float = 10) -> None:
    """Wait until *holds*, for at most so many *seconds*."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - it is what is waited for
            await asyncio.sleep(0.005)


Pair = tuple[Replica, Replica]
