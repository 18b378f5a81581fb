"""Whether the process lives, and whether it can do its work just now."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web

from telamon.clock import Clock
from telamon.web.answers import json_answer

Check = Callable[[], Awaitable[None]]
"""Proves that something works, or raises."""

_FRESH_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
log = structlog.get_logger(__name__)


class Health:
    """Answers ``/livez`` and ``/readyz``; says which check failed, never why.

    The checks run at most every two seconds, however often somebody asks.
    """

    def __init__(self, checks: Mapping[str, Check], *, clock: Clock) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._stopping = False
        self._asking = asyncio.Lock()
        self._known: dict[str, bool] = {}
        self._known_at = float("-inf")

    def stop(self) -> None:
        """Be unready from now on, so that no new work is sent while the old work ends."""
        self._stopping = True

    def routes(self) -> list[web.RouteDef]:
        """Return the two probes."""
        return [web.get("/livez", self._live), web.get("/readyz", self._ready)]

    async def _live(self, _request: web.Request) -> web.StreamResponse:
        return json_answer({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.StreamResponse:
        if self._stopping:
            return json_answer({"status": "stopping"}, status=503)
        checks = await self._results()
        ready = all(checks.values())
        return json_answer(
            {
                "status": "ok" if ready else "unready",
                "checks": {name: "ok" if works else "failed" for name, works in checks.items()},
            },
            status=200 if ready else 503,
        )

    async def _results(self) -> Mapping[str, bool]:
        async with self._asking:
            if not 0 <= self._clock() - self._known_at < _FRESH_SECONDS:
                answers = await asyncio.gather(*map(self._works, self._checks))
                self._known = dict(zip(self._checks, answers, strict=True))
                self._known_at = self._clock()
            return self._known

    async def _works(self, name: str) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._checks[name]()
        except Exception as error:  # noqa: BLE001 - whatever it is, the check failed
            log.warning("health.failed", check=name, error=type(error).__name__)
            return False
        return True
