"""The storage as one value: its parts, its health, its housekeeping."""

from collections.abc import Awaitable, Callable
from secrets import token_hex

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.audit import Audit
from telamon.storage.browser_sessions import BrowserSessions
from telamon.storage.clients import Clients
from telamon.storage.engine import Database
from telamon.storage.errors import StorageUnavailable
from telamon.storage.grants import Grants
from telamon.storage.keys import KeyRing
from telamon.storage.lookup import Lookup
from telamon.storage.mcp_sessions import McpSessions
from telamon.storage.mcp_streams import McpStreams
from telamon.storage.notifications import Notifications
from telamon.storage.purge import Retention, purge
from telamon.storage.rekey import rekey
from telamon.storage.replicas import Replicas
from telamon.storage.schema import probes
from telamon.storage.sealing import Sealer
from telamon.storage.tokens import Tokens
from telamon.storage.transactions import Transactions


class Storage:
    """What ``open_storage`` returns. Close it with :meth:`close`.

    Every coroutine of every part raises :class:`StorageUnavailable` when the database cannot be
    reached or written.
    """

    def __init__(
        self,
        database: Database,
        *,
        sealer: Sealer,
        lookup: Lookup,
        clock: Callable[[], float],
        retention: Retention,
        on_close: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._lookup = lookup
        self._clock = clock
        self._retention = retention
        self._on_close = on_close
        self.sealer = sealer
        self.clients = Clients(database, lookup)
        self.transactions = Transactions(database, lookup, sealer)
        self.notifications = Notifications(database)
        self.tokens = Tokens(database, lookup, sealer, self.notifications)
        self.grants = Grants(database, sealer)
        self.browser_sessions = BrowserSessions(database, lookup, sealer)
        self.mcp_sessions = McpSessions(database, lookup, self.notifications)
        # What lives for minutes needs no rotation of its key, and none of its own at rest.
        passing = Sealer(KeyRing({"root": lookup.derive("passing")}))
        self.mcp_streams = McpStreams(database, passing, self.notifications)
        self.replicas = Replicas(database, passing, self.notifications)
        self.audit = Audit(database)

    @property
    def shared(self) -> bool:
        """Whether several replicas may use this database: not if it is a SQLite file."""
        return not self._database.is_sqlite

    def derive(self, purpose: str) -> bytes:
        """A 32-byte sub-key for one *purpose* (CSRF, request state, ...).

        It is derived from the data root (see :class:`~.lookup.Lookup`): the same on every replica,
        and the same after the encryption keys are rotated.
        """
        return self._lookup.derive(f"use|{purpose}")

    async def check(self) -> None:
        """Prove that the database can be written and read.

        Raises:
            StorageUnavailable: it cannot.
        """
        name = token_hex(16)

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(insert(probes).values(id=name, at=self._clock()))
            found = await connection.execute(select(probes.c.id).where(probes.c.id == name))
            await connection.execute(delete(probes).where(probes.c.id == name))
            return found.scalar() == name

        if not await self._database.write(work, idempotent=True):
            raise StorageUnavailable("the database does not give back what was written")

    async def purge(self, now: float) -> dict[str, int]:
        """Delete what has had its time; how many rows by table. Safe on several replicas."""
        return await purge(self._database, self._retention, now)

    async def rekey(self, batch: int = 500) -> int:
        """Seal up to *batch* values anew under the first key; how many. Call it until it says 0.

        It may be interrupted and started again at any time, and the server may run meanwhile. Only
        after it has said 0 may the old key leave the ring; a ring without it is refused before.
        """
        return await rekey(self._database, self.sealer, batch)

    async def close(self) -> None:
        """Stop listening and close every connection."""
        await self.notifications.stop()
        await self.tokens.close()
        await self._database.close()
        await self._on_close()
