"""MCP sessions at rest: who owns one, and which replica holds its streams."""

from collections.abc import Collection

from sqlalchemy import delete, insert, select, update

from telamon.storage.engine import Database
from telamon.storage.lookup import Lookup
from telamon.storage.records import McpSession
from telamon.storage.schema import mcp_sessions


class McpSessions:
    """Sessions by id; the id is stored as HMAC."""

    def __init__(self, database: Database, lookup: Lookup) -> None:
        self._database = database
        self._lookup = lookup

    async def add(self, session: McpSession) -> None:
        """Store a new session."""
        await self._database.change(
            insert(mcp_sessions).values(
                hash=self._key(session.id),
                owner=session.owner,
                protocol_version=session.protocol_version,
                initialize=dict(session.initialize),
                replica=session.replica,
                created_at=session.created_at,
                last_seen_at=session.last_seen_at,
            )
        )

    async def get(self, session_id: str) -> McpSession | None:
        """The session of this id."""
        here = mcp_sessions.c.hash == self._key(session_id)
        row = await self._database.row(select(mcp_sessions).where(here))
        if row is None:
            return None
        return McpSession(
            id=session_id,
            owner=row.owner,
            protocol_version=row.protocol_version,
            initialize=row.initialize,
            replica=row.replica,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
        )

    async def touch(self, ids: Collection[str], now: float) -> None:
        """Note that these sessions are in use."""
        if not ids:
            return
        # Sorted: two replicas that touch the same rows then lock them in the same order.
        keys = sorted(self._key(id_) for id_ in ids)
        statement = (
            update(mcp_sessions).where(mcp_sessions.c.hash.in_(keys)).values(last_seen_at=now)
        )
        await self._database.change(statement, idempotent=True)

    async def delete(self, session_id: str) -> bool:
        """Remove the session; False when there was none."""
        here = mcp_sessions.c.hash == self._key(session_id)
        return await self._database.change(delete(mcp_sessions).where(here)) > 0

    def _key(self, session_id: str) -> bytes:
        return self._lookup.hash("mcp_session", session_id)
