"""Which sessions go on in this process, how many each user may have, when the idle ones end.

The storage keeps what any process needs to go on with a session of Streamable HTTP: one that began
elsewhere, or before a restart, is rebuilt here without its client noticing. Whoever asks for a
session that is not theirs hears the same as for one that never was.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any, cast

import structlog

from telamon.atlassian.principal import Principal
from telamon.clock import Clock
from telamon.endpoint.choice import Choice
from telamon.endpoint.exchange import Exchange, owner_of
from telamon.endpoint.handshake import kept, repeat
from telamon.endpoint.kernel import NotificationOptions, Server
from telamon.endpoint.session import STANDING, Session
from telamon.endpoint.wire import Refused, refusal
from telamon.plugin import Json, LimitHit, LogLevel
from telamon.plugin.events import Announce
from telamon.settings import LimitSettings
from telamon.storage import McpSession, Storage, StorageUnavailable
from telamon.storage.mcp_sessions import ENDED, LOG_LEVEL
from telamon.tasks import Tasks

_RETRY_SECONDS = 60
_LAST_SECONDS = 0.5
_EVERYWHERE = 4
"""How many times the sessions that one process allows a user may have in all of them."""
log = structlog.get_logger(__name__)


class Sessions:
    """The sessions of this process."""

    def __init__(
        self,
        server: Server[Any],
        storage: Storage,
        limits: LimitSettings,
        *,
        replica: str,
        announce: Announce,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._server = server
        self._options = server.create_initialization_options(
            NotificationOptions(prompts_changed=True, resources_changed=True, tools_changed=True)
        )
        self._records = storage.mcp_sessions
        self._shared = storage.shared
        self._limits = limits
        self._replica = replica
        self._announce = announce
        self._clock = clock
        self._tasks = tasks
        self._sessions: dict[str, Session] = {}
        self._by_key: dict[str, Session] = {}
        self._starting: Counter[str] = Counter()
        self._loops: set[asyncio.Task[None]] = set()
        self._numbers = count(STANDING + 1)  # of streams; no rebuilt session begins again at one
        storage.notifications.subscribe(ENDED, self._ended_elsewhere, missed=self._look_again)
        storage.notifications.subscribe(LOG_LEVEL, self._log_level_chosen)

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

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
        session = self._make(principal, version, one_stream=one_stream)
        record = McpSession(
            id=session.id,
            owner=session.owner,
            protocol_version=version,
            initialize=kept(initialize),
            replica=self._replica,
            one_stream=one_stream,
            created_at=now,
            last_seen_at=now,
        )
        # Its place is taken before the wait: many that start at once must not all find it free.
        self._starting[principal.account_id] += 1
        try:
            most = self._limits.sessions_per_user * _EVERYWHERE
            await self._records.add(record, keep=most if self._shared else None)
        finally:
            self._starting -= Counter([principal.account_id])
        self._hold(session)
        return session

    def _make(
        self,
        principal: Principal,
        version: str,
        *,
        one_stream: bool = False,
        id_: str | None = None,
    ) -> Session:
        return Session(
            owner=owner_of(principal),
            account_id=principal.account_id,
            version=version,
            clock=self._clock,
            numbers=self._numbers,
            one_stream=one_stream,
            id_=id_,
            replica=self._replica,
            keep_log_level=self._keep_log_level,
        )

    def _hold(self, session: Session) -> None:
        self._sessions[session.id] = session
        self._by_key[self._key(session)] = session
        loop = session.start(self._server, self._options)
        self._loops.add(loop)
        loop.add_done_callback(partial(self._ended, session))

    def _key(self, session: Session) -> str:
        return self._records.key(session.id).hex()

    def _make_room(self, account_id: str) -> None:
        """Drop the user's longest idle session when there are too many.

        Clients leave sessions behind; refusing new ones would lock their user out for half an hour.
        """
        theirs = [s for s in self._sessions.values() if s.account_id == account_id]
        if len(theirs) + self._starting[account_id] < self._limits.sessions_per_user:
            return
        idle = [session for session in theirs if not session.busy]
        if not idle:
            self._announce(LimitHit(limit="sessions_per_user", key=account_id))
            message = "Too many sessions are in use; close one or try again later."
            raise Refused(refusal(429, message, headers={"Retry-After": str(_RETRY_SECONDS)}))
        oldest = min(idle, key=lambda session: session.seen_at)
        if self._shared:  # another process may be using it, or this one again in a moment
            self.let_go(oldest)
        else:
            self.end(oldest)

    def held(self, id_: str, owner: str, *, one_stream: bool = False) -> Session | None:
        """Return the session if it is this owner's and goes on here, and note that it is in use."""
        session = self._sessions.get(id_)
        if session is None or session.owner != owner or session.one_stream is not one_stream:
            return None
        session.seen_at = self._clock()
        return session

    def of_key(self, key: str) -> Session | None:
        """Return the session that other processes know by this key, if it goes on here."""
        return self._by_key.get(key)

    async def find(self, id_: str, principal: Principal) -> Session:
        """Return the session of Streamable HTTP, rebuilt if need be.

        Raises:
            Refused: 404, there is none for this user, client and site.
            StorageUnavailable: Nobody can tell.
        """
        session = self.held(id_, owner_of(principal))
        if session is None and id_ not in self._sessions:
            session = await self._rebuild(id_, principal)
        if session is None:
            raise Refused(refusal(404, "Session not found"))
        return session

    async def _rebuild(self, id_: str, principal: Principal) -> Session | None:
        record = await self._records.get(id_)
        if (
            record is None
            or record.one_stream
            or record.owner != owner_of(principal)
            # What is noted of its use may lie back a quarter of that time.
            or self._clock() - record.last_seen_at >= self._limits.session_idle_seconds * 1.25
        ):
            return None
        if id_ not in self._sessions:
            self._make_room(principal.account_id)
            session = self._make(principal, record.protocol_version, id_=id_)
            session.noted_at = record.last_seen_at
            if record.log_level is not None:
                session.log_level = cast("LogLevel", record.log_level)
            self._hold(session)
            repeat(session, record, Exchange(principal=principal, choice=Choice()))
            log.info("session.rebuilt", began_at=record.replica)
            # It may have ended after it was read and before this process could be told so.
            if await self._records.get(id_) is None:
                self.let_go(session)
        return self.held(id_, record.owner)

    async def _keep_log_level(self, id_: str, level: LogLevel) -> None:
        try:
            await self._records.choose_log_level(id_, level)
        except StorageUnavailable:
            log.warning("session.log_level.not_stored")

    def end(self, session: Session) -> None:
        """End *session* everywhere; what still runs in it is cancelled."""
        if self.let_go(session):
            self._tasks.start(self._records.delete(session.id), name="forget session")

    async def delete(self, session: Session) -> None:
        """End *session* everywhere, at its client's wish: when this returns, it is forgotten."""
        await self._records.delete(session.id)
        self.let_go(session)

    def let_go(self, session: Session) -> bool:
        """End *session* in this process only; False if it had ended."""
        held = self._sessions.pop(session.id, None) is not None
        self._by_key.pop(self._key(session), None)
        session.end()
        return held

    def _ended(self, session: Session, loop: asyncio.Task[None]) -> None:
        self._loops.discard(loop)
        if not loop.cancelled() and (error := loop.exception()) is not None:
            log.error("session.failed", exc_info=error)
        if self._sessions.get(session.id) is session:
            self.end(session)

    def _ended_elsewhere(self, key: str) -> None:
        if (session := self._by_key.get(key)) is not None:
            self.let_go(session)

    def _log_level_chosen(self, payload: str) -> None:
        key, _, level = payload.partition(" ")
        if (session := self._by_key.get(key)) is not None:
            session.log_level = cast("LogLevel", level)

    def _look_again(self) -> None:
        self._tasks.start(self._recheck(), name="recheck sessions")

    async def _recheck(self) -> None:
        """Find out what happened to the sessions while this process could not be told."""
        held = list(self._sessions.values())
        levels = await self._records.log_levels([session.id for session in held])
        for session in held:
            if session.id not in levels:
                self.let_go(session)
            elif (level := levels[session.id]) is not None:
                session.log_level = cast("LogLevel", level)

    async def beat(self) -> None:
        """Drop old streams, let go of idle sessions, and note those that are in use."""
        now = self._clock()
        idle_seconds = self._limits.session_idle_seconds
        used: list[Session] = []
        for session in self:
            session.sweep()
            if session.busy:
                session.seen_at = now
            if now - session.seen_at >= idle_seconds:
                self.let_go(session)
                # Another process that uses it has noted so.
                forget = self._records.delete(session.id, unused_since=now - idle_seconds / 2)
                self._tasks.start(forget, name="forget session")
            elif session.noted_at < session.seen_at - idle_seconds / 4:
                used.append(session)
        await self._records.touch([session.id for session in used], now)
        for session in used:
            session.noted_at = now

    def wind_down(self) -> None:
        """Finish the streams that wait for nothing, now or as soon as they do; requests go on."""
        for session in self:
            session.wind_down()

    def cut(self) -> None:
        """Answer every request that still runs: the server stops before it was finished."""
        for session in self:
            session.cut()

    async def close(self) -> None:
        """Let go of every session and wait a little for the loops; those of HTTP+SSE are over."""
        for session in self:
            if session.one_stream:
                self.end(session)
            else:
                self.let_go(session)
        if self._loops:
            await asyncio.wait(self._loops, timeout=_LAST_SECONDS)
