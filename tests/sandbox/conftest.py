from collections.abc import AsyncIterator

import pytest
from fakes.cloud import Cloud, Ticking, cloud
from fakes.gadgets import gadgets


@pytest.fixture
async def atlassian(clock: Ticking, unused_tcp_port: int) -> AsyncIterator[Cloud]:
    """A sandbox with one emulated API under two products' names, and one beside without any."""
    bare = gadgets(name="trinkets", api_roots=("/rest/trinkets/1",), sandbox=None)
    products = gadgets(), gadgets(name="widgets", gateway="confluence"), bare
    async with cloud(clock, unused_tcp_port, *products) as running:
        yield running
