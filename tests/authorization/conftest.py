from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeClock
from fakes.authorization_world import Setup, setup


@pytest.fixture
async def serve(
    tmp_path: Path, clock: FakeClock
) -> AsyncGenerator[Callable[..., Awaitable[Setup]], None]:
    """Serve an authorization server with the settings a test wants."""
    async with AsyncExitStack() as stack:

        async def start(**given: Any) -> Setup:
            return await stack.enter_async_context(setup(tmp_path, clock, **given))

        yield start


@pytest.fixture
async def here(serve: Callable[..., Awaitable[Setup]]) -> Setup:
    """An authorization server as it is out of the box."""
    return await serve()


@pytest.fixture
async def client_id(here: Setup) -> str:
    """A public client on the user's own computer."""
    return await here.client_id()
