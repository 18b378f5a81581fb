from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.postgres import postgres, postgres_url
from rolling.deployment import Rolling, rolling

__all__ = ["postgres", "postgres_url"]


@pytest.fixture
async def deployment(tmp_path: Path, postgres_url: str) -> AsyncIterator[Rolling]:
    async with rolling(tmp_path, postgres_url) as running:
        await running.start()
        yield running
