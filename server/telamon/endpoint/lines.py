"""Every answer that is open for long: counted, kept alive, and closed when its token ends.

One beat serves them all, so an idle stream costs no timer and no task of its own.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Protocol

import structlog
from aiohttp import web

from telamon.atlassian.principal import Principal
from telamon.clock import Clock
from telamon.endpoint.bearer import Admission
from telamon.endpoint.wire import Refused, refusal
from telamon.plugin import LimitHit
from telamon.plugin.events import Announce
from telamon.settings import LimitSettings
from telamon.storage import StorageUnavailable

BEAT_SECONDS: Final = 7.5
"""Half the longest silence of a stream: a keep-alive follows the first beat without any event."""

_RECHECK_SECONDS: Final = 15.0
_UNACKNOWLEDGED_MILLISECONDS: Final = 30_000
_RETRY_SECONDS: Final = 30
_LAST_WORDS_SECONDS: Final = 1.0
log = structlog.get_logger(__name__)


class Line(Protocol):
    """An open answer."""

    def beat(self) -> None:
        """Keep the connection alive, if it was silent."""
        ...

    def leave(self) -> None:
        """Finish the answer."""
        ...

    def cut(self) -> None:
        """Answer that the request was not finished, unless somebody else does."""
        ...

    def drop(self) -> None:
        """Cut the connection."""
        ...


class _Open:
    """A line that is kept alive within its block; a generator would be five times as large."""

    __slots__ = ("_line", "_lines", "admission", "checked_at", "told")

    def __init__(self, lines: "Lines", line: Line, admission: Admission, now: float) -> None:
        self._lines = lines
        self._line = line
        self.told = False
        self.admission = admission
        self.checked_at = now

    def __enter__(self) -> None:
        self._lines.begun(self)

    def __exit__(self, *exc: object) -> None:
        self._lines.over(self)

    def beat(self) -> None:
        if not self.told:
            self._line.beat()

    def cut(self) -> None:
        self._line.cut()

    def end(self) -> None:
        """Ask the line to finish; cut it if it was asked before and could not."""
        if self.told:
            self._line.drop()
        self.told = True
        self._line.leave()


class Seat:
    """One of the streams that may stand open."""

    __slots__ = ("_account", "_standing")

    def __init__(self, standing: Counter[str], account: str) -> None:
        standing[account] += 1
        self._standing = standing
        self._account = account

    def leave(self) -> None:
        """Give it back; once only."""
        self._standing[self._account] -= 1
        if not self._standing[self._account]:
            del self._standing[self._account]


class Lines:
    """The open answers of this process."""

    def __init__(
        self,
        look_up: Callable[[str], Awaitable[Principal | None]],
        limits: LimitSettings,
        announce: Announce,
        clock: Clock,
    ) -> None:
        self._look_up = look_up
        self._limits = limits
        self._announce = announce
        self._clock = clock
        self._open: set[_Open] = set()
        self._standing: Counter[str] = Counter()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def hold(self, line: Line, admission: Admission) -> _Open:
        """Keep *line* alive within the block, in which its request is being answered."""
        return _Open(self, line, admission, self._clock())

    def begun(self, entry: _Open) -> None:
        """Keep *entry* alive."""
        self._open.add(entry)
        self._none_open.clear()

    def over(self, entry: _Open) -> None:
        """Let *entry* be."""
        self._open.discard(entry)
        if not self._open:
            self._none_open.set()

    def stand(self, principal: Principal) -> Seat:
        """Take a seat for a stream that stays open without a running request.

        Raises:
            Refused: 429, this user or the process has too many of them.
        """
        account = principal.account_id
        if self._standing[account] >= self._limits.streams_per_user:
            raise self._too_many("streams_per_user", account)
        if self._standing.total() >= self._limits.streams:
            raise self._too_many("streams", "all")
        return Seat(self._standing, account)

    @property
    def standing(self) -> int:
        """How many streams stand open, of all users."""
        return self._standing.total()

    def _too_many(self, limit: str, key: str) -> Refused:
        self._announce(LimitHit(limit=limit, key=key))
        return Refused(
            refusal(
                429,
                "Too many open streams; close one or try again later.",
                headers={"Retry-After": str(_RETRY_SECONDS)},
            )
        )

    async def beat(self) -> None:
        """Serve every open answer once: end it, look at its token again, or keep it alive."""
        now = self._clock()
        for entry in list(self._open):
            if entry.admission.principal.expires_at <= now:
                entry.end()
            else:
                entry.beat()
        with suppress(TimeoutError):  # the rest has its turn behind the next keep-alives
            async with asyncio.timeout(BEAT_SECONDS / 2):
                await self._recheck_due(now)

    async def _recheck_due(self, now: float) -> None:
        for entry in list(self._open):
            if not entry.told and now - entry.checked_at >= _RECHECK_SECONDS:
                entry.checked_at = now
                if not await self._recheck(entry):
                    return

    async def look_again(self, family_id: str | None = None) -> None:
        """Look at the tokens of this family again, now, and end the answers whose token is dead.

        Without one at the tokens of all.
        """
        for entry in list(self._open):
            if not entry.told and family_id in {None, entry.admission.principal.family_id}:
                await self._recheck(entry)

    async def _recheck(self, entry: _Open) -> bool:
        """End *entry* if its token is dead; False when nobody can tell."""
        try:
            still_good = await self._look_up(entry.admission.token)
        except StorageUnavailable:
            # Nobody can say that it was revoked; its deadline holds without the database.
            log.warning("stream.not_rechecked")
            return False
        if still_good is None and not entry.told:  # two may have looked at once
            entry.end()
        return True

    async def wait(self) -> None:
        """Wait until no answer is open."""
        await self._none_open.wait()

    def cut(self) -> None:
        """Answer every request that still runs: the server stops before it was finished."""
        for entry in list(self._open):
            entry.cut()

    async def close(self) -> None:
        """Wait for the last words of every open answer, and end those that do not come to them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._none_open.wait()
        for entry in list(self._open):
            entry.end()


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do *work* every so many *seconds*, for ever; a failure is logged and not repeated sooner."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except StorageUnavailable:  # logged where it was found
            log.warning("beat.cut_short")
        except Exception:  # the beat must go on whatever one of its streams does
            log.exception("beat.failed")


def notice_loss(request: web.Request) -> None:
    """Have the kernel close a connection whose peer acknowledges nothing for half a minute.

    A client that vanished without a word is found by its unanswered keep-alives (SECURITY N24).
    """
    transport = request.transport
    connection = transport.get_extra_info("socket") if transport is not None else None
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if connection is None or option is None:
        return
    with suppress(OSError):  # a Unix socket has no such option
        connection.setsockopt(socket.IPPROTO_TCP, option, _UNACKNOWLEDGED_MILLISECONDS)
