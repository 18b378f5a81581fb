"""The replicas on one database: which of them live, and what one hands to another."""

import json
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, insert, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.plugin.api import Json
from telamon.storage.engine import Database
from telamon.storage.notifications import Notifications
from telamon.storage.records import Letter
from telamon.storage.schema import letters, list_changes, replicas
from telamon.storage.sealing import Sealer

BEAT_SECONDS: Final = 2.0
"""How often a replica says that it lives."""

DEAD_SECONDS: Final = 8.0
"""A replica that was silent for so long is taken for dead."""

LETTER: Final = "letter"
"""The topic that names a replica which a letter waits for."""

LISTS: Final = "list_changes"
"""The topic of kinds of lists that have changed, separated by spaces."""

_NOW: Final[ColumnElement[float]] = literal_column("extract(epoch FROM clock_timestamp())")


class Replicas:
    """Only for PostgreSQL: a SQLite file has one process."""

    def __init__(self, database: Database, sealer: Sealer, notifications: Notifications) -> None:
        self._database = database
        self._sealer = sealer
        self._notifications = notifications

    async def beat(self, replica: str) -> None:
        """Say that *replica* lives."""
        new = self._database.insert(replicas).values(id=replica, seen_at=_NOW)
        again = new.on_conflict_do_update(index_elements=["id"], set_={"seen_at": _NOW})
        await self._database.change(again, idempotent=True)

    async def leave(self, replica: str) -> None:
        """Say that *replica* has ended."""
        await self._database.change(delete(replicas).where(replicas.c.id == replica))

    async def lives(self, replica: str) -> bool:
        """Whether *replica* said so a moment ago."""
        lately = replicas.c.seen_at > _NOW - DEAD_SECONDS
        here = select(replicas.c.id).where(replicas.c.id == replica, lately)
        return await self._database.row(here) is not None

    async def send(
        self, replica: str, body: Mapping[str, Json], now: float, *, id_: str | None = None
    ) -> str:
        """Leave a letter for *replica* and tell it; its id.

        Whoever waits for its receipt names it beforehand: that may come before this returns.
        """
        id_ = id_ or new_letter()
        sealed = self._sealer.seal(json.dumps(body, separators=(",", ":")), **_cell(id_))
        new = insert(letters).values(id=id_, replica=replica, body=sealed, at=now)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(new)
            await self._notifications.enlist(connection, LETTER, replica)

        await self._database.write(work)
        return id_

    async def take(self, replica: str) -> Sequence[Letter]:
        """Take all letters for *replica*, oldest first: nobody gets one twice."""
        statement = (
            delete(letters)
            .where(letters.c.replica == replica)
            .returning(letters.c.id, letters.c.body, letters.c.at)
        )

        async def work(connection: AsyncConnection) -> Sequence[Any]:
            return (await connection.execute(statement)).all()

        rows = await self._database.write(work)
        return [
            Letter(id=row.id, body=json.loads(self._sealer.open(row.body, **_cell(row.id))))
            for row in sorted(rows, key=lambda row: row.at)
        ]

    async def withdraw(self, letter_id: str) -> bool:
        """Take a letter back; False when it was taken."""
        return await self._database.change(delete(letters).where(letters.c.id == letter_id)) > 0

    async def change_lists(self, kinds: Sequence[str]) -> None:
        """Count a change of each of these lists, and tell every replica."""
        payload = " ".join(kinds)
        if not self._database.is_sqlite:
            new = self._database.insert(list_changes).values(version=1)
            count = new.on_conflict_do_update(
                index_elements=["kind"], set_={"version": list_changes.c.version + 1}
            )

            async def work(connection: AsyncConnection) -> None:
                for kind in sorted(kinds):
                    await connection.execute(count.values(kind=kind))
                await self._notifications.enlist(connection, LISTS, payload)

            await self._database.write(work)
        self._notifications.deliver(LISTS, payload)

    async def list_versions(self) -> Mapping[str, int]:
        """How often each list has changed."""
        found = await self._database.rows(select(list_changes))
        return {row.kind: row.version for row in found}


def new_letter() -> str:
    """Return an id for a letter."""
    return token_hex(16)


def _cell(id_: str) -> dict[str, str]:
    return {"table": letters.name, "row": id_, "account": "", "column": "body"}
