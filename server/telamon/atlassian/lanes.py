"""What is known of each site while calls run: how many, how healthy, and what Atlassian throttled.

One slow or failing site must not take the connections, the patience or the limits of the others.
Durations are measured with *ticks*, a clock that never jumps.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from telamon.clock import Clock
from telamon.plugin import Unavailable

IN_FLIGHT = 32
"""Requests of one site at once."""
QUEUE_SECONDS = 10.0
FAILURES = 5
"""So many connection failures or timeouts in a row close a site's lane."""
COOL_SECONDS = 10.0
RETRY_CREDIT = 10.0
RETRY_EARNED = 0.1
"""At most one request in ten is a repetition, once the credit is used up."""
THROTTLES = 500
LANES = 2000


class Breaker:
    """Refuses for *cool* seconds after *failures* in a row; then one caller at a time may try."""

    def __init__(
        self, ticks: Clock, *, failures: int = FAILURES, cool: float = COOL_SECONDS
    ) -> None:
        self._ticks = ticks
        self._limit = failures
        self._cool = cool
        self._failures = 0
        self._open_until = 0.0

    def wait(self) -> float:
        """Return how long to stay away; 0 lets the caller through and, when open, others not."""
        now = self._ticks()
        if self._failures < self._limit:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        self._open_until = now + self._cool
        return 0.0

    def succeeded(self) -> None:
        """Any answer at all closes it."""
        self._failures = 0

    def failed(self) -> None:
        """Count a failure; the last one opens it."""
        self._failures += 1
        if self._failures >= self._limit:
            self._open_until = self._ticks() + self._cool


class Lane:
    """One site's lane to Atlassian."""

    def __init__(self, ticks: Clock) -> None:
        self.breaker = Breaker(ticks)
        self._ticks = ticks
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._throttled: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._credit = RETRY_CREDIT
        self.users = 0

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None]:
        """Hold one of the site's slots.

        Raises:
            Unavailable: All are taken for too long.
        """
        if self._slots.locked():
            await self._queue()
        else:
            await self._slots.acquire()
        try:
            yield
        finally:
            self._slots.release()

    async def _queue(self) -> None:
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable(
                "Too many requests to this site are waiting for Atlassian; try again in a minute."
            ) from None

    def earn(self) -> None:
        """A request went well: earn a tenth of a repetition."""
        self._credit = min(RETRY_CREDIT, self._credit + RETRY_EARNED)

    def spend(self) -> bool:
        """Whether a request may be repeated now; in a long outage most may not."""
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    def throttle(self, key: tuple[str, ...], seconds: float) -> None:
        """Remember that Atlassian wants no requests of *key* for so many *seconds*."""
        self._throttled[key] = max(self._ticks() + seconds, self._throttled.get(key, 0.0))
        self._throttled.move_to_end(key)
        while len(self._throttled) > THROTTLES:
            self._throttled.popitem(last=False)

    def throttled(self, *keys: tuple[str, ...]) -> float:
        """Return the seconds until none of *keys* is throttled."""
        now = self._ticks()
        return max(0.0, *(self._throttled.get(key, 0.0) - now for key in keys))


class Lanes:
    """The lanes by cloud id; the ones unused for longest are forgotten."""

    def __init__(self, ticks: Clock) -> None:
        self._ticks = ticks
        self._lanes: OrderedDict[str, Lane] = OrderedDict()

    @asynccontextmanager
    async def of(self, cloud_id: str) -> AsyncGenerator[Lane]:
        """Lend the lane of *cloud_id* for one call."""
        lane = self._lanes.setdefault(cloud_id, Lane(self._ticks))
        self._lanes.move_to_end(cloud_id)
        lane.users += 1
        try:
            yield lane
        finally:
            lane.users -= 1
            if len(self._lanes) > LANES:
                self._forget()

    def _forget(self) -> None:
        for cloud_id in [c for c, lane in self._lanes.items() if not lane.users]:
            if len(self._lanes) <= LANES:
                break
            del self._lanes[cloud_id]
