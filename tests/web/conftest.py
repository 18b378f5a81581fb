from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import FakeClock

from telamon.addresses import Addresses
from telamon.storage import KeyRing, Storage, new_key, open_storage
from telamon.web.pages import Pages


@pytest.fixture
async def storage(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Storage]:
    keys = KeyRing.parse([new_key()])
    storage = await open_storage(f"sqlite:///{tmp_path}/data/web.db", keys=keys, clock=clock)
    yield storage
    await storage.close()


@pytest.fixture
def addresses() -> Addresses:
    return Addresses("https://mcp.example.com")


@pytest.fixture
def pages(addresses: Addresses) -> Pages:
    return Pages(addresses)
