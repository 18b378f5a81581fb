"""Browser sessions at rest: hashed ids, sealed content, renewed and revoked on the server."""

import json
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database
from telamon.storage.lookup import Lookup
from telamon.storage.records import BrowserSession
from telamon.storage.schema import browser_sessions
from telamon.storage.sealing import Sealer

_TABLE: Final = browser_sessions.name


class BrowserSessions:
    """Sessions by id; the id stands in the cookie only, here is its HMAC."""

    def __init__(self, database: Database, lookup: Lookup, sealer: Sealer) -> None:
        self._database = database
        self._lookup = lookup
        self._sealer = sealer

    async def add(self, session: BrowserSession) -> None:
        """Store a new session."""
        await self._database.change(insert(browser_sessions).values(self._values(session)))

    async def get(self, session_id: str, now: float) -> BrowserSession | None:
        """The session of this id, unless it has expired."""
        here = browser_sessions.c.hash == self._key(session_id)
        alive = browser_sessions.c.expires_at > now
        row = await self._database.row(select(browser_sessions).where(here, alive))
        return None if row is None else self._session(row, session_id)

    async def save(self, session: BrowserSession) -> bool:
        """Store *session* with ``version + 1`` if its version is still the stored one."""
        statement = (
            update(browser_sessions)
            .where(browser_sessions.c.hash == self._key(session.id))
            .where(browser_sessions.c.version == session.version)
            .values(self._values(session) | {"version": session.version + 1})
        )
        return await self._database.change(statement) > 0

    async def renew(self, old_id: str, new: BrowserSession) -> None:
        """Replace a session by one with another id, as one transaction (session fixation)."""
        gone = delete(browser_sessions).where(browser_sessions.c.hash == self._key(old_id))

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(gone)
            await connection.execute(insert(browser_sessions).values(self._values(new)))

        await self._database.write(work)

    async def delete(self, session_id: str) -> bool:
        """Remove the session; False when there was none."""
        here = browser_sessions.c.hash == self._key(session_id)
        return await self._database.change(delete(browser_sessions).where(here)) > 0

    async def delete_of_account(self, account_id: str) -> int:
        """Remove all sessions of the account; how many there were."""
        here = browser_sessions.c.account_id == account_id
        return await self._database.change(delete(browser_sessions).where(here))

    async def keep_newest(self, account_id: str, keep: int) -> int:
        """Remove the account's oldest sessions beyond *keep*; how many."""
        newest_first = (
            select(browser_sessions.c.hash)
            .where(browser_sessions.c.account_id == account_id)
            .order_by(browser_sessions.c.created_at.desc(), browser_sessions.c.hash)
        )

        async def work(connection: AsyncConnection) -> int:
            surplus = (await connection.execute(newest_first)).scalars().all()[keep:]
            gone = delete(browser_sessions).where(browser_sessions.c.hash.in_(surplus))
            return (await connection.execute(gone)).rowcount

        return await self._database.write(work, idempotent=True)

    def _key(self, session_id: str) -> bytes:
        return self._lookup.hash("browser_session", session_id)

    def _values(self, session: BrowserSession) -> dict[str, Any]:
        key = self._key(session.id)
        text = json.dumps(dict(session.data), separators=(",", ":"))
        account = session.account_id or ""
        return {
            "hash": key,
            "account_id": session.account_id,
            "data": self._sealer.seal(
                text, table=_TABLE, row=key.hex(), account=account, column="data"
            ),
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
            "version": session.version,
        }

    def _session(self, row: Row[Any], id_: str) -> BrowserSession:
        account = row.account_id or ""
        text = self._sealer.open(
            row.data, table=_TABLE, row=row.hash.hex(), account=account, column="data"
        )
        return BrowserSession(
            id=id_,
            account_id=row.account_id,
            data=json.loads(text),
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            version=row.version,
        )
