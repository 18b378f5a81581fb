"""A wake-up call for one waiter: what :class:`asyncio.Event` is, in a fifth of its memory.

Thousands of streams sit idle at once, each with one of these.
"""

import asyncio


class Wake:
    """Set by anybody, waited for by one task."""

    __slots__ = ("_set", "_waiter")

    def __init__(self) -> None:
        self._set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake the waiter, or let the next one pass."""
        self._set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def clear(self) -> None:
        """Let the next one wait."""
        self._set = False

    async def wait(self) -> None:
        """Return as soon as it is set."""
        if self._set:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
