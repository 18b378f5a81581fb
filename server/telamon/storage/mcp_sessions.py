"""MCP sessions at rest: who owns one, and what a replica needs to go on with it."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import ColumnElement, Delete, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database
from telamon.storage.lookup import Lookup
from telamon.storage.notifications import Notifications
from telamon.storage.records import McpSession
from telamon.storage.schema import mcp_events, mcp_sessions, mcp_streams

ENDED: Final = "mcp_session.ended"
"""The topic that names, by the key in hex, a session that is over."""

LOG_LEVEL: Final = "mcp_session.log_level"
"""The topic of ``<key in hex> <level>``: a client has chosen another log level."""

_PAGE: Final = 500


class McpSessions:
    """Sessions by id; the id is stored as HMAC, which is the session's *key*."""

    def __init__(self, database: Database, lookup: Lookup, notifications: Notifications) -> None:
        self._database = database
        self._lookup = lookup
        self._notifications = notifications

    def key(self, session_id: str) -> bytes:
        """Under which the session is stored; other processes may be told it."""
        return self._lookup.hash("mcp_session", session_id)

    async def add(self, session: McpSession, *, keep: int | None = None) -> None:
        """Store a new session; of its owner's others the longest unused beyond *keep* end."""
        new = insert(mcp_sessions).values(
            hash=self.key(session.id),
            owner=session.owner,
            protocol_version=session.protocol_version,
            initialize=dict(session.initialize),
            replica=session.replica,
            one_stream=int(session.one_stream),
            log_level=session.log_level,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
        )
        if keep is None:
            await self._database.change(new)
            return
        surplus = (
            select(mcp_sessions.c.hash)
            .where(mcp_sessions.c.owner == session.owner)
            .order_by(mcp_sessions.c.last_seen_at.desc(), mcp_sessions.c.hash)
        )

        async def work(connection: AsyncConnection) -> list[bytes]:
            await connection.execute(new)
            keys = (await connection.execute(surplus)).scalars().all()[keep:]
            return await self._delete(connection, delete(mcp_sessions).where(_among(keys)))

        self._tell_ended(await self._database.write(work))

    async def get(self, session_id: str) -> McpSession | None:
        """The session of this id."""
        here = mcp_sessions.c.hash == self.key(session_id)
        row = await self._database.row(select(mcp_sessions).where(here))
        if row is None:
            return None
        return McpSession(
            id=session_id,
            owner=row.owner,
            protocol_version=row.protocol_version,
            initialize=row.initialize,
            replica=row.replica,
            one_stream=bool(row.one_stream),
            log_level=row.log_level,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
        )

    async def touch(self, ids: Collection[str], now: float) -> None:
        """Note that these sessions are in use."""
        if not ids:
            return
        # Sorted: two replicas that touch the same rows then lock them in the same order.
        keys = sorted(self.key(id_) for id_ in ids)
        statement = update(mcp_sessions).where(_among(keys)).values(last_seen_at=now)
        await self._database.change(statement, idempotent=True)

    async def log_levels(self, ids: Collection[str]) -> Mapping[str, str | None]:
        """Those of these sessions that still exist, with the log level chosen for each."""
        names = {self.key(id_): id_ for id_ in ids}
        keys, found = list(names), dict[str, str | None]()
        for start in range(0, len(keys), _PAGE):
            wanted = _among(keys[start : start + _PAGE])
            columns = select(mcp_sessions.c.hash, mcp_sessions.c.log_level).where(wanted)
            for row in await self._database.rows(columns):
                found[names[row.hash]] = row.log_level
        return found

    async def choose_log_level(self, session_id: str, level: str) -> None:
        """Store the log level that the client chose, and tell the other replicas."""
        key = self.key(session_id)
        statement = update(mcp_sessions).where(mcp_sessions.c.hash == key).values(log_level=level)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)
            await self._notifications.enlist(connection, LOG_LEVEL, f"{key.hex()} {level}")

        await self._database.write(work, idempotent=True)

    async def delete(self, session_id: str, *, unused_since: float | None = None) -> bool:
        """Remove the session, everywhere; False when there was none.

        With *unused_since* only if it was not touched after that.
        """
        statement = delete(mcp_sessions).where(mcp_sessions.c.hash == self.key(session_id))
        if unused_since is not None:
            statement = statement.where(mcp_sessions.c.last_seen_at < unused_since)

        async def work(connection: AsyncConnection) -> list[bytes]:
            return await self._delete(connection, statement)

        gone = await self._database.write(work, idempotent=True)
        self._tell_ended(gone)
        return bool(gone)

    async def _delete(self, connection: AsyncConnection, statement: Delete) -> list[bytes]:
        """Delete sessions with all that hangs on them; their keys."""
        found = await connection.execute(statement.returning(mcp_sessions.c.hash))
        keys = list(found.scalars())
        if keys and not self._database.is_sqlite:  # which has neither streams nor listeners
            await connection.execute(delete(mcp_events).where(mcp_events.c.session.in_(keys)))
            await connection.execute(delete(mcp_streams).where(mcp_streams.c.session.in_(keys)))
            for key in keys:
                await self._notifications.enlist(connection, ENDED, key.hex())
        return keys

    def _tell_ended(self, keys: Collection[bytes]) -> None:
        for key in keys:
            self._notifications.deliver(ENDED, key.hex())


def _among(keys: Collection[bytes]) -> ColumnElement[bool]:
    return mcp_sessions.c.hash.in_(keys)
