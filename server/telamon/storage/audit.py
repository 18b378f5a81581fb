"""The audit trail at rest."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database
from telamon.storage.records import AuditRecord
from telamon.storage.schema import audit


class Audit:
    """Audit records, written in batches, read by operators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, records: Sequence[AuditRecord]) -> None:
        """Store all *records*, or none. One that is already stored is left as it is."""
        if not records:
            return
        insert = self._database.insert(audit).on_conflict_do_nothing()
        rows = [
            {
                "id": record.id,
                "at": record.at,
                "type": record.type,
                "account_id": record.account_id,
                "client_id": record.client_id,
                "data": dict(record.data),
            }
            for record in records
        ]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert, rows)

        await self._database.write(work, idempotent=True)

    async def list(
        self,
        *,
        account_id: str | None = None,
        type: str | None = None,  # noqa: A002 - the record's own word
        limit: int = 100,
    ) -> Sequence[AuditRecord]:
        """The latest records that match, the newest first."""
        statement = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
        if account_id is not None:
            statement = statement.where(audit.c.account_id == account_id)
        if type is not None:
            statement = statement.where(audit.c.type == type)
        return tuple(
            AuditRecord(
                id=row.id,
                at=row.at,
                type=row.type,
                account_id=row.account_id,
                client_id=row.client_id,
                data=row.data,
            )
            for row in await self._database.rows(statement)
        )
