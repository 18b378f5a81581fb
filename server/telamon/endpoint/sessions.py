"""Which sessions this process holds, how many each user may have, and when the idle ones end.

The storage keeps who owns a session and which replica holds it, so that a router in front of
several replicas can be built on that record; whoever asks for a session that is not theirs, or not
here, hears the same as for one that never was.
"""

import asyncio
from collections import Counter
from functools import partial
from typing import Any, cast

import structlog

from telamon.atlassian.principal import Principal
from telamon.clock import Clock
from telamon.endpoint.exchange import owner_of
from telamon.endpoint.kernel import Server
from telamon.endpoint.session import Session
from telamon.endpoint.wire import Refused, refusal
from telamon.plugin import Json, LimitHit
from telamon.plugin.events import Announce
from telamon.settings import LimitSettings
from telamon.storage import McpSession
from telamon.storage.mcp_sessions import McpSessions
from telamon.tasks import Tasks

_RETRY_SECONDS = 60
_LAST_SECONDS = 0.5
_LONGEST_WORD = 200
_MOST_CAPABILITIES = 50
log = structlog.get_logger(__name__)


class Sessions:
    """The sessions of this process."""

    def __init__(
        self,
        server: Server[Any],
        records: McpSessions,
        limits: LimitSettings,
        *,
        replica: str,
        announce: Announce,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._server = server
        self._records = records
        self._limits = limits
        self._replica = replica
        self._announce = announce
        self._clock = clock
        self._tasks = tasks
        self._sessions: dict[str, Session] = {}
        self._starting: Counter[str] = Counter()
        self._loops: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    async def start(
        self, principal: Principal, version: str, initialize: Json, *, one_stream: bool = False
    ) -> Session:
        """Make a session for *principal* and note it in the storage.

        Raises:
            Refused: 429, this user has too many sessions and all of them are in use.
            StorageUnavailable: It could not be noted.
        """
        self._make_room(principal.account_id)
        now = self._clock()
        session = Session(
            owner=owner_of(principal),
            account_id=principal.account_id,
            version=version,
            clock=self._clock,
            one_stream=one_stream,
        )
        record = McpSession(
            id=session.id,
            owner=session.owner,
            protocol_version=version,
            initialize=_kept(initialize),
            replica=self._replica,
            created_at=now,
            last_seen_at=now,
        )
        # Its place is taken before the wait: many that start at once must not all find it free.
        self._starting[principal.account_id] += 1
        try:
            await self._records.add(record)
        finally:
            self._starting -= Counter([principal.account_id])
        self._sessions[session.id] = session
        loop = session.start(self._server)
        self._loops.add(loop)
        loop.add_done_callback(partial(self._ended, session))
        return session

    def _make_room(self, account_id: str) -> None:
        """End the user's longest idle session when there are too many.

        Clients leave sessions behind; refusing new ones would lock their user out for half an hour.
        """
        theirs = [s for s in self._sessions.values() if s.account_id == account_id]
        if len(theirs) + self._starting[account_id] < self._limits.sessions_per_user:
            return
        idle = [session for session in theirs if not session.busy]
        if not idle:
            self._announce(LimitHit(limit="sessions_per_user", key=account_id))
            message = "Too many sessions are in use; close one or try again later."
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            raise Refused(refusal(429, message, headers=headers))
        self.end(min(idle, key=lambda session: session.seen_at))

    async def find(self, id_: str, principal: Principal, *, one_stream: bool = False) -> Session:
        """Return the session, and note that it is in use.

        Raises:
            Refused: 404, there is none for this user, client, site and transport.
        """
        session = self._sessions.get(id_)
        owner = owner_of(principal)
        if session and session.owner == owner and session.one_stream is one_stream:
            session.seen_at = self._clock()
            return session
        if session is None and (record := await self._records.get(id_)) is not None:
            log.info("session.elsewhere", replica=record.replica)
        raise Refused(refusal(404, "Session not found"))

    def end(self, session: Session) -> None:
        """End *session*; what still runs in it is cancelled."""
        if self._sessions.pop(session.id, None) is not None:
            self._tasks.start(self._records.delete(session.id), name="forget session")
        session.end()

    def _ended(self, session: Session, loop: asyncio.Task[None]) -> None:
        self._loops.discard(loop)
        if not loop.cancelled() and (error := loop.exception()) is not None:
            log.error("session.failed", exc_info=error)
        self.end(session)

    async def beat(self) -> None:
        """Drop old streams, end idle sessions, and note those that are in use."""
        now = self._clock()
        used: list[str] = []
        for session in list(self._sessions.values()):
            session.sweep()
            if session.busy:
                session.seen_at = now
            if now - session.seen_at >= self._limits.session_idle_seconds:
                self.end(session)
            elif session.noted_at < session.seen_at - self._limits.session_idle_seconds / 4:
                session.noted_at = now
                used.append(session.id)
        await self._records.touch(used, now)

    def wind_down(self) -> None:
        """Finish the streams that wait for nothing, now or as soon as they do; requests go on."""
        for session in list(self._sessions.values()):
            session.wind_down()

    def cut(self) -> None:
        """Answer every request that still runs: the server stops before it was finished."""
        for session in list(self._sessions.values()):
            session.cut()

    async def close(self) -> None:
        """End every session and wait a little for the loops."""
        for session in list(self._sessions.values()):
            self.end(session)
        if self._loops:
            await asyncio.wait(self._loops, timeout=_LAST_SECONDS)


def _kept(initialize: Json) -> Json:
    """Return what is worth noting of the parameters of ``initialize``: who it is, what it can do.

    A client may have written anything there, of any shape and size.
    """
    said = _object(initialize)
    client, capabilities = _object(said.get("clientInfo")), _object(said.get("capabilities"))
    return {
        "protocolVersion": _word(said.get("protocolVersion")),
        "clientInfo": {name: _word(client.get(name)) for name in ("name", "version")},
        "capabilities": [_word(name) for name in sorted(capabilities)[:_MOST_CAPABILITIES]],
    }


def _object(value: Json) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _word(value: Json) -> str | None:
    return value[:_LONGEST_WORD] if isinstance(value, str) else None
