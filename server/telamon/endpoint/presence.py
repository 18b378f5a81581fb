"""This process among the replicas on one database: its name, and that it lives.

On a SQLite file there is no other, and nothing is said to anybody.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from telamon.endpoint.lines import every
from telamon.storage.replicas import BEAT_SECONDS, Replicas


class Presence:
    """Says that this replica lives, from its first request on."""

    def __init__(self, replicas: Replicas, *, shared: bool) -> None:
        self.id = secrets.token_hex(8)
        self.shared = shared
        self._replicas = replicas
        self._beating: asyncio.Task[None] | None = None

    async def begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """Say so now, then every two seconds, each time followed by *work*; it is done once.

        Raises:
            StorageUnavailable: It could not be said.
        """
        if not self.shared or self._beating is not None:
            return
        await self._replicas.beat(self.id)
        if self._beating is None:

            async def beat() -> None:
                await self._replicas.beat(self.id)
                await work()

            self._beating = asyncio.create_task(every(BEAT_SECONDS, beat), name="presence")

    async def lives(self, replica: str) -> bool:
        """Tell whether another replica lives."""
        return await self._replicas.lives(replica)

    async def end(self) -> None:
        """Say that this replica has ended."""
        if self._beating is not None:
            self._beating.cancel()
            await self._replicas.leave(self.id)
