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
        self._said_at = self._patient_until = 0.0

    async def begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """Say so now, then every two seconds, each time followed by *work*; it is done once.

        Raises:
            StorageUnavailable: It could not be said.
        """
        if not self.shared or self._beating is not None:
            return
        await self._replicas.beat(self.id)
        if self._beating is None:
            self._said_at = _monotonic()

            async def beat() -> None:
                await self._say()
                await work()

            self._beating = asyncio.create_task(every(BEAT_SECONDS, beat), name="presence")

    async def _say(self) -> None:
        await self._replicas.beat(self.id)
        now = _monotonic()
        if now - self._said_at > 2 * BEAT_SECONDS:
            self._patient_until = now + 2 * BEAT_SECONDS
        self._said_at = now

    async def lives(self, replica: str) -> bool:
        """Tell whether another replica lives, as far as this one can judge.

        While this one could not say so itself, and a moment longer, none could: they may all live.
        """
        now = _monotonic()
        if now - self._said_at > 2 * BEAT_SECONDS or now < self._patient_until:
            return True
        return await self._replicas.lives(replica)

    async def end(self) -> None:
        """Say that this replica has ended."""
        if self._beating is not None:
            self._beating.cancel()
            await self._replicas.leave(self.id)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
