"""How much one user may ask for: requests and calls a minute, calls at once (SECURITY L09)."""

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from telamon.endpoint.kernel import BUSY, MCPError
from telamon.endpoint.wire import Refused, refusal
from telamon.plugin import LimitHit
from telamon.plugin.events import Announce
from telamon.settings import LimitSettings
from telamon.web.limits import Limiter, retry_after

_RUNNING_SECONDS = 1.0
_REQUESTS_TO_A_CALL = 20
"""Requests of any kind for each call that the limit allows: far above what a client needs."""


class Allowance:
    """Counts the requests and the calls of each user."""

    def __init__(self, limits: LimitSettings, limiter: Limiter, announce: Announce) -> None:
        self._limits = limits
        self._limiter = limiter
        self._announce = announce
        self._running: Counter[str] = Counter()
        self._none_runs = asyncio.Event()
        self._none_runs.set()

    def admit(self, account_id: str) -> None:
        """Count one request, whatever it asks for; nothing of its body has been read yet.

        Raises:
            Refused: 429 with ``Retry-After``.
        """
        per_minute = self._limits.calls_per_minute * _REQUESTS_TO_A_CALL
        wait = self._limiter.take("requests_per_minute", account_id, per_minute=per_minute)
        if wait is not None:
            self._announce(LimitHit(limit="requests_per_minute", key=account_id))
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

    @contextmanager
    def use(self, account_id: str) -> Generator[None]:
        """Run one call within the limits.

        Raises:
            MCPError: -32000, with the seconds to wait in words and in ``data.retryAfter``.
        """
        if self._running[account_id] >= self._limits.concurrent_calls:
            raise self._busy("concurrent_calls", account_id, _RUNNING_SECONDS)
        per_minute = self._limits.calls_per_minute
        wait = self._limiter.take("calls_per_minute", account_id, per_minute=per_minute)
        if wait is not None:
            raise self._busy("calls_per_minute", account_id, wait)
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

    def _busy(self, limit: str, account_id: str, wait: float) -> MCPError:
        self._announce(LimitHit(limit=limit, key=account_id))
        seconds = retry_after(wait)
        message = f"Too many calls. Wait {seconds} seconds, then call again."
        return MCPError(BUSY, message, {"retryAfter": int(seconds)})
