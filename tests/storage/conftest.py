from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.postgres import postgres, postgres_url
from fakes.records import NOW

from telamon.storage import KeyRing, Storage, new_key, open_storage

__all__ = ["postgres", "postgres_url"]


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.parse([new_key()])


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/telamon.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """Both engines: a database of its own for every test."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def storage(url: str, ring: KeyRing) -> AsyncIterator[Storage]:
    storage = await open_storage(url, keys=ring, clock=lambda: NOW)
    yield storage
    await storage.close()


@pytest.fixture
async def replica(storage: Storage, url: str, ring: KeyRing) -> AsyncIterator[Storage]:
    """A second replica on the same database."""
    replica = await open_storage(url, keys=ring, clock=lambda: NOW)
    yield replica
    await replica.close()


@pytest.fixture
async def pair(postgres_url: str, ring: KeyRing) -> AsyncIterator[tuple[Storage, Storage]]:
    """Two replicas, on PostgreSQL where they hear of each other."""
    first = await open_storage(postgres_url, keys=ring, clock=lambda: NOW)
    second = await open_storage(postgres_url, keys=ring, clock=lambda: NOW)
    yield first, second
    await first.close()
    await second.close()
