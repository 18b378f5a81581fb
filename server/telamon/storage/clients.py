"""OAuth clients at rest."""

import hmac
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from telamon.storage.engine import Database
from telamon.storage.lookup import Lookup
from telamon.storage.records import Client
from telamon.storage.schema import clients


class Clients:
    """Clients by id. A client's secret is stored as HMAC only (it is ours and random)."""

    def __init__(self, database: Database, lookup: Lookup) -> None:
        self._database = database
        self._lookup = lookup

    async def add(self, client: Client, *, secret: str | None = None) -> None:
        """Store *client*. A document or configured client of the same id is replaced.

        Of a replaced one the dates of creation and of first approval stay.

        Raises:
            ValueError: a dynamic client has this id.
        """
        insert = self._database.insert(clients).values(
            client_id=client.client_id,
            kind=client.kind,
            name=client.name,
            redirect_uris=client.redirect_uris,
            auth_method=client.auth_method,
            scopes=client.scopes,
            metadata=dict(client.metadata),
            secret_hash=None if secret is None else self._lookup.hash("client", secret),
            created_at=client.created_at,
            last_used_at=client.last_used_at,
            authorised_at=client.authorised_at,
            expires_at=client.expires_at,
        )
        kept = {"client_id", "created_at", "authorised_at"}
        changes: dict[str, Any] = {c.name: c for c in insert.excluded if c.name not in kept}
        changes["authorised_at"] = func.coalesce(
            clients.c.authorised_at, insert.excluded.authorised_at
        )
        statement = insert.on_conflict_do_update(
            index_elements=[clients.c.client_id],
            set_=changes,
            where=clients.c.kind != "dynamic",
        )
        if not await self._database.change(statement, idempotent=True):
            raise ValueError(f"a registered client already has the id {client.client_id!r}")

    async def get(self, client_id: str) -> Client | None:
        """The client of this id; any text may be asked for."""
        row = await self._row(client_id)
        return None if row is None else _client(row)

    async def secret_matches(self, client_id: str, secret: str) -> bool:
        """Whether *secret* is this client's, compared in constant time; False when it has none."""
        row = await self._row(client_id)
        stored = b"" if row is None or row.secret_hash is None else row.secret_hash
        return hmac.compare_digest(stored, self._lookup.hash("client", secret))

    async def mark_used(self, client_id: str, now: float, *, authorised: bool = False) -> None:
        """Note a use, and with *authorised* the first approval by a person."""
        changes: dict[str, Any] = {"last_used_at": now}
        if authorised:
            changes["authorised_at"] = func.coalesce(clients.c.authorised_at, now)
        statement = update(clients).where(clients.c.client_id == client_id).values(changes)
        await self._database.change(statement, idempotent=True)

    async def delete(self, client_id: str) -> bool:
        """Remove the client; False when there was none."""
        statement = delete(clients).where(clients.c.client_id == client_id)
        return await self._database.change(statement) > 0

    async def make_room(self, most: int) -> bool:
        """Tell whether another client fits among *most*; the oldest that nobody approved goes.

        Of whichever kind: neither registrations nor documents may be filled up to shut the other
        out.
        """
        if await self.count() < most:
            return True
        oldest = (
            select(clients.c.client_id)
            .where(clients.c.authorised_at.is_(None), clients.c.kind != "configured")
            .order_by(clients.c.created_at, clients.c.client_id)
            .limit(1)
            # Each of several at once takes another one. SQLite leaves this clause out.
            .with_for_update(skip_locked=True)
        )
        here = clients.c.client_id == oldest.scalar_subquery()
        statement = delete(clients).where(here, clients.c.authorised_at.is_(None))
        return await self._database.change(statement) > 0

    async def list(self, limit: int = 1000) -> Sequence[Client]:
        """The clients, the last used first."""
        order = (clients.c.last_used_at.desc(), clients.c.client_id)
        rows = await self._database.rows(select(clients).order_by(*order).limit(limit))
        return tuple(_client(row) for row in rows)

    async def count(self) -> int:
        """How many clients are stored."""
        row = await self._database.row(select(func.count()).select_from(clients))
        return 0 if row is None else row[0]

    async def _row(self, client_id: str) -> Row[Any] | None:
        # RFC 6749, appendix A.1: printable ASCII. PostgreSQL would choke on some of the rest.
        if not (client_id.isascii() and client_id.isprintable()):
            return None
        return await self._database.row(select(clients).where(clients.c.client_id == client_id))


def _client(row: Row[Any]) -> Client:
    return Client(
        client_id=row.client_id,
        kind=row.kind,
        name=row.name,
        redirect_uris=tuple(row.redirect_uris),
        auth_method=row.auth_method,
        scopes=tuple(row.scopes),
        metadata=row.metadata,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        authorised_at=row.authorised_at,
        expires_at=row.expires_at,
    )
