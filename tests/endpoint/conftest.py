from collections.abc import AsyncIterator

import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import McpServer, mcp_server
from fakes.endpoint_workshop import Workshop, make_workshop
from fakes.mcp_client import Client
from fakes.products import make_product

TOYS = {
    ("GET", "/rest/toys/1"): {"id": "1", "name": "Bear"},
    ("GET", "/rest/toys"): {"toys": [{"id": "1", "name": "Bear"}, {"id": "2", "name": "Car"}]},
}


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
async def server(workshop: Workshop, clock: FakeClock) -> AsyncIterator[McpServer]:
    products = [make_product(), make_workshop(workshop)]
    policy = {"access": ["read", "write", "delete"]}
    async with mcp_server(products, clock=clock, answers=TOYS, policy=policy) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    # A test that hangs is to fail, not to hang.
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield session


@pytest.fixture
async def client(server: McpServer, http: aiohttp.ClientSession) -> Client:
    """A client of Ada's, with every scope."""
    return Client(http, server.mcp, await server.token())
