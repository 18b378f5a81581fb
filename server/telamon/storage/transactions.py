"""Sign-ins under way at rest: one sealed row each, found by its id or by the upstream state."""

import json
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from telamon.storage.engine import Database
from telamon.storage.lookup import Lookup
from telamon.storage.records import Transaction
from telamon.storage.schema import transactions
from telamon.storage.sealing import Sealer

_TABLE: Final = transactions.name


class Transactions:
    """Transactions by id. Ids and upstream states are stored as HMAC, the rest is sealed.

    Every change is a compare-and-swap on ``version``: of two tabs only one goes on.
    """

    def __init__(self, database: Database, lookup: Lookup, sealer: Sealer) -> None:
        self._database = database
        self._lookup = lookup
        self._sealer = sealer

    async def add(self, transaction: Transaction) -> None:
        """Store a new transaction."""
        key = self._key(transaction.id)
        await self._database.change(
            insert(transactions).values(
                hash=key,
                version=transaction.version,
                client_id=transaction.client_id,
                data=self._sealed(transaction),
                created_at=transaction.created_at,
                expires_at=transaction.expires_at,
            )
        )

    async def get(self, transaction_id: str, now: float) -> Transaction | None:
        """The transaction of this id, unless it has expired."""
        return await self._first(transactions.c.hash == self._key(transaction_id), now)

    async def by_state(self, state: str, now: float) -> Transaction | None:
        """The transaction that waits for this upstream OAuth state, unless it has expired."""
        return await self._first(transactions.c.state_hash == self._state(state), now)

    async def save(self, transaction: Transaction, *, state: str | None = None) -> bool:
        """Store *transaction* with ``version + 1`` if its version is still the stored one.

        *state* is the upstream OAuth state to find it by, ``""`` removes that, ``None`` leaves it.
        """
        changes: dict[str, Any] = {
            "version": transaction.version + 1,
            "client_id": transaction.client_id,
            "data": self._sealed(transaction),
            "expires_at": transaction.expires_at,
        }
        if state is not None:
            changes["state_hash"] = self._state(state) if state else None
        here = self._at(transaction.id, transaction.version)
        return await self._database.change(update(transactions).where(here).values(changes)) > 0

    async def take(self, transaction_id: str, version: int) -> bool:
        """Remove it; True for exactly one caller."""
        return (
            await self._database.change(
                delete(transactions).where(self._at(transaction_id, version))
            )
            > 0
        )

    async def _first(self, here: ColumnElement[bool], now: float) -> Transaction | None:
        statement = select(transactions).where(here, transactions.c.expires_at > now)
        row = await self._database.row(statement)
        return None if row is None else self._transaction(row)

    def _at(self, transaction_id: str, version: int) -> ColumnElement[bool]:
        return (transactions.c.hash == self._key(transaction_id)) & (
            transactions.c.version == version
        )

    def _key(self, transaction_id: str) -> bytes:
        return self._lookup.hash("transaction", transaction_id)

    def _state(self, state: str) -> bytes:
        return self._lookup.hash("state", state)

    def _sealed(self, transaction: Transaction) -> bytes:
        # The id goes in too: by_state has only the state, and the row has only the hash.
        text = json.dumps([transaction.id, dict(transaction.data)], separators=(",", ":"))
        row = self._key(transaction.id).hex()
        return self._sealer.seal(text, table=_TABLE, row=row, account="", column="data")

    def _transaction(self, row: Row[Any]) -> Transaction:
        text = self._sealer.open(
            row.data, table=_TABLE, row=row.hash.hex(), account="", column="data"
        )
        id_, data = json.loads(text)
        return Transaction(
            id=id_,
            version=row.version,
            client_id=row.client_id,
            data=data,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
