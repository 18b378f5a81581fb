from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.cloud import Cloud, Failing, Keeper, Pauses, Ticking, cloud
from fakes.postgres import postgres, postgres_url

from telamon.atlassian.timing import Timing
from telamon.storage import KeyRing, Storage, new_key, open_storage

__all__ = ["postgres", "postgres_url"]


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.parse([new_key()])


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/telamon.db"


@pytest.fixture
async def storage(sqlite_url: str, ring: KeyRing, clock: Ticking) -> AsyncIterator[Storage]:
    storage = await open_storage(sqlite_url, keys=ring, clock=clock)
    yield storage
    await storage.close()


@pytest.fixture
async def atlassian(clock: Ticking, unused_tcp_port: int) -> AsyncIterator[Cloud]:
    async with cloud(clock, unused_tcp_port) as running:
        yield running


@pytest.fixture
async def keeper(atlassian: Cloud, storage: Storage, clock: Ticking) -> AsyncIterator[Keeper]:
    keeper = Keeper(cloud=atlassian, storage=storage, clock=clock, pauses=Pauses(clock.advance))
    yield keeper
    assert await keeper.tasks.drain(10) == 0


@pytest.fixture
def failing(atlassian: Cloud, storage: Storage, clock: Ticking) -> Callable[..., Keeper]:
    def make(*ends: Any, **timing: Any) -> Keeper:
        return Keeper(
            cloud=atlassian,
            storage=storage,
            clock=clock,
            pauses=Pauses(clock.advance),
            oauth=Failing(*ends),
            timing=Timing(**timing),
        )

    return make
