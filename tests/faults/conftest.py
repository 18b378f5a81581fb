"""Real servers: each test has its own, started when the test says so."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.postgres import postgres
from fakes.serve_process import Served, served

__all__ = ["postgres"]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as server:
        yield server
