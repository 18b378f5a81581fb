from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fakes.postgres import Postgres, postgres
from rolling.deployment import Rolling, rolling

__all__ = ["postgres"]


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.give_back(url)


@pytest.fixture
async def deployment(tmp_path: Path, postgres_url: str) -> AsyncIterator[Rolling]:
    async with rolling(tmp_path, postgres_url) as running:
        await running.start()
        yield running
