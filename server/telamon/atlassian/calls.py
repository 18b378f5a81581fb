"""Carry one request to Atlassian and back: token, limits, retries, and every failure named.

Reads are repeated within a budget of time; a change is sent once. Only a 401 is answered by sending
anything again, with a fresh token: it says that nothing was done.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import aiohttp
import structlog
from yarl import URL

from telamon.atlassian.custody import Custody
from telamon.atlassian.faults import (
    Answered,
    Asked,
    fault,
    gateway_said,
    rate_limited,
    scope_refused,
    sign_in_again,
    site_gone,
    too_large,
    unavailable,
)
from telamon.atlassian.lanes import Lane, Lanes
from telamon.atlassian.limits import retry_after, throttle_of
from telamon.atlassian.principal import Principal
from telamon.atlassian.reading import NotJson, TooMuch, parse, read_capped
from telamon.atlassian.timing import Pause
from telamon.clock import Clock
from telamon.plugin import Unavailable
from telamon.storage import StorageUnavailable

log = structlog.get_logger(__name__)

REDIRECTS = (301, 302, 303, 307, 308)
TRANSIENT = (500, 502, 503, 504)
RETRIES = 2
RATE_LIMIT_WAITS = 4
BACKOFF_SECONDS = 0.5
RENEWALS = 2
"""Once to what another call or process has got meanwhile, which may be over too, and once anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A request, ready to be sent as often as needed: *data* makes a new body each time."""

    asked: Asked
    url: URL
    limit: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    data: Callable[[], Any] | None = None
    redirects: bool = False
    """A redirect is an answer (to a file), not a fault."""


class Patience:
    """How much longer one call may wait, and how often it may be repeated."""

    def __init__(self, seconds: float, pause: Pause) -> None:
        self._left = seconds
        self._pause = pause
        self.retries = RETRIES
        self.waits = RATE_LIMIT_WAITS

    async def wait(self, seconds: float) -> bool:
        """Wait *seconds* and a little more; ``False`` at once when that is over the budget."""
        jittered = seconds + random.uniform(0.05, 0.25) * max(seconds, 0.4)  # noqa: S311 - spreads load
        if jittered > self._left:
            return False
        self._left -= jittered
        await self._pause(jittered)
        return True


class Caller:
    """Sends requests on behalf of principals over one pooled session."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        custody: Custody,
        clock: Clock,
        *,
        ticks: Clock,
        patience: Callable[[], Patience],
    ) -> None:
        self._http = http
        self._custody = custody
        self._clock = clock
        self._patience = patience
        self._lanes = Lanes(ticks)

    async def json(self, principal: Principal, outgoing: Outgoing) -> Any:
        """Send and return the parsed JSON, or ``None`` for an empty body."""
        answered = await self.send(principal, outgoing)
        try:
            return await parse(answered.raw)
        except NotJson as error:
            raise unavailable(outgoing.asked, "answered with something that is not JSON") from error

    async def send(self, principal: Principal, outgoing: Outgoing) -> Answered:
        """Send and return the answer of a 2xx (or a redirect, where that is one).

        Raises:
            ToolError: With cause and remedy; see ``faults``.
        """
        try:
            return await self._send(principal, outgoing)
        except StorageUnavailable as error:
            raise Unavailable(
                "This server's own database cannot be reached just now; try again in a minute."
            ) from error

    async def _send(self, principal: Principal, outgoing: Outgoing) -> Answered:
        asked, patience, renewals = outgoing.asked, self._patience(), RENEWALS
        token = await self._custody.access_token(principal.grant_id, principal.account_id)
        async with self._lanes.of(principal.site.cloud_id) as lane:
            while True:
                await self._hold_back(lane, asked, patience)
                try:
                    answered = await self._once(lane, outgoing, token)
                except (aiohttp.ClientError, TimeoutError) as error:
                    lane.breaker.failed()
                    if await self._again(lane, asked, patience, None):
                        continue
                    raise unavailable(asked, f"could not be reached ({_cause(error)})") from error
                lane.breaker.succeeded()
                if answered.status < 300 or (outgoing.redirects and answered.status in REDIRECTS):
                    lane.earn()
                    return answered
                if answered.status == 401 and not scope_refused(answered):
                    if not renewals:
                        raise sign_in_again(asked)
                    token = await self._custody.after_refusal(principal.grant_id, token)
                    renewals -= 1
                elif not await self._worth_repeating(lane, asked, answered, patience):
                    raise await self._fault(principal, asked, answered)

    async def _hold_back(self, lane: Lane, asked: Asked, patience: Patience) -> None:
        """Wait for a limit that Atlassian announced before; refuse here what cannot succeed."""
        seconds = lane.throttled(*_keys(asked))
        if seconds > 0 and not await patience.wait(seconds):
            raise rate_limited(asked, seconds)
        if lane.breaker.wait() > 0:
            raise unavailable(asked, "did not answer the last requests and is given a rest")

    async def _once(self, lane: Lane, outgoing: Outgoing, token: str) -> Answered:
        asked, started, status = outgoing.asked, perf_counter(), 0
        async with lane.slot():
            try:
                async with self._http.request(
                    asked.method,
                    outgoing.url,
                    data=outgoing.data() if outgoing.data else None,
                    headers={**outgoing.headers, "Authorization": f"Bearer {token}"},
                    allow_redirects=False,
                ) as response:
                    status = response.status
                    return await _read(response, outgoing)
            finally:
                log.debug(
                    "upstream.request",
                    product=asked.product.name,
                    method=asked.method,
                    path=asked.template,
                    status=status,
                    seconds=round(perf_counter() - started, 4),
                )

    async def _worth_repeating(
        self, lane: Lane, asked: Asked, answered: Answered, patience: Patience
    ) -> bool:
        now = self._clock()
        if answered.status == 429:
            throttle = throttle_of(answered.headers, now)
            product, endpoint = _keys(asked)
            if throttle.reach != "call":
                lane.throttle(
                    product if throttle.reach == "product" else endpoint, throttle.seconds
                )
            patience.waits -= 1
            return asked.reads and patience.waits >= 0 and await patience.wait(throttle.seconds)
        if answered.status in TRANSIENT:
            return await self._again(lane, asked, patience, retry_after(answered.headers, now))
        return False

    async def _again(
        self, lane: Lane, asked: Asked, patience: Patience, seconds: float | None
    ) -> bool:
        if not asked.reads or patience.retries == 0 or not lane.spend():
            return False
        patience.retries -= 1
        backoff = BACKOFF_SECONDS * 2 ** (RETRIES - 1 - patience.retries)
        return await patience.wait(max(backoff, seconds or 0.0))

    async def _fault(self, principal: Principal, asked: Asked, answered: Answered) -> Exception:
        if answered.status in (403, 404) and gateway_said(answered) and not scope_refused(answered):
            sites = await self._custody.recheck_sites(principal.grant_id)
            if all(site.cloud_id != principal.site.cloud_id for site in sites):
                return site_gone(asked, sites)
        if answered.status == 429:
            return rate_limited(asked, throttle_of(answered.headers, self._clock()).seconds)
        return fault(asked, answered)


async def _read(response: aiohttp.ClientResponse, outgoing: Outgoing) -> Answered:
    raw = b""
    try:
        raw = await read_capped(response, outgoing.limit)
        body = await parse(raw) if response.status >= 300 else None
    except TooMuch as error:
        if response.status < 300:
            raise too_large(outgoing.asked, outgoing.limit) from error
        body = None
    except NotJson:
        body = None
    return Answered(status=response.status, headers=response.headers, raw=raw, body=body)


def _keys(asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    gateway = asked.product.gateway
    return (gateway,), (gateway, asked.method, asked.template)


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection"
    return "the connection broke"
