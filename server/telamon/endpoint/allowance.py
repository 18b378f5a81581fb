"""How much one user may ask for: requests and calls a minute, calls at once (SECURITY L09)."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from telamon.endpoint.kernel import BUSY, MCPError
from telamon.endpoint.wire import Refused, refusal
from telamon.plugin import LimitHit
from telamon.plugin.events import Announce
from telamon.settings import LimitSettings
from telamon.web.limits import Limiter, retry_after

_RUNNING_SECONDS = 1.0
_REQUESTS_TO_A_CALL = 20
"""Requests of any kind for each call that the limit allows: far above what a client needs."""
_REFUSED_AT_ONCE = 10
"""A minute, of one user; further refusals are kept for *_HELD_SECONDS* before they are told."""
_HELD_SECONDS = 1.0
_MOST_HELD = 100


class Allowance:
    """Counts the requests and the calls of each user.

    A refusal costs nearly what an answer costs. Whoever asks on without waiting therefore gets
    theirs late: each of their connections then asks once a second, and the others notice nothing.
    """

    def __init__(
        self,
        limits: LimitSettings,
        limiter: Limiter,
        announce: Announce,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._limits = limits
        self._limiter = limiter
        self._announce = announce
        self._pause = pause
        self._held: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._none_runs = asyncio.Event()
        self._none_runs.set()

    async def admit(self, account_id: str) -> None:
        """Count one request, whatever it asks for; nothing of its body has been read yet.

        Raises:
            Refused: 429 with ``Retry-After``.
        """
        per_minute = self._limits.calls_per_minute * _REQUESTS_TO_A_CALL
        wait = self._limiter.take("requests_per_minute", account_id, per_minute=per_minute)
        if wait is not None:
            await self._refuse("requests_per_minute", account_id)
            seconds = retry_after(wait)
            message = f"Too many requests. Wait {seconds} seconds."
            raise Refused(refusal(429, message, code=BUSY, headers={"Retry-After": seconds}))

    @property
    def running(self) -> int:
        """How many calls run just now, of all users."""
        return self._running.total()

    async def wait(self) -> None:
        """Wait until no call runs."""
        await self._none_runs.wait()

    @asynccontextmanager
    async def use(self, account_id: str) -> AsyncGenerator[None]:
        """Run one call within the limits.

        Raises:
            MCPError: -32000, with the seconds to wait in words and in ``data.retryAfter``.
        """
        if self._running[account_id] >= self._limits.concurrent_calls:
            raise await self._busy("concurrent_calls", account_id, _RUNNING_SECONDS)
        per_minute = self._limits.calls_per_minute
        wait = self._limiter.take("calls_per_minute", account_id, per_minute=per_minute)
        if wait is not None:
            raise await self._busy("calls_per_minute", account_id, wait)
        self._running[account_id] += 1
        self._none_runs.clear()
        try:
            yield
        finally:
            self._running[account_id] -= 1
            if not self._running[account_id]:
                del self._running[account_id]
            if not self._running:
                self._none_runs.set()

    async def _busy(self, limit: str, account_id: str, wait: float) -> MCPError:
        await self._refuse(limit, account_id)
        seconds = retry_after(wait)
        message = f"Too many calls. Wait {seconds} seconds, then call again."
        return MCPError(BUSY, message, {"retryAfter": int(seconds)})

    async def _refuse(self, limit: str, account_id: str) -> None:
        self._announce(LimitHit(limit=limit, key=account_id))
        rate = float(_REFUSED_AT_ONCE)
        patient = self._limiter.take("refusals", account_id, per_minute=rate) is None
        if patient or self._held[account_id] >= _MOST_HELD:
            return
        self._held[account_id] += 1
        try:
            await self._pause(_HELD_SECONDS)
        finally:
            self._held[account_id] -= 1
            if not self._held[account_id]:
                del self._held[account_id]
