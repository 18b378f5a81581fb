"""A loopback server with the suite's fixtures: ``python tests/conformance/server.py``.

It prints its URL and a token, and runs until it is interrupted. A random token is made on every
start and is good for nothing else.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conformance.beyond import Beyond
from conformance.plugin import PRODUCT
from fakes.endpoint_server import McpServer, mcp_server

CALLS_PER_MINUTE = 100_000


def extend(server: object) -> None:
    Beyond(server)  # type: ignore[arg-type]  # the kernel's server, named where it is made


@asynccontextmanager
async def conformance_server() -> AsyncIterator[tuple[McpServer, str]]:
    """Run the server; gives it and a token."""
    limits = {"calls_per_minute": CALLS_PER_MINUTE, "sessions_per_user": 1000}
    async with mcp_server([PRODUCT], extend=extend, limits=limits) as server:
        yield server, await server.token()


async def main() -> None:
    async with conformance_server() as (server, token):
        print(f"{server.mcp}\n{token}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
