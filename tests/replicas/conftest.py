from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import mcp_server
from fakes.endpoint_workshop import Workshop, make_workshop
from fakes.mcp_client import Client
from fakes.postgres import postgres, postgres_url
from fakes.replica_pair import Pair, Replica

from telamon.storage import new_key

__all__ = ["postgres", "postgres_url"]


@pytest.fixture
async def replicas(postgres_url: str, clock: FakeClock) -> AsyncIterator[Pair]:
    """Two replicas in this process; the first one's address is the public one of both."""
    database, home = (postgres_url, new_key()), None
    async with AsyncExitStack() as stack:
        made: list[Replica] = []
        for _ in range(2):
            workshop = Workshop()
            server = await stack.enter_async_context(
                mcp_server([make_workshop(workshop)], clock=clock, database=database, home=home)
            )
            home = home or server.url
            made.append(Replica(server=server, workshop=workshop))
        yield made[0], made[1]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=30)  # a test that hangs is to fail, not to hang
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield session


@pytest.fixture
async def client(replicas: Pair, http: aiohttp.ClientSession) -> Client:
    """A client of Ada's, at the first replica."""
    first = replicas[0].server
    return Client(http, first.mcp, await first.token())
