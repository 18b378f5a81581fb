from collections.abc import AsyncIterator

import pytest
from fakes.cloud import Cloud, Ticking, cloud
from fakes.gadgets import gadgets


@pytest.fixture
async def atlassian(clock: Ticking, unused_tcp_port: int) -> AsyncIterator[Cloud]:
    """A sandbox with one emulated API under two products' names."""
    both = gadgets(), gadgets(name="widgets", gateway="confluence")
    async with cloud(clock, unused_tcp_port, *both) as running:
        yield running
